// Waits for a message, then charges one limit until it is refused or killed; says each charge when, and only when, it has been acknowledged.
// Usage: node charger.mjs <path> <amount> <periodMs> <cost> <commit|keep>
import { writeSync } from 'node:fs';
import { SqliteLimits } from '@stele/store';

const [path, amount, periodMs, cost, mode] = process.argv.slice(2);
const limits = new SqliteLimits(path);
const charge = { key: 'shared', amount: Number(amount), periodMs: Number(periodMs), cost: Number(cost) };
await new Promise((resolve) => process.once('message', resolve));
for (;;) {
  const answer = await limits.reserve([charge]);
  if (!answer.ok) break;
  if (mode === 'commit') await limits.commit(answer.id);
  writeSync(1, `${answer.id}\n`);
}
await limits.close();
process.disconnect();
