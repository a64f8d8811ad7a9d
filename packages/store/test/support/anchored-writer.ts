/**
 * Puts covenants into an anchored store, and says the id of each when it is there.
 * Usage: node anchored-writer.mjs <file|sqlite> <store> <anchor> <key, hex> <how many>
 */
import { writeSync } from 'node:fs';
import { EncryptedStore, FileAnchor, FileStore, SqliteStore } from '../../src/index.js';
import { sampleCovenant } from '../../src/lib/contract/samples.js';

const [medium, path = '', anchorPath = '', key = '', count = '1'] = process.argv.slice(2);
const store = new EncryptedStore({
  store: medium === 'file' ? new FileStore(path) : new SqliteStore(path),
  encryptionKey: Buffer.from(key, 'hex'),
  anchor: new FileAnchor(anchorPath),
});
for (let n = 0; n < Number(count); n++) {
  const covenant = await sampleCovenant();
  await store.put(covenant);
  writeSync(1, `${covenant.id}\n`);
}
await store.close();
