import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson } from '../../../test/support/vectors.js';
import { constantTimeEqual, hmacSha256, randomBytes, sha256, sha256Bytes } from '../src/index.js';
import { bytes, codeOf, hexOf, providers, text } from './support.js';

describe('sha256', () => {
  // FIPS 180-4, the published examples.
  const known = [
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ] as const;

  it.each(known)('of %j', (message, digest) => {
    expect(sha256(message)).toBe(digest);
    expect(sha256(text(message))).toBe(digest);
    expect(hexOf(sha256Bytes(message))).toBe(digest);
  });

  it.each(providers)('%s agrees with the platform on any bytes', (_name, provider) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        const digest = createHash('sha256').update(data).digest('hex');
        expect(provider.sha256Hex(data)).toBe(digest);
        expect(hexOf(provider.sha256(data))).toBe(digest);
      }),
    );
  });

  it.each(['\ud800', 'a\udc00', '\ude00\ud83d'])('refuses the ill-formed string %j', (value) => {
    expect(codeOf(() => sha256(value))).toBe('lone_surrogate');
    expect(codeOf(() => sha256Bytes(value))).toBe('lone_surrogate');
  });

  it.each([undefined, null, 5, [1], {}, new Uint16Array(2), new ArrayBuffer(2)])('refuses %o', (value) => {
    expect(() => sha256(value as Uint8Array)).toThrow(TypeError);
  });
});

describe('hmacSha256', () => {
  // RFC 4231, test cases 1, 2, 3 and 6: a short key, a shorter one, equal bytes, a key longer than a block.
  const known = [
    [
      '0b'.repeat(20),
      hexOf(text('Hi There')),
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      hexOf(text('Jefe')),
      hexOf(text('what do ya want for nothing?')),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      'aa'.repeat(131),
      hexOf(text('Test Using Larger Than Block-Size Key - Hash Key First')),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ] as const;

  it.each(known)('with the key %s', (key, data, mac) => {
    expect(hexOf(hmacSha256(bytes(key), bytes(data)))).toBe(mac);
  });

  it.each(providers)('%s agrees with the platform on any bytes', (_name, provider) => {
    const any = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(any, any, (key, data) => {
        const mac = createHmac('sha256', key).update(data).digest('hex');
        expect(hexOf(provider.hmacSha256(key, data))).toBe(mac);
      }),
    );
  });

  it.skipIf(!haveVectors).each(providers)('%s answers every Wycheproof test', (_name, provider) => {
    type Test = { key: string; msg: string; tag: string; result: string };
    type Suite = { testGroups: { tagSize: number; tests: Test[] }[] };
    for (const { tagSize, tests } of vectorJson<Suite>('symmetric/hmac_sha256_test.json').testGroups) {
      for (const { key, msg, tag, result } of tests) {
        const mac = hexOf(provider.hmacSha256(bytes(key), bytes(msg))).slice(0, tagSize / 4);
        expect(mac === tag).toBe(result === 'valid');
      }
    }
  });

  it.each([undefined, null, 'text', [1], {}, new Uint16Array(2)])('refuses %o', (value) => {
    expect(() => hmacSha256(value as Uint8Array, text('x'))).toThrow(TypeError);
    expect(() => hmacSha256(text('x'), value as Uint8Array)).toThrow(TypeError);
  });
});

describe('randomBytes', () => {
  it('gives as many as were asked for, never the same', () => {
    for (const length of [0, 1, 32, 65_536]) expect(randomBytes(length)).toHaveLength(length);
    expect(randomBytes(16)).not.toEqual(randomBytes(16));
    expect(Buffer.isBuffer(randomBytes(4))).toBe(false);
    expect(randomBytes(4).buffer.byteLength).toBe(4);
  });

  it.each([-1, 1.5, Number.NaN, 65_537, Number.POSITIVE_INFINITY, '8', undefined])('refuses %o', (length) => {
    expect(() => randomBytes(length as number)).toThrow(RangeError);
  });
});

describe('constantTimeEqual', () => {
  it.each(providers)('%s compares like any other comparison', (_name, provider) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4 }), fc.uint8Array({ maxLength: 4 }), (a, b) => {
        const expected = hexOf(a) === hexOf(b);
        expect(constantTimeEqual(a, b)).toBe(expected);
        expect(constantTimeEqual(a, a.slice())).toBe(true);
        if (a.length === b.length) expect(provider.equal(a, b)).toBe(expected);
      }),
    );
  });

  it('takes bytes only', () => {
    expect(() => constantTimeEqual('a' as unknown as Uint8Array, text('a'))).toThrow(TypeError);
    expect(() => constantTimeEqual(text('a'), undefined as unknown as Uint8Array)).toThrow(TypeError);
  });
});
