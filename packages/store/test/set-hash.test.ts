/** The hash of a set of records, kept up to date. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Element, SetHash, SUM_BYTES } from '../src/lib/set-hash.js';

const element = fc.record({
  kind: fc.constantFrom('covenant' as const, 'revocation' as const),
  id: fc.string({ maxLength: 8 }),
  bytes: fc.uint8Array({ maxLength: 40 }),
});
const sumOf = (elements: readonly Element[]) => {
  const hash = new SetHash();
  for (const each of elements) hash.add(each);
  return hash.bytes();
};

/** As the paper tells it, in big integers. */
function naive(elements: readonly Element[]): Uint8Array {
  const lanes = Array<bigint>(1024).fill(0n);
  for (const { kind, id, bytes } of elements) {
    const seed = createHash('sha256')
      .update(`stele-store/1 record ${kind} ${id.length} ${id}\n`)
      .update(bytes)
      .digest();
    const blocks = Array.from({ length: 64 }, (_, n) =>
      createHash('sha256').update(seed).update(Uint8Array.of(n)).digest(),
    );
    const wide = Buffer.concat(blocks);
    for (let i = 0; i < 1024; i++)
      lanes[i] = ((lanes[i] as bigint) + BigInt(wide.readUInt16LE(2 * i))) % 65_536n;
  }
  const sum = Buffer.alloc(2048);
  for (const [i, lane] of lanes.entries()) sum.writeUInt16LE(Number(lane), 2 * i);
  return new Uint8Array(sum);
}

describe('SetHash', () => {
  it.each([0, SUM_BYTES - 1, SUM_BYTES + 1])('begins from no sum of %i bytes', (length) => {
    assert.throws(() => new SetHash(new Uint8Array(length)), RangeError);
  });

  it('is what the naive reference is', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 5 }), (elements) => {
        assert.deepEqual(sumOf(elements), naive(elements));
      }),
      { numRuns: 30 },
    );
  });

  it('knows no order, forgets what was removed, and goes on from its bytes', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), fc.array(element, { maxLength: 4 }), (kept, gone) => {
        const hash = new SetHash(sumOf([...gone, ...kept]));
        for (const each of gone) hash.remove(each);
        assert.deepEqual(hash.bytes(), sumOf([...kept].reverse()));
      }),
      { numRuns: 30 },
    );
  });

  it('tells records apart by kind, id and bytes', () => {
    const one: Element = { kind: 'covenant', id: 'a', bytes: Uint8Array.of(1) };
    const sums = [
      [],
      [one],
      [one, one],
      [{ ...one, kind: 'revocation' as const }],
      [{ ...one, id: 'b' }],
      [{ ...one, bytes: Uint8Array.of(2) }],
      [{ ...one, bytes: Uint8Array.of() }],
      [{ ...one, id: 'a\n', bytes: Uint8Array.of() }],
      [{ ...one, bytes: Buffer.from('b\nc') }],
      [{ ...one, id: 'a\nb', bytes: Buffer.from('c') }],
      [{ ...one, id: '1 a', bytes: Uint8Array.of(1) }],
    ].map((elements) => Buffer.from(sumOf(elements)).toString('hex'));
    assert.equal(new Set(sums).size, sums.length);
  });

  it('takes no sum of another length', () => {
    assert.throws(() => new SetHash(new Uint8Array(SUM_BYTES - 1)), RangeError);
  });
});
