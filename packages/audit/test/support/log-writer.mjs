// Opens a log, waits for a message, and then appends permits and their outcomes by so many callers at once until it is killed or has
// appended so many; says each receipt when, and only when, it has been acknowledged. It runs the built package.
// Usage: node log-writer.mjs <sqlite|postgres> <path|url> <schema> <key> <callers> <count>
import { writeSync } from 'node:fs';
import { AuditLog, SqliteLogBackend } from '@stele/audit';
import { PostgresLogBackend } from '@stele/audit/postgres';
import { keyPairFromPrivateKey } from '@stele/crypto';

const [kind, place, schema, key, callers, count] = process.argv.slice(2);
const signer = await keyPairFromPrivateKey(Buffer.from(key, 'hex'));
const backend =
  kind === 'sqlite'
    ? new SqliteLogBackend(place)
    : new PostgresLogBackend(place, { schema, timeoutMs: 60_000, maxConnections: 3 });
const log = await AuditLog.open(backend, { signer, origin: 'example.org/log', checkpointIntervalMs: 50 });
process.send('open');
await new Promise((resolve) => process.once('message', resolve));

const time = '2026-11-30T08:00:00.000Z';
const covenant = `urn:stele:covenant:${'c'.repeat(64)}`;
const permit = {
  ...{ v: 1, kind: 'decision', time, mode: 'enforce', covenant, chain: [covenant], policy: 'b'.repeat(64) },
  ...{ agent: 'did:key:z6MkAnna', action: 'invoices.pay', resource: '/invoices/7', context: null },
  ...{ decision: 'permit', code: 'permitted', statements: [3], obligations: [] },
};
let left = Number(count);
const append = async (entry) => {
  const { index, leafHash } = await log.append(entry);
  writeSync(1, `${index} ${leafHash}\n`);
  return index;
};
const call = async () => {
  while (left > 0) {
    left -= 2;
    const of = await append(permit);
    await append({ v: 1, kind: 'outcome', time, of, outcome: 'done' });
  }
};
await Promise.all(Array.from({ length: Number(callers) }, call));
await log.close();
process.disconnect();
