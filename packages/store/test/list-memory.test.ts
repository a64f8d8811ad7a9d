/** What a walk through a whole store keeps in memory. `STELE_LIST_DOCUMENTS` says of how many, 2,000 when not given. */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { buildCovenant } from '@stele/core';
import { generateKeyPair } from '@stele/crypto';
import { afterAll, describe, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { EncryptedStore, FileStore, SqliteStore, type StoreWithBackend } from '../src/index.js';
import { covenantContent } from '../src/lib/documents.js';
import type { RecordBackend } from '../src/record-backend.js';
import { KEY } from './support/backends.js';
import { withoutSyncs } from './support/faulty-fs.js';
import { freshFolder } from './support/folders.js';
import { freshPath } from './support/stores.js';

const COUNT = Number(process.env.STELE_LIST_DOCUMENTS ?? 2000);
/** A folder in memory has no room for a million files. */
const FILES = Math.min(COUNT, 20_000);
const BATCH = 100;
const signer = await generateKeyPair();

afterAll(withoutSyncs());
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The least of several looks: what one collection has found to be garbage may be freed, on another thread, only before the next. */
function inUse(): number {
  const looks = Array.from({ length: 4 }, () => {
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  });
  return Math.min(...looks);
}

/** Past the checks of `put`, which a walk does not repeat. */
async function fill(backend: RecordBackend, count: number): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    const covenants = await Promise.all(
      Array.from({ length: BATCH }, () =>
        buildCovenant({ beneficiary: { id: 'urn:x:bot' }, constraints: "permit a on '/**'", signer }),
      ),
    );
    const changes = covenants.map((covenant) => ({
      kind: 'covenant' as const,
      id: covenant.id,
      expected: undefined,
      next: covenantContent(covenant),
    }));
    assert.equal(await backend.write(changes), true);
  }
}

const kinds: [string, boolean, number, () => StoreWithBackend][] = [
  ['FileStore', true, FILES, () => new FileStore(freshFolder())],
  ['SqliteStore (needs SQLite)', haveSqlite, COUNT, () => new SqliteStore(freshPath())],
  [
    'EncryptedStore over it (needs SQLite)',
    haveSqlite,
    COUNT,
    () => new EncryptedStore({ store: new SqliteStore(freshPath()), encryptionKey: KEY }),
  ],
];

describe.each(kinds)('a walk through a %s', (_, have, count, open) => {
  it.skipIf(!have)(
    'keeps no more of the last document than of the first',
    async () => {
      const store = open();
      await fill(store.backend, count);
      const [early, late] = [Math.floor(count / 4), count];
      const used: number[] = [];
      let met = 0;
      for await (const { id } of store.iterate()) {
        assert.ok(id);
        met += 1;
        if (met === early || met === late) used.push(inUse());
      }
      assert.equal(met, count);
      const [before, after] = used as [number, number];
      // A document is more than a thousand bytes: if the walk kept them, this would be twice as much, and of many ten times.
      const allowed = 750_000 + 100 * (late - early);
      assert.ok(after - before < allowed, `${after - before} bytes more, after ${late - early} documents`);
      await store.close();
    },
    60_000 + 10 * COUNT,
  );
});
