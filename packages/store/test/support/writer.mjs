// Puts covenants until it is killed; says each id when, and only when, the store has acknowledged it.
// Usage: node writer.mjs <file|sqlite> <path> [how many]
import { writeSync } from 'node:fs';
import { buildCovenant } from '@stele/core';
import { generateKeyPair } from '@stele/crypto';
import { EncryptedStore, FileStore, SqliteStore } from '@stele/store';

const [kind, path, count = '1000000'] = process.argv.slice(2);
const inner = kind === 'file' ? new FileStore(path) : new SqliteStore(path);
const store = new EncryptedStore({
  store: inner,
  encryptionKey: Uint8Array.from({ length: 32 }, (_, i) => i),
});
const signer = await generateKeyPair();
for (let n = 0; n < Number(count); n++) {
  const covenant = await buildCovenant({
    beneficiary: { id: signer.did },
    constraints: "permit a on '/**'",
    signer,
  });
  await store.put(covenant);
  writeSync(1, `${covenant.id}\n`);
}
await store.close();
