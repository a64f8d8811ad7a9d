/** Where the keys of an encrypted store come from. */
import assert from 'node:assert/strict';
import { type KeyRing, MemoryKeyRing, rawKeySealer, type Sealer, toBase64Url } from '@stele/crypto';
import { kmsSealer } from '@stele/crypto/kms';
import { FileKeyRing } from '@stele/crypto/node';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { encryptionKeyId, rawKeys, SealedKeys, type SealedKeysOptions, StoreError } from '../src/index.js';
import { Keys } from '../src/lib/encrypted-keys.js';
import { failsWith } from './support/assert.js';
import { KEY, temporaryFolder } from './support/backends.js';
import { LocalKms } from './support/kms.js';

const otherKey = (n: number) => KEY.map((byte) => byte ^ n);
const sealer = rawKeySealer(otherKey(99));
const sealedKeys = (options: Partial<SealedKeysOptions> = {}) =>
  new SealedKeys({ ring: new MemoryKeyRing(), sealer, ...options });

describe('encryptionKeyId', () => {
  it('names keys apart, and the same key the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        assert.match(encryptionKeyId(key), /^[0-9a-f]{16}$/);
        assert.equal(encryptionKeyId(key), encryptionKeyId(Uint8Array.from(key)));
        assert.notEqual(
          encryptionKeyId(key),
          encryptionKeyId(key.map((byte, i) => (i === 31 ? byte ^ 1 : byte))),
        );
      }),
    );
  });

  it.each([undefined, null, 'x'.repeat(32), Array(32).fill(0), new Uint16Array(32)])('refuses %o', (key) => {
    assert.throws(() => encryptionKeyId(key as unknown as Uint8Array), TypeError);
  });

  it.each([0, 16, 31, 33, 64])('refuses %i bytes', (length) => {
    assert.throws(() => encryptionKeyId(new Uint8Array(length)), RangeError);
  });
});

describe('rawKeys', () => {
  it('names the current key first, and copies all of them', async () => {
    const [one, two] = [otherKey(1), otherKey(2)];
    const keys = rawKeys(one, two);
    const ids = [encryptionKeyId(one), encryptionKeyId(two)];
    one.fill(0);
    assert.deepEqual(await keys.ids(), ids);
    assert.deepEqual(await keys.key(ids[0] as string), otherKey(1));
    assert.equal(await keys.key(encryptionKeyId(KEY)), undefined);
  });

  it('refuses a key that comes twice, and more than 16', () => {
    assert.throws(() => rawKeys(KEY, otherKey(1), KEY), RangeError);
    const many = Array.from({ length: 17 }, (_, n) => otherKey(n));
    assert.throws(() => rawKeys(KEY, ...many.slice(1)), RangeError);
    rawKeys(KEY, ...many.slice(1, 16));
  });
});

describe('SealedKeys', () => {
  it('refuses what is no ring, no sealer, no time', () => {
    for (const ring of [undefined, null, {}, { load() {} }])
      assert.throws(() => sealedKeys({ ring: ring as unknown as KeyRing }), TypeError);
    for (const bad of [null, {}, { seal() {} }])
      assert.throws(() => sealedKeys({ sealer: bad as unknown as Sealer }), TypeError);
    for (const refreshMs of [-1, 1.5, Number.NaN, 3_600_001])
      assert.throws(() => sealedKeys({ refreshMs }), RangeError);
  });

  it('has no key before the first rotation', async () => {
    const keys = sealedKeys();
    await failsWith('key_unavailable', () => keys.ids());
    assert.equal(await keys.key(encryptionKeyId(KEY)), undefined);
    const id = await keys.rotate();
    assert.deepEqual(await keys.ids(), [id]);
    assert.equal(encryptionKeyId((await keys.key(id)) as Uint8Array), id);
  });

  it('uses a new key at once, and keeps the older ones until they are dropped', async () => {
    const keys = sealedKeys();
    const [first, second, third] = [await keys.rotate(), await keys.rotate(), await keys.rotate()];
    assert.deepEqual(await keys.ids(), [third, second, first]);
    assert.equal(await keys.drop(second), true);
    assert.equal(await keys.drop(second), false);
    assert.deepEqual(await keys.ids(), [third, first]);
    assert.equal(await keys.key(second), undefined);
    await assert.rejects(keys.drop(third), RangeError);
    assert.deepEqual(await keys.ids(), [third, first]);
  });

  it('holds 16 keys at most', async () => {
    const keys = sealedKeys();
    const ids: string[] = [];
    for (let n = 0; n < 16; n++) ids.push(await keys.rotate());
    await failsWith('key_unavailable', () => keys.rotate());
    assert.deepEqual(await keys.ids(), ids.reverse());
    await keys.drop(ids[15] as string);
    await keys.rotate();
    assert.equal((await keys.ids()).length, 16);
  });

  it.each([
    ['memory', () => new MemoryKeyRing()],
    ['files', () => new FileKeyRing(temporaryFolder())],
  ])('makes one rotation of several at once, in a ring of %s', async (_, makeRing) => {
    const ring = makeRing();
    const handles = Array.from({ length: 5 }, () => sealedKeys({ ring }));
    const first = new Set(await Promise.all(handles.map((keys) => keys.rotate())));
    assert.equal(first.size, 1);
    const second = new Set(await Promise.all(handles.map((keys) => keys.rotate())));
    assert.equal(second.size, 1);
    const fresh = sealedKeys({ ring });
    assert.deepEqual(await fresh.ids(), [...second, ...first]);
  });

  it('sees the rotation of another process in time, and a key of it at once', async () => {
    const ring = new MemoryKeyRing();
    const [here, there] = [sealedKeys({ ring }), sealedKeys({ ring })];
    const eager = sealedKeys({ ring, refreshMs: 0 });
    const first = await here.rotate();
    assert.deepEqual([await there.ids(), await eager.ids()], [[first], [first]]);
    const second = await here.rotate();
    assert.deepEqual(await eager.ids(), [second, first]);
    assert.deepEqual(await there.ids(), [first]);
    assert.equal(encryptionKeyId((await there.key(second)) as Uint8Array), second);
    assert.deepEqual(await there.ids(), [second, first]);
  });

  it('keeps nothing readable in the ring', async () => {
    const ring = new MemoryKeyRing();
    const keys = sealedKeys({ ring });
    const key = (await keys.key(await keys.rotate())) as Uint8Array;
    const state = (await ring.load())?.state as string;
    assert.deepEqual(Object.keys(JSON.parse(state)), ['type', 'version', 'sealed']);
    for (const form of [
      toBase64Url(key),
      Buffer.from(key).toString('hex'),
      Buffer.from(key).toString('base64'),
    ])
      assert.equal(state.includes(form.slice(0, 20)), false);
  });

  it('refuses a ring that holds something else, under another sealer, or an older state', async () => {
    const ring = new MemoryKeyRing();
    await sealedKeys({ ring }).rotate();
    const state = (await ring.load())?.state as string;
    const { sealed } = JSON.parse(state);
    const holding = (text: string): KeyRing => ({
      load: async () => ({ version: 1, state: text }),
      save: async () => false,
    });
    const written = (extra: object) =>
      JSON.stringify({ type: 'SteleStoreKeys', version: 1, sealed, ...extra });
    assert.equal((await sealedKeys({ ring: holding(written({})) }).ids()).length, 1);
    const ad = new TextEncoder().encode('{"type":"SteleStoreKeys","version":1}');
    const filled = async (bytes: Uint8Array) =>
      written({ sealed: toBase64Url(await sealer.seal(bytes, ad)) });
    for (const text of [
      '',
      'null',
      '[]',
      '{}',
      state.slice(1),
      written({ version: 2 }),
      written({ type: 'SteleKeyFile' }),
      written({ more: 1 }),
      written({ sealed: 1 }),
      written({ sealed: `${sealed.slice(0, -2)}AA` }),
      await filled(new Uint8Array()),
      await filled(new Uint8Array(31)),
      await filled(new Uint8Array(64)),
      await filled(Uint8Array.from({ length: 17 * 32 }, (_, i) => i >> 5)),
    ]) {
      await failsWith('key_unavailable', () => sealedKeys({ ring: holding(text) }).ids());
    }
    await failsWith('key_unavailable', () => sealedKeys({ ring, sealer: rawKeySealer(KEY) }).ids());
    await failsWith('key_unavailable', () => sealedKeys({ ring: holding(written({})) }).rotate());
  });

  it('refuses an older state than it has seen', async () => {
    const ring = new MemoryKeyRing();
    const old: { load?: KeyRing['load'] } = {};
    const keys = sealedKeys({
      ring: { load: () => (old.load ?? (() => ring.load()))(), save: (v, s) => ring.save(v, s) },
      refreshMs: 0,
    });
    await keys.rotate();
    const before = await ring.load();
    await keys.rotate();
    old.load = async () => before;
    await failsWith('key_unavailable', () => keys.ids());
    old.load = async () => undefined;
    await failsWith('key_unavailable', () => keys.ids());
    delete old.load;
    assert.equal((await keys.ids()).length, 2);
  });

  it('gives up when others change the ring at every attempt', async () => {
    const ring = new MemoryKeyRing();
    const first = await sealedKeys({ ring }).rotate();
    const second = await sealedKeys({ ring }).rotate();
    const busy = sealedKeys({ ring: { load: () => ring.load(), save: async () => false } });
    await failsWith('key_unavailable', () => busy.rotate());
    await failsWith('key_unavailable', () => busy.drop(first));
    assert.deepEqual(await busy.ids(), [second, first]);
  });

  it('says so when the ring or the sealer fails, and goes on when it is back', async () => {
    const ring = new MemoryKeyRing();
    const faults = { load: false, save: false };
    const keys = sealedKeys({
      refreshMs: 0,
      ring: {
        load: async () => (faults.load ? Promise.reject(new Error('no disk')) : ring.load()),
        save: async (version, state) =>
          faults.save ? Promise.reject(new Error('full')) : ring.save(version, state),
      },
    });
    const id = await keys.rotate();
    faults.load = true;
    await failsWith('key_unavailable', () => keys.ids());
    assert.ok(await keys.key(id), 'what is known needs no ring');
    faults.load = false;
    faults.save = true;
    await failsWith('key_unavailable', () => keys.rotate());
    assert.deepEqual(await keys.ids(), [id]);
  });

  it('asks a KMS once for each state of the ring', async () => {
    const kms = new LocalKms();
    const ring = new MemoryKeyRing();
    const kmsKeys = () =>
      sealedKeys({
        ring,
        refreshMs: 0,
        sealer: kmsSealer({ client: kms, keyId: 'alias/stele-store-key', encryptionContext: { store: 'a' } }),
      });
    const keys = kmsKeys();
    const first = await keys.rotate();
    assert.deepEqual(kms.asked, ['GenerateDataKeyCommand']);
    for (let n = 0; n < 5; n++) assert.deepEqual(await keys.ids(), [first]);
    const other = kmsKeys();
    for (let n = 0; n < 5; n++) assert.deepEqual(await other.key(first), await keys.key(first));
    assert.deepEqual(kms.asked, ['GenerateDataKeyCommand', 'DecryptCommand']);
    kms.reachable = false;
    await failsWith('key_unavailable', () => kmsKeys().ids());
    await failsWith('key_unavailable', () => keys.rotate());
    assert.deepEqual(await keys.ids(), [first]);
  });
});

describe('what a store asks of a provider', () => {
  const never = new Promise<never>(() => {});
  const rejecting = async () => {
    throw new StoreError('store_unavailable', 'away');
  };
  const asking = (ids: unknown, key: unknown = () => KEY, timeoutMs = 1000, ask: unknown = () => ids) =>
    new Keys({ ids: ask, key } as never, timeoutMs);
  const id = encryptionKeyId(KEY);

  it('is asked once for a key, also by many at once', async () => {
    let asked = 0;
    const keys = asking([id], async () => {
      asked++;
      return KEY;
    });
    const found = await Promise.all(Array.from({ length: 9 }, () => keys.current()));
    assert.equal(asked, 1);
    assert.equal(new Set([...found, await keys.find(id)]).size, 1);
  });

  it('is asked again after it had no key, or failed', async () => {
    const answers: unknown[] = [undefined, Promise.reject(new Error('away')), Promise.resolve(KEY)];
    for (const answer of answers) Promise.resolve(answer).catch(() => {});
    const keys = asking([id], () => answers.shift());
    assert.equal(await keys.find(id), undefined);
    await failsWith('key_unavailable', () => keys.find(id));
    assert.ok(await keys.find(id));
  });

  it.each([
    ['no array', 'x'],
    ['nothing', undefined],
    ['no ids', []],
    ['a strange id', ['x']],
    ['an upper-case id', [id.toUpperCase()]],
    ['too many', Array.from({ length: 17 }, (_, n) => n.toString(16).padStart(16, '0'))],
    ['a rejection', rejecting],
  ])('is not believed when it names %s', async (_, ids) => {
    const keys = ids === rejecting ? asking(undefined, undefined, 1000, rejecting) : asking(ids);
    await failsWith('key_unavailable', () => keys.current());
  });

  it.each([
    ['another key', otherKey(1)],
    ['a short key', KEY.subarray(1)],
    ['a text', 'x'.repeat(32)],
    ['null', null],
    ['nothing', undefined],
  ])('is not believed when it gives %s', async (_, key) => {
    await failsWith('key_unavailable', () => asking([id], () => key).current());
  });

  it('is waited for only so long', async () => {
    await failsWith('key_unavailable', () => asking(never, undefined, 1).current());
    await failsWith('key_unavailable', () => asking([id], () => never, 1).current());
  });

  it('keeps at most 32 keys', async () => {
    const all = new Map(Array.from({ length: 40 }, (_, n) => [encryptionKeyId(otherKey(n)), otherKey(n)]));
    let asked = 0;
    const keys = asking([id], (wanted: string) => {
      asked++;
      return all.get(wanted);
    });
    for (const known of all.keys()) assert.ok(await keys.find(known));
    for (const known of [...all.keys()].slice(8)) assert.ok(await keys.find(known));
    assert.equal(asked, 40);
    assert.ok(await keys.find(id));
    assert.equal(asked, 41);
  });
});
