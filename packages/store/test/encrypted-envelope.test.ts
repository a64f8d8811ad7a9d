/** What a sealed record is made of. */
import assert from 'node:assert/strict';
import { createDecipheriv, hkdfSync } from 'node:crypto';
import { aeadSeal, aes256GcmSeal, hmacSha256 } from '@stele/crypto';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { rawKeys } from '../src/index.js';
import { type Label, labelOf, open, saltOf, seal, sealedTokens } from '../src/lib/encrypted-envelope.js';
import { BlindIndex } from '../src/lib/encrypted-index.js';
import { Keys } from '../src/lib/encrypted-keys.js';
import { pad, unpad } from '../src/lib/padding.js';
import { KEY } from './support/backends.js';
import { keyIdNumber, keyNumber } from './support/encrypted.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const keyOf = (bytes: Uint8Array) => new Keys(rawKeys(bytes), 1000).current();
const key = await keyOf(KEY);
const STORE = 'a'.repeat(32);
const place = { kind: 'covenant', id: 'urn:x' };
const tokens = ['issuer:abc', 'tag:d_-9.'];

/** Whether bytes open, and to what; anything but a refusal is thrown. */
async function opened(
  sealed: Uint8Array,
  at = place,
  storeId = STORE,
  by = key,
  format: Label['format'] = 2,
) {
  try {
    return await open(by, storeId, at, sealed, format);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, 'decryption_failed');
    return undefined;
  }
}

describe('a sealed record', () => {
  it('opens to what was sealed, in steps of 1,024 bytes', async () => {
    const token = fc.stringMatching(/^[A-Za-z0-9_:.-]{1,96}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.array(token, { maxLength: 64 }),
        async (bytes, some) => {
          const sealed = await seal(key, STORE, place, bytes, some);
          const contents = await opened(sealed);
          assert.ok(contents);
          assert.deepEqual(contents.bytes, bytes);
          assert.deepEqual(sealedTokens(contents), some);
          assert.equal((sealed.length - 32 - 64 - 16) % 1024, 0);
          assert.deepEqual(labelOf(sealed), { format: 2, keyId: key.id });
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is built as documented', async () => {
    const sealed = await seal(key, STORE, place, utf8('the record'), tokens);
    assert.equal(Buffer.from(sealed.subarray(0, 32)).toString('latin1'), `stele-sealed/2 ${key.id}\n`);
    const [salt, commitment] = [sealed.subarray(32, 64), sealed.subarray(64, 96)];
    const info = Buffer.concat([utf8('stele-store/2 record'), salt]);
    const derived = Buffer.from(hkdfSync('sha256', KEY, new Uint8Array(), info, 64));
    assert.deepEqual(Buffer.from(commitment), derived.subarray(32));
    const decipher = createDecipheriv('aes-256-gcm', derived.subarray(0, 32), new Uint8Array(12));
    decipher.setAAD(utf8(JSON.stringify(['stele-store/2', STORE, 'covenant', 'urn:x', key.id])));
    decipher.setAuthTag(sealed.subarray(-16));
    const plain = Buffer.concat([decipher.update(sealed.subarray(96, -16)), decipher.final()]);
    const text = `\0\0\0\x20\0\x14${tokens.join('\n')}the record`;
    assert.equal(plain.subarray(0, text.length).toString('latin1'), text);
    assert.deepEqual(plain.subarray(text.length), Buffer.alloc(1024 - text.length));
  });

  it('never uses a salt, and with it an AES key, twice', async () => {
    const salts = new Set<string>();
    for (let n = 0; n < 500; n++) {
      const sealed = await seal(key, STORE, place, utf8('same'), tokens);
      salts.add(Buffer.from(sealed.subarray(32, 64)).toString('hex'));
      salts.add(Buffer.from(sealed.subarray(96, 128)).toString('hex'));
    }
    assert.equal(salts.size, 1000);
  });

  it('has another salt for other contents, even if the generator repeats itself', () => {
    const [random, aad, padded] = [new Uint8Array(32).fill(1), utf8('place'), pad(utf8('the record'))];
    const salts = [
      saltOf(key, random, aad, padded),
      saltOf(key, random, aad, pad(utf8('the recorD'))),
      saltOf(key, random, utf8('Place'), padded),
      saltOf(
        key,
        random.map((byte) => byte + 1),
        aad,
        padded,
      ),
      saltOf({ ...key, extracted: keyNumber(1) }, random, aad, padded),
    ];
    assert.equal(new Set(salts.map((salt) => Buffer.from(salt).toString('hex'))).size, salts.length);
    assert.deepEqual(saltOf(key, random, aad, padded), salts[0]);
  });

  it('is refused with any bit of any byte flipped, and at any other length', async () => {
    const sealed = await seal(key, STORE, place, utf8('the record'), tokens);
    for (let at = 0; at < sealed.length; at++) {
      const flipped = Uint8Array.from(sealed);
      flipped[at] = (sealed[at] as number) ^ (1 << (at % 8));
      const label = labelOf(flipped);
      if (at < 32) assert.notDeepEqual(label, labelOf(sealed));
      else assert.equal(await opened(flipped), undefined, `byte ${at}`);
    }
    for (let length = 0; length < sealed.length; length++)
      assert.equal(await opened(sealed.subarray(0, length)), undefined);
    assert.equal(await opened(Uint8Array.from([...sealed, 0])), undefined);
  });

  it('opens nowhere else, and under no other key', async () => {
    const sealed = await seal(key, STORE, place, utf8('the record'), tokens);
    assert.ok(await opened(sealed));
    assert.equal(await opened(sealed, { ...place, kind: 'revocation' }), undefined);
    assert.equal(await opened(sealed, { ...place, id: 'urn:y' }), undefined);
    assert.equal(await opened(sealed, place, 'b'.repeat(32)), undefined);
    assert.equal(await opened(sealed, place, ''), undefined);
    assert.equal(await opened(sealed, place, STORE, await keyOf(keyNumber(1))), undefined);
    assert.equal(await opened(sealed, place, STORE, { ...key, id: keyIdNumber(1) }), undefined);
    assert.equal(await opened(sealed, place, STORE, key, 1), undefined);
  });

  it('is bound to an id that would have to be escaped, and to none that reads like it', async () => {
    const strange = { kind: 'covenant', id: `urn:x","${key.id}"]` };
    const sealed = await seal(key, STORE, strange, utf8('the record'), tokens);
    assert.deepEqual((await opened(sealed, strange))?.bytes, utf8('the record'));
    assert.equal(await opened(sealed, { ...strange, id: 'urn:x' }), undefined);
    assert.equal(await opened(sealed, { ...strange, id: `urn:x\\",\\"${key.id}\\"]` }), undefined);
  });

  it('is bound to an id of any characters, however many', async () => {
    for (const id of ['urn:ü', 'urn:\u{1f512}', `urn:${'x'.repeat(9000)}`]) {
      const there = { kind: 'covenant', id };
      const sealed = await seal(key, STORE, there, utf8('the record'), tokens);
      assert.deepEqual((await opened(sealed, there))?.bytes, utf8('the record'));
      assert.equal(await opened(sealed, { ...there, id: `${id}x` }), undefined);
    }
    const many = Array.from({ length: 200 }, (_, n) => ({ kind: 'covenant', id: `urn:${n}` }));
    const all = await Promise.all(many.map((at) => seal(key, STORE, at, utf8(at.id), tokens)));
    for (const [n, at] of many.entries())
      assert.deepEqual((await opened(all[n] as Uint8Array, at))?.bytes, utf8(at.id));
  });

  it('does not open in format 2 what was sealed in format 1', async () => {
    const aad = utf8(JSON.stringify(['stele-store/1', 'covenant', 'urn:x', key.id]));
    const envelope = await aeadSeal(KEY, pad(utf8('the record')), aad);
    const old = Uint8Array.from([...utf8(`stele-sealed/1 ${key.id}\n`), ...envelope]);
    assert.deepEqual(labelOf(old), { format: 1, keyId: key.id });
    const contents = await opened(old, place, '', key, 1);
    assert.deepEqual(contents, { bytes: utf8('the record'), tokens: undefined });
    assert.equal(await opened(old), undefined);
    const unpadded = await aeadSeal(KEY, utf8('the record'), aad);
    const bare = Uint8Array.from([...utf8(`stele-sealed/1 ${key.id}\n`), ...unpadded]);
    assert.equal(await opened(bare, place, '', key, 1), undefined);
  });

  it.each([
    ['nothing', pad()],
    ['half a length', pad(Uint8Array.of(0))],
    ['tokens that end behind the end', pad(Uint8Array.of(0, 9), utf8('issuer:a'))],
    ['no padding', utf8('the record')],
  ])('is refused when it holds %s, whoever sealed it', async (_, plaintext) => {
    const salt = new Uint8Array(32).fill(3);
    const info = (n: number) => Uint8Array.from([...utf8('stele-store/2 record'), ...salt, n]);
    const aesKey = hmacSha256(key.extracted, info(1));
    const commitment = hmacSha256(key.extracted, Uint8Array.from([...aesKey, ...info(2)]));
    const aad = utf8(JSON.stringify(['stele-store/2', STORE, 'covenant', 'urn:x', key.id]));
    const body = await aes256GcmSeal(aesKey, new Uint8Array(12), plaintext, aad);
    const header = utf8(`stele-sealed/2 ${key.id}\n`);
    const sealed = Uint8Array.from([...header, ...salt, ...commitment, ...body]);
    assert.equal(await opened(sealed), undefined);
  });

  it.each(['', 'stele-sealed/2', 'stele-record/1 0123456789abcdef\n', 'stele-sealed/3 0123456789abcdef\n'])(
    'is not what begins with %j',
    (text) => {
      assert.equal(labelOf(utf8(text)), undefined);
    },
  );
});

describe('padding', () => {
  /** The same bytes, so far into a buffer. */
  const moved = (bytes: Uint8Array, by: number) => {
    const room = new Uint8Array(bytes.length + by);
    room.set(bytes, by);
    return room.subarray(by);
  };

  it('comes off again wherever the bytes lie, and not with anything else behind them', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 2500, size: 'max' }),
        fc.nat({ max: 7 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, by, where, value) => {
          const padded = moved(pad(bytes), by);
          assert.deepEqual(unpad(padded), bytes);
          const room = padded.length - 4 - bytes.length;
          if (room === 0) return;
          padded[padded.length - 1 - (where % room)] = value;
          assert.equal(unpad(padded), undefined);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([0, 1, 1023, 1025])('is not what has %i bytes', (length) => {
    assert.equal(unpad(new Uint8Array(length)), undefined);
  });

  it('is not what says another length', () => {
    for (const length of [1021, 2044, 0xffffffff]) {
      const padded = new Uint8Array(1024);
      new DataView(padded.buffer).setUint32(0, length);
      assert.equal(unpad(padded), undefined, `${length}`);
    }
    const long = new Uint8Array(2048);
    new DataView(long.buffer).setUint32(0, 1020);
    assert.equal(unpad(long), undefined);
  });
});

describe('a blind token', () => {
  const index = new BlindIndex(KEY, STORE);
  const clear = 'issuer:abc';

  it('is the same for the same, and another for anything else', () => {
    const all = [
      index.token('covenant', clear),
      index.token('covenant', 'issuer:abd'),
      index.token('covenant', 'beneficiary:abc'),
      index.token('covenant', 'abc'),
      index.token('revocation', clear),
      new BlindIndex(KEY, 'b'.repeat(32)).token('covenant', clear),
      new BlindIndex(keyNumber(1), STORE).token('covenant', clear),
    ];
    assert.equal(new Set(all).size, all.length);
    for (const token of all) assert.match(token, /^[A-Za-z0-9_-]{22}$/);
    assert.equal(new BlindIndex(Uint8Array.from(KEY), STORE).token('covenant', clear), all[0]);
  });

  it('is an HMAC under a key of its field', () => {
    const fieldKey = Buffer.from(
      hkdfSync('sha256', KEY, utf8(STORE), utf8('stele-store/2 index issuer'), 32),
    );
    const mac = hmacSha256(fieldKey, utf8(`covenant\n${clear}`));
    assert.equal(index.token('covenant', clear), Buffer.from(mac.subarray(0, 16)).toString('base64url'));
  });

  it('is had for more fields than are remembered', () => {
    const many = Array.from({ length: 40 }, (_, n) => `field${n}:x`);
    const first = many.map((token) => index.token('covenant', token));
    assert.deepEqual(
      many.map((token) => index.token('covenant', token)),
      first,
    );
    assert.equal(new Set(first).size, 40);
  });
});
