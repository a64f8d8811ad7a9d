// Waits for a message, then charges one limit until it is refused or killed; says each charge when, and only when, it has been acknowledged.
// Usage: node remote-charger.mjs <postgres|redis> <url> <schema or prefix> <amount> <cost>
import { writeSync } from 'node:fs';
import { PostgresLimits } from '@stele/store/postgres';
import { RedisLimits } from '@stele/store/redis';

const [kind, url, place, amount, cost] = process.argv.slice(2);
const timeoutMs = 60_000;
const limits =
  kind === 'postgres'
    ? new PostgresLimits(url, { schema: place, timeoutMs, maxConnections: 2 })
    : new RedisLimits(url, { prefix: place, timeoutMs });
const charge = { key: 'shared', amount: Number(amount), cost: Number(cost), periodMs: 86_400_000 };
await new Promise((resolve) => process.once('message', resolve));
for (let n = 0; ; n++) {
  const answer = await limits.reserve([charge]);
  if (!answer.ok) break;
  // Some are given back and do not count, some are left open, though in all fewer than limits hold, the others are committed.
  if (n % 8 === 1) await limits.release(answer.id);
  else writeSync(1, 'x');
  if (n % 8 !== 1 && n % 64 !== 3) await limits.commit(answer.id);
}
await limits.close();
process.disconnect();
