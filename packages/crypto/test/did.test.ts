import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  didFromPublicKey,
  isEd25519Did,
  publicKeyFromDid,
  toBase58btc,
  verificationMethod,
} from '../src/index.js';
import { bytes, codeOf } from './support.js';

// RFC 8032, section 7.1, TEST 1; its did:key follows from the definition.
const key = bytes('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
const did = `did:key:z${toBase58btc(new Uint8Array([0xed, 0x01, ...key]))}`;

function didOf(...data: number[]): string {
  return `did:key:z${toBase58btc(new Uint8Array(data))}`;
}

const malformed: [string, unknown][] = [
  ['nothing', ''],
  ['the prefix alone', 'did:key:z'],
  ['another method', did.replace('key', 'web')],
  ['upper case', did.toUpperCase()],
  ['an upper-case scheme', did.replace('did', 'DID')],
  ['no multibase prefix', did.replace(':z', ':')],
  ['another multibase', `did:key:u${Buffer.from([0xed, 1, ...key]).toString('base64url')}`],
  ['a fragment', `${did}#${did.slice(8)}`],
  ['a query', `${did}?a=1`],
  ['a path', `${did}/a`],
  ['white space', ` ${did}`],
  ['a line end', `${did}\n`],
  ['a leading zero byte', didOf(0, 0xed, 1, ...key)],
  ['one byte more', didOf(0xed, 1, ...key, 0)],
  ['one byte less', didOf(0xed, 1, ...key.slice(1))],
  ['a secp256k1 key', didOf(0xe7, 1, ...key)],
  ['an x25519 key', didOf(0xec, 1, ...key)],
  ['a code that is no minimal varint', didOf(0xed, 0x81, 0, ...key.slice(1))],
  ['a character outside the alphabet', `${did.slice(0, -1)}0`],
  ['a look-alike letter', did.replace('z6Mk', 'z6Мk')],
  ['a million characters', did + '1'.repeat(1_000_000)],
  ['a number', 5],
  ['null', null],
  ['an array', [did]],
  ['a boxed string', Object(did)],
  ['an object that prints as one', { toString: () => did }],
];

describe('did:key', () => {
  it('is made of the key and gives it back', () => {
    expect(didFromPublicKey(key)).toBe(did);
    expect(publicKeyFromDid(did)).toEqual(key);
    expect(isEd25519Did(did)).toBe(true);
    expect(verificationMethod(did)).toBe(`${did}#${did.slice(8)}`);
  });

  it('agrees with itself for any key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (any) => {
        const made = didFromPublicKey(any);
        expect(made).toHaveLength(56);
        expect(made).toMatch(/^did:key:z6Mk/);
        expect(publicKeyFromDid(made)).toEqual(any);
      }),
    );
  });

  it('gives bytes of the caller’s own', () => {
    publicKeyFromDid(did).fill(0);
    expect(publicKeyFromDid(did)).toEqual(key);
    const mine = publicKeyFromDid(did);
    mine.fill(1);
    expect(publicKeyFromDid(did)).toEqual(key);
  });

  it.each(malformed)('refuses %s', (_what, value) => {
    expect(codeOf(() => publicKeyFromDid(value as string))).toBe('did_malformed');
    expect(codeOf(() => verificationMethod(value as string))).toBe('did_malformed');
    expect(isEd25519Did(value)).toBe(false);
  });

  it('takes keys of 32 bytes only', () => {
    expect(() => didFromPublicKey(new Uint8Array(33))).toThrow(RangeError);
    expect(() => didFromPublicKey('key' as unknown as Uint8Array)).toThrow(TypeError);
  });
});
