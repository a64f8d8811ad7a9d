// Puts, deletes and puts batches until it is killed; says what it is about to do, and again when it is acknowledged.
// Usage: node loader.mjs <file|sqlite> <path>, or postgres <url> <schema>
// A line: "? + id" before a put, "! + id" after it; "- id" for a delete, "+ id id id" for a batch.
import { writeSync } from 'node:fs';
import { buildCovenant } from '@stele/core';
import { generateKeyPair } from '@stele/crypto';
import { FileStore, SqliteStore } from '@stele/store';
import { PostgresStore } from '@stele/store/postgres';

const [kind, path, schema] = process.argv.slice(2);
const STORES = {
  file: () => new FileStore(path),
  sqlite: () => new SqliteStore(path),
  postgres: () => new PostgresStore(path, { schema, timeoutMs: 60_000 }),
};
const store = STORES[kind]();
const signer = await generateKeyPair();
const beneficiary = { id: signer.did };
const covenants = (count) =>
  Promise.all(
    Array.from({ length: count }, () =>
      buildCovenant({ beneficiary, constraints: "permit a on '/**'", signer }),
    ),
  );

async function step(sign, ids, run) {
  writeSync(1, `? ${sign} ${ids.join(' ')}\n`);
  await run();
  writeSync(1, `! ${sign} ${ids.join(' ')}\n`);
}

for (;;) {
  const [one, ...batch] = await covenants(4);
  const ids = batch.map(({ id }) => id);
  await step('+', [one.id], () => store.put(one));
  await step('+', ids, () => store.putBatch(batch));
  await step('-', [one.id], () => store.delete(one.id));
  await step('-', ids.slice(1), () => store.deleteBatch(ids.slice(1)));
}
