/** Encrypted stores of the built package as browsers have it, where every cipher answers by a promise. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { EncryptedStore, MemoryStore, type RecordKind } from '../src/index.js';
import { sampleCovenants } from '../src/lib/contract/samples.js';
import { KEY } from './support/backends.js';
import { OWN, plant, sealedBytes } from './support/encrypted.js';

const COUNT = 12;
const folder = fileURLToPath(new URL('..', import.meta.url));

/** A record as it is handed from one to the other. */
type Handed = [kind: RecordKind, id: string, hex: string];

const SCRIPT = `
  import { readFileSync } from 'node:fs';
  import { EncryptedStore, MemoryStore } from '@stele/store';
  const { key, records, covenants } = JSON.parse(readFileSync(0, 'utf8'));
  const encryptionKey = Uint8Array.from(key);
  const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (byte) => parseInt(byte, 16));
  const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const kept = new MemoryStore();
  for (const [kind, id, hex] of records) {
    const next = { bytes: bytesOf(hex), tokens: [] };
    await kept.backend.write([{ kind, id, expected: undefined, next }]);
  }
  const reader = new EncryptedStore({ store: kept, encryptionKey });
  const read = [];
  // Twice: before the key is at hand, and afterwards.
  for (let n = 0; n < 2; n++) {
    const got = await Promise.allSettled(covenants.map(({ id }) => reader.get(id)));
    read.push(got.map(({ value, reason }) => (reason === undefined ? value : reason.code)));
  }
  const store = new MemoryStore();
  const writer = new EncryptedStore({ store, encryptionKey });
  await Promise.all(covenants.map((covenant) => writer.put(covenant)));
  const written = [];
  for (const [kind, id] of records) written.push([kind, id, hexOf((await store.backend.get(kind, id)).bytes)]);
  console.log(JSON.stringify({ read, written }));
`;

describe('an encrypted store in a browser', () => {
  it('opens what Node sealed, says what is damaged, and seals what Node opens', async () => {
    const covenants = await sampleCovenants(COUNT);
    const store = new MemoryStore();
    const writer = new EncryptedStore({ store, encryptionKey: KEY });
    for (const covenant of covenants) await writer.put(covenant);
    const isDamaged = (n: number) => n % 3 === 1;
    const records: Handed[] = [['revocation', OWN, '']];
    for (const { id } of covenants) records.push(['covenant', id, '']);
    for (const [n, record] of records.entries()) {
      const bytes = await sealedBytes(store, record[0], record[1]);
      // In the key's name, the salt, the commitment, the text and the tag.
      const at = [20, 40, 70, 200, bytes.length - 1][n % 5] as number;
      if (n > 0 && isDamaged(n - 1)) bytes[at] = (bytes[at] as number) ^ 1;
      record[2] = Buffer.from(bytes).toString('hex');
    }
    const input = JSON.stringify({ key: [...KEY], records, covenants });
    const options = ['--conditions=browser', '--input-type=module', '-e', SCRIPT];
    const { status, stdout, stderr } = spawnSync(process.execPath, options, {
      cwd: folder,
      input,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const { read, written } = JSON.parse(stdout) as { read: unknown[][]; written: Handed[] };
    const right = covenants.map((covenant, n) => (isDamaged(n) ? 'record_corrupt' : covenant));
    assert.deepEqual(read, JSON.parse(JSON.stringify([right, right])));

    const kept = new MemoryStore();
    for (const [kind, id, hex] of written)
      await plant(kept, kind, id, new Uint8Array(Buffer.from(hex, 'hex')));
    const reader = new EncryptedStore({ store: kept, encryptionKey: KEY });
    for (const covenant of covenants) assert.deepEqual(await reader.get(covenant.id), covenant);
  });
});
