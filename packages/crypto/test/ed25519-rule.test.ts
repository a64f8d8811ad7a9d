/** Both providers give one answer, also where an attacker built the points. */
import { Point } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pointAllowed, wellEncoded } from '../src/provider/ed25519-rule.js';
import { provider } from '../src/provider/node.js';
import { bothVerify, bytes, hexOf, text } from './support.js';

const { n: ORDER, p: PRIME } = Point.CURVE();
/** Generates the eight points of small order. */
const TORSION = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');

function le32(value: bigint): Uint8Array {
  return bytes(value.toString(16).padStart(64, '0')).reverse();
}

function times(point: Point, factor: number): Point {
  let sum = Point.ZERO;
  for (let i = 0; i < factor; i++) sum = sum.add(point);
  return sum;
}

const smallOrder = Array.from({ length: 8 }, (_, i) => times(TORSION, i).toBytes());
const nonCanonical = [0n, 1n, 2n, 9n, 18n].flatMap((y) => {
  const encoded = le32(PRIME + y);
  const negative = encoded.slice();
  negative[31] = (negative[31] as number) | 0x80;
  return [encoded, negative];
});
const negativeZero = [1n, PRIME - 1n].map((y) => {
  const encoded = le32(y);
  encoded[31] = (encoded[31] as number) | 0x80;
  return encoded;
});

function challenge(r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint {
  const digest = sha512(Buffer.concat([r, a, message]));
  return BigInt(`0x${hexOf(digest.reverse())}`) % ORDER;
}

describe('the byte checks', () => {
  it('refuses each of the eight points of small order, with either sign', () => {
    expect(new Set(smallOrder.map(hexOf)).size).toBe(8);
    for (const point of [...smallOrder, ...negativeZero]) expect(pointAllowed(point, 0)).toBe(false);
  });

  it('refuses every y from p to 2^255 - 1 and takes p - 2', () => {
    for (let y = PRIME; y < 2n ** 255n; y++) expect(pointAllowed(le32(y), 0)).toBe(false);
    expect(pointAllowed(le32(PRIME - 2n), 0)).toBe(true);
  });

  it('takes S below the order only', () => {
    const signature = (s: bigint) => new Uint8Array([...Point.BASE.toBytes(), ...le32(s)]);
    const key = Point.BASE.toBytes();
    for (const s of [0n, 1n, ORDER - 1n]) expect(wellEncoded(signature(s), key)).toBe(true);
    for (const s of [ORDER, ORDER + 1n, 2n ** 252n + 2n ** 251n, 2n ** 256n - 1n]) {
      expect(wellEncoded(signature(s), key)).toBe(false);
    }
  });
});

describe('crafted signatures', () => {
  const message = text('crafted');

  it('refuses a key of small order, under which anyone can sign anything', () => {
    for (const key of [...smallOrder, ...negativeZero, ...nonCanonical]) {
      const r = Point.BASE.multiply(5n).toBytes();
      expect(bothVerify(message, new Uint8Array([...r, ...le32(5n)]), key)).toBe(false);
    }
  });

  it('refuses R of small order, though the equation holds', () => {
    const secret = 12_345n;
    const key = Point.BASE.multiply(secret).toBytes();
    const r = Point.ZERO.toBytes();
    const s = (challenge(r, key, message) * secret) % ORDER;
    expect(bothVerify(message, new Uint8Array([...r, ...le32(s)]), key)).toBe(false);
  });

  it('decides keys and points of mixed order by the cofactorless equation', () => {
    const secret = 777n;
    const nonce = 31_337n;
    let accepted = 0;
    for (let i = 0; i < 24; i++) {
      const key = Point.BASE.multiply(secret)
        .add(times(TORSION, 1 + (i % 7)))
        .toBytes();
      const r = Point.BASE.multiply(nonce).toBytes();
      const attempt = text(`mixed ${i}`);
      const k = challenge(r, key, attempt);
      const signature = new Uint8Array([...r, ...le32((nonce + k * secret) % ORDER)]);
      const residueIsZero = times(TORSION, Number((k * BigInt(1 + (i % 7))) % 8n)).is0();
      expect(bothVerify(attempt, signature, key)).toBe(residueIsZero);
      if (residueIsZero) accepted += 1;
    }
    expect(accepted).toBeLessThan(24);
  });

  it('refuses S + L, which would be a second signature for the same message', () => {
    const seed = bytes('07'.repeat(32));
    const signature = provider.sign(message, seed);
    const s = BigInt(`0x${hexOf(signature.slice(32).reverse())}`);
    const malleated = new Uint8Array([...signature.slice(0, 32), ...le32(s + ORDER)]);
    expect(bothVerify(message, signature, provider.publicKeyOf(seed))).toBe(true);
    expect(bothVerify(message, malleated, provider.publicKeyOf(seed))).toBe(false);
  });
});

describe('agreement of the providers', () => {
  const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const point = fc.oneof(
    anyBytes(32),
    fc.constantFrom(...smallOrder, ...nonCanonical, ...negativeZero, Point.BASE.toBytes()),
    fc.bigInt({ min: 1n, max: ORDER - 1n }).map((n) => Point.BASE.multiply(n).toBytes()),
    fc
      .tuple(fc.bigInt({ min: 1n, max: ORDER - 1n }), fc.nat(7))
      .map(([n, i]) => Point.BASE.multiply(n).add(times(TORSION, i)).toBytes()),
  );
  const scalar = fc.oneof(
    anyBytes(32),
    fc.constantFrom(0n, 1n, ORDER - 1n, ORDER, ORDER + 1n).map(le32),
    fc.bigInt({ min: 0n, max: ORDER - 1n }).map(le32),
  );

  it('on random and special points and scalars', () => {
    fc.assert(
      fc.property(point, point, scalar, anyBytes(8), (key, r, s, message) => {
        bothVerify(message, new Uint8Array([...r, ...s]), key);
      }),
      { numRuns: 150 },
    );
  });

  it('on true signatures and their mutations', () => {
    const mutation = fc.tuple(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(anyBytes(32), anyBytes(20), fc.option(mutation), (seed, message, change) => {
        const parts = [message.slice(), provider.sign(message, seed), provider.publicKeyOf(seed)] as const;
        if (change !== null) {
          const target = parts[change[0]] as Uint8Array;
          const at = change[1] % target.length;
          target[at] = (target[at] as number) ^ change[2];
        }
        expect(bothVerify(...parts)).toBe(change === null);
      }),
      { numRuns: 60 },
    );
  });
});
