// Puts covenants until it is killed; says each id when, and only when, the store has acknowledged it.
// Usage: node remote-writer.mjs <postgres|redis> <url> <schema or prefix>
import { writeSync } from 'node:fs';
import { buildCovenant } from '@stele/core';
import { generateKeyPair } from '@stele/crypto';
import { EncryptedStore } from '@stele/store';
import { PostgresStore } from '@stele/store/postgres';
import { RedisStore } from '@stele/store/redis';

const [kind, url, place] = process.argv.slice(2);
const timeoutMs = 60_000;
const store = new EncryptedStore({
  store:
    kind === 'postgres'
      ? new PostgresStore(url, { schema: place, timeoutMs })
      : new RedisStore(url, { prefix: place, timeoutMs }),
  encryptionKey: Uint8Array.from({ length: 32 }, (_, i) => i),
});
const signer = await generateKeyPair();
for (;;) {
  const covenant = await buildCovenant({
    beneficiary: { id: signer.did },
    constraints: "permit a on '/**'",
    signer,
  });
  await store.put(covenant);
  writeSync(1, `${covenant.id}\n`);
}
