import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase58btc, fromBase64Url, fromHex, toBase58btc, toBase64Url, toHex } from '../src/index.js';
import { bytes, codeOf } from './support.js';

const codecs = [
  ['hex', toHex, fromHex],
  ['base64url', toBase64Url, fromBase64Url],
  ['base58btc', toBase58btc, fromBase58btc],
] as const;

/** base58 as its definition says: a big number in base 58, a "1" for each leading zero byte. */
function naiveBase58(data: Uint8Array): string {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let number = BigInt(`0x0${Buffer.from(data).toString('hex')}`);
  let digits = '';
  for (; number > 0n; number /= 58n) digits = (alphabet[Number(number % 58n)] as string) + digits;
  const zeros = data.findIndex((byte) => byte !== 0);
  return '1'.repeat(zeros === -1 ? data.length : zeros) + digits;
}

const reference: Record<string, (data: Uint8Array) => string> = {
  hex: (data) => Buffer.from(data).toString('hex'),
  base64url: (data) => Buffer.from(data).toString('base64url'),
  base58btc: naiveBase58,
};

describe.each(codecs)('%s', (name, encode, decode) => {
  it('writes what the reference writes and reads it back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (data) => {
        const encoded = encode(data);
        expect(encoded).toBe(reference[name]?.(data));
        expect(decode(encoded)).toEqual(data);
      }),
    );
  });

  it('reads no text that it would write in another way', () => {
    const near = fc.string({ unit: fc.constantFrom(...'abcdefABCDEF0123456789-_+/=\n lIO'), maxLength: 12 });
    fc.assert(
      fc.property(near, (candidate) => {
        let decoded: Uint8Array | undefined;
        try {
          decoded = decode(candidate);
        } catch {
          expect(codeOf(() => decode(candidate))).toBe('encoding_malformed');
        }
        if (decoded !== undefined) expect(encode(decoded)).toBe(candidate);
      }),
      { numRuns: 500 },
    );
  });

  it('takes bytes and text only', () => {
    for (const value of [undefined, null, 'ff', 5, [1, 2], {}]) {
      expect(() => encode(value as Uint8Array)).toThrow(TypeError);
    }
    for (const value of [undefined, null, 5, ['ff'], bytes('ff'), Object('ff')]) {
      expect(() => decode(value as string)).toThrow(TypeError);
    }
  });

  it('knows the empty array', () => {
    expect(encode(new Uint8Array())).toBe('');
    expect(decode('')).toEqual(new Uint8Array());
  });
});

describe('one spelling only', () => {
  it.each(['f', 'fff', 'FF', 'fF', 'gg', ' ff', 'ff ', 'ff\n', '0xff', 'f f', 'ｆｆ'])(
    'hex refuses %j',
    (value) => {
      expect(codeOf(() => fromHex(value))).toBe('encoding_malformed');
    },
  );

  it.each(['A', 'AB', 'AAB', 'AA==', 'AA=', 'A+AA', 'A/AA', 'AA A', 'AAAA\n', 'AAAAA', 'AAé'])(
    'base64url refuses %j',
    (value) => {
      expect(codeOf(() => fromBase64Url(value))).toBe('encoding_malformed');
    },
  );

  it.each(['0', 'O', 'I', 'l', ' 2', '2\n', '2=', 'é', '+'])('base58btc refuses %j', (value) => {
    expect(codeOf(() => fromBase58btc(value))).toBe('encoding_malformed');
  });

  it('bounds base58, whose work grows with the square', () => {
    expect(codeOf(() => fromBase58btc('2'.repeat(1_025)))).toBe('too_large');
    expect(fromBase58btc('2'.repeat(1_024)).length).toBeGreaterThan(700);
    expect(codeOf(() => toBase58btc(new Uint8Array(1_000_000)))).toBe('too_large');
    expect(codeOf(() => fromBase58btc('22', { maxLength: 1 }))).toBe('too_large');
    const longest = toBase58btc(new Uint8Array(749).fill(255));
    expect(fromBase58btc(longest)).toHaveLength(749);
  });
});
