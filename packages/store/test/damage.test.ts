/** Whatever happens to the bytes of a record is found, and nothing else suffers. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import {
  EncryptedStore,
  FileStore,
  MemoryStore,
  type RecordKind,
  SqliteStore,
  type StoreWithBackend,
} from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { failsWith } from './support/assert.js';
import { KEY } from './support/backends.js';
import { putRecord } from './support/records.js';
import { bareStores, freshPath } from './support/stores.js';

const encrypted = (store: StoreWithBackend, encryptionKey = KEY) =>
  new EncryptedStore({ store, encryptionKey });

/** Writes bytes over a record, past everything that looks at them. */
async function overwrite(
  store: StoreWithBackend,
  kind: RecordKind,
  id: string,
  bytes: Uint8Array,
): Promise<void> {
  const found = await store.backend.get(kind, id);
  assert.equal(await putRecord(store.backend, { kind, id, bytes }, found?.version), true);
}

async function bytesOf(store: StoreWithBackend, kind: RecordKind, id: string): Promise<Uint8Array> {
  const found = await store.backend.get(kind, id);
  assert.ok(found);
  return Uint8Array.from(found.bytes);
}

/** The one file of a FileStore with one covenant. */
function fileOf(folder: string): string {
  const [shard] = readdirSync(join(folder, 'covenants'));
  const [name] = readdirSync(join(folder, 'covenants', shard as string));
  return join(folder, 'covenants', shard as string, name as string);
}

/** The same 1,000 flips in every run: bits spread evenly over the record. */
const flips = (bytes: Uint8Array): [number, number][] =>
  Array.from({ length: 1000 }, (_, n) => [Math.floor((n * bytes.length) / 1000), n % 8]);

describe.each([
  ['encrypted', (store: StoreWithBackend) => encrypted(store)],
  ['bare', (store: StoreWithBackend) => store],
] as const)('a damaged record of a store that is %s', (_, wrap) => {
  it('is found at every length of a truncated file', async () => {
    const folder = freshPath();
    const inner = new FileStore(folder);
    const store = wrap(inner);
    const covenant = await sampleCovenant();
    await store.put(covenant);
    const file = fileOf(folder);
    const whole = readFileSync(file);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      await failsWith('record_corrupt', () => store.get(covenant.id));
    }
    writeFileSync(file, Buffer.concat([whole, Buffer.of(0x20)]));
    await failsWith('record_corrupt', () => store.get(covenant.id));
    writeFileSync(file, Buffer.alloc(2 * 1024 * 1024));
    assert.equal((await failsWith('record_corrupt', () => store.get(covenant.id))).id, covenant.id);
    writeFileSync(file, whole);
    assert.deepEqual(await store.get(covenant.id), covenant);
  });

  it('is found for 1,000 flipped bits of a file', async () => {
    const folder = freshPath();
    const inner = new FileStore(folder);
    const store = wrap(inner);
    const covenant = await sampleCovenant();
    await store.put(covenant);
    const whole = readFileSync(fileOf(folder));
    const file = openSync(fileOf(folder), 'r+');
    for (const [at, bit] of flips(whole)) {
      writeSync(file, Uint8Array.of((whole[at] as number) ^ (1 << bit)), 0, 1, at);
      await failsWith('record_corrupt', () => store.get(covenant.id));
      writeSync(file, whole.subarray(at, at + 1), 0, 1, at);
    }
    closeSync(file);
    assert.deepEqual(await store.get(covenant.id), covenant);
  });

  it.skipIf(!haveSqlite)(
    'is found for truncated and flipped bytes in a database',
    async () => {
      const inner = new SqliteStore(freshPath());
      const store = wrap(inner);
      const covenant = await sampleCovenant();
      await store.put(covenant);
      const whole = await bytesOf(inner, 'covenant', covenant.id);
      for (let length = 0; length < whole.length; length += 7) {
        await overwrite(inner, 'covenant', covenant.id, whole.subarray(0, length));
        await failsWith('record_corrupt', () => store.get(covenant.id));
      }
      for (const [at, bit] of flips(whole)) {
        const flipped = Uint8Array.from(whole);
        flipped[at] = (whole[at] as number) ^ (1 << bit);
        await overwrite(inner, 'covenant', covenant.id, flipped);
        await failsWith('record_corrupt', () => store.get(covenant.id));
      }
      await store.close();
    },
    60_000,
  );

  it('is found when it is another covenant’s, or of another kind', async () => {
    const inner = new MemoryStore();
    const store = wrap(inner);
    const [one, two] = [await sampleCovenant(), await sampleCovenant()];
    const revocation = await sampleRevocation(one);
    await store.put(one);
    await store.put(two);
    await store.putRevocation(revocation);
    const [record] = await inner.backend.list('revocation', { limit: 1 });
    assert.ok(record?.bytes);
    await overwrite(inner, 'covenant', two.id, await bytesOf(inner, 'covenant', one.id));
    await failsWith('record_corrupt', () => store.get(two.id));
    await overwrite(inner, 'covenant', two.id, record.bytes);
    await failsWith('record_corrupt', () => store.get(two.id));
    await overwrite(inner, 'revocation', record.id, await bytesOf(inner, 'covenant', one.id));
    await failsWith('record_corrupt', () => store.getRevocations(one.id));
    assert.deepEqual(await store.get(one.id), one);
  });

  it('stops list, iterate and a filtered count, and is named', async () => {
    const inner = new MemoryStore();
    const store = wrap(inner);
    const covenants = await sampleCovenants(5);
    for (const covenant of covenants) await store.put(covenant);
    const bad = covenants.map(({ id }) => id).sort()[2] as string;
    await overwrite(inner, 'covenant', bad, new Uint8Array(100));
    assert.equal((await failsWith('record_corrupt', () => store.list())).id, bad);
    assert.equal((await failsWith('record_corrupt', () => collect(store.iterate()))).id, bad);
    await failsWith('record_corrupt', () => store.count({ createdAfter: new Date(0) }));
    assert.equal(await store.count(), 5);
    assert.equal(await store.has(bad), true);
  });

  it('is not overwritten by a put, and can be deleted', async () => {
    const inner = new MemoryStore();
    const store = wrap(inner);
    const covenant = await sampleCovenant();
    await store.put(covenant);
    await overwrite(inner, 'covenant', covenant.id, new Uint8Array(100));
    await failsWith('record_corrupt', () => store.put(covenant));
    assert.equal(await store.delete(covenant.id), true);
    await store.put(covenant);
    assert.deepEqual(await store.get(covenant.id), covenant);
  });

  it('makes the revocations of its covenant unreadable, not absent', async () => {
    const inner = new MemoryStore();
    const store = wrap(inner);
    const covenant = await sampleCovenant();
    const revocations = [await sampleRevocation(covenant, 'one'), await sampleRevocation(covenant, 'two')];
    for (const revocation of revocations) await store.putRevocation(revocation);
    const [record] = await inner.backend.list('revocation', { limit: 1 });
    assert.ok(record?.bytes);
    for (const bytes of [
      new Uint8Array(),
      record.bytes.subarray(1),
      record.bytes.map((byte, i) => byte ^ Number(i === 99)),
    ]) {
      await overwrite(inner, 'revocation', record.id, bytes);
      await failsWith('record_corrupt', () => store.getRevocations(covenant.id));
    }
    // Putting it again does not pretend to have stored what is still damaged.
    const results = await Promise.allSettled(
      revocations.map((revocation) => store.putRevocation(revocation)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('an encrypted store', () => {
  it('never reads what was planted in clear', async () => {
    const inner = new MemoryStore();
    const covenant = await sampleCovenant();
    const revocation = await sampleRevocation(covenant);
    await inner.put(covenant);
    await inner.putRevocation(revocation);
    const store = encrypted(inner);
    await failsWith('record_corrupt', () => store.get(covenant.id));
    await failsWith('record_corrupt', () => store.list());
    await failsWith('record_corrupt', () => store.put(covenant));
    await failsWith('record_corrupt', () => store.getRevocations(covenant.id));
    await failsWith('record_corrupt', () => store.putRevocation(revocation));
  });

  it.each(bareStores)(
    'over %s reads nothing under another key, and says which key it was',
    async (_, make) => {
      const inner = make();
      const covenant = await sampleCovenant();
      const right = encrypted(inner);
      const wrong = encrypted(
        inner,
        KEY.map((byte) => byte ^ 1),
      );
      await right.put(covenant);
      const error = await failsWith('record_corrupt', () => wrong.get(covenant.id));
      assert.ok(error.hint?.includes(right.keyId) && error.hint.includes(wrong.keyId));
      await failsWith('record_corrupt', () => wrong.put(covenant));
      await failsWith('record_corrupt', () => wrong.list());
      assert.deepEqual(await right.get(covenant.id), covenant);
      await right.close();
    },
  );

  it('reads nothing that was sealed under its key id with another key', async () => {
    const inner = new MemoryStore();
    const covenant = await sampleCovenant();
    const right = encrypted(inner);
    const wrong = encrypted(
      inner,
      KEY.map((byte) => byte ^ 1),
    );
    await wrong.put(covenant);
    const sealed = await bytesOf(inner, 'covenant', covenant.id);
    sealed.set(new TextEncoder().encode(right.keyId), 'stele-sealed/1 '.length);
    await overwrite(inner, 'covenant', covenant.id, sealed);
    await failsWith('record_corrupt', () => right.get(covenant.id));
  });
});
