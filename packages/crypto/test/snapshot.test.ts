import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalizeJson, type JsonObject, snapshotJson } from '../src/index.js';
import { nested, notJson } from './hostile-values.js';
import { codeOf, refusal, text } from './support.js';

const json = fc.jsonValue({ depthSize: 'medium', maxDepth: 8 });
const interoperable = fc
  .json({ maxDepth: 6 })
  .map((source) => JSON.parse(source, (_, v) => (typeof v === 'number' ? v % 1e9 : v)));

function isFrozenDeep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isFrozenDeep);
}

describe('snapshotJson', () => {
  it('copies any JSON value, frozen all the way down', () => {
    fc.assert(
      fc.property(interoperable, (value) => {
        const copy = snapshotJson(value);
        expect(isFrozenDeep(copy)).toBe(true);
        expect(canonicalizeJson(copy)).toBe(canonicalizeJson(value));
        if (typeof value === 'object' && value !== null) expect(copy).not.toBe(value);
      }),
    );
  });

  it('counts exactly the bytes of the JSON form', () => {
    fc.assert(
      fc.property(fc.oneof(interoperable, fc.array(fc.string({ unit: 'binary' }))), (value) => {
        const size = text(JSON.stringify(value)).length;
        snapshotJson(value, { maxBytes: size });
        if (size > 1) expect(codeOf(() => snapshotJson(value, { maxBytes: size - 1 }))).toBe('too_large');
      }),
      { numRuns: 300 },
    );
  });

  it('is unmoved by what becomes of the original', () => {
    const original = { list: [1, { a: 'x' }] };
    const copy = snapshotJson(original) as JsonObject;
    (original.list[1] as { a: string }).a = 'y';
    original.list.push(3);
    expect(copy).toEqual({ list: [1, { a: 'x' }] });
  });

  it('reads each property of a proxy once, and keeps what it read', () => {
    const reads: PropertyKey[] = [];
    let next = 0;
    const handler: ProxyHandler<object> = {
      get: () => {
        throw new Error('no plain read');
      },
      getOwnPropertyDescriptor: (_target, key) => {
        reads.push(key);
        next += 1;
        return { value: next, enumerable: true, configurable: true, writable: true };
      },
    };
    const copy = snapshotJson(new Proxy({ a: 0, b: 0 }, handler)) as JsonObject;
    expect(reads).toEqual(['a', 'b']);
    expect([copy.a, copy.b, copy.a]).toEqual([1, 2, 1]);
  });

  it('keeps __proto__ as a member', () => {
    const copy = snapshotJson(JSON.parse('{"__proto__":{"admin":true},"a":1}')) as JsonObject;
    expect(Object.keys(copy)).toEqual(['__proto__', 'a']);
    expect(copy.admin).toBeUndefined();
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });

  it('makes -0 the 0 that its canonical form says', () => {
    const [zero] = snapshotJson([-0]) as [number];
    expect(Object.is(zero, 0)).toBe(true);
  });

  it('takes plain values of another realm and without a prototype', () => {
    expect(snapshotJson(runInNewContext('({ a: [1] })'))).toEqual({ a: [1] });
    expect(snapshotJson(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 });
  });
});

describe('refusals of snapshotJson', () => {
  it.each(notJson)('%s', (_what, value) => {
    expect(codeOf(() => snapshotJson(value))).toBe('not_json');
    expect(codeOf(() => snapshotJson({ a: [value] }))).toBe('not_json');
  });

  it.each([2 ** 53, -(2 ** 53), 2 ** 53 + 2, 1e20, 123_456_789_012_345_680_000])(
    'the integer %d',
    (value) => {
      expect(codeOf(() => snapshotJson({ a: value }))).toBe('not_json');
    },
  );

  it.each([2 ** 53 - 1, -(2 ** 53 - 1), 0.1, 1e21, 1e300, 5e-324])('but not the number %d', (value) => {
    expect(snapshotJson(value)).toBe(value);
  });

  it('names the place', () => {
    expect(refusal(() => snapshotJson({ a: [1, { b: undefined }] })).path).toBe('$.a[1].b');
  });

  it('holds 1 MiB and nests 64 deep unless told otherwise', () => {
    expect(snapshotJson('x'.repeat(1024 * 1024 - 2))).toHaveLength(1024 * 1024 - 2);
    expect(codeOf(() => snapshotJson('x'.repeat(1024 * 1024 - 1)))).toBe('too_large');
    expect(codeOf(() => snapshotJson('é'.repeat(600_000)))).toBe('too_large');
    expect(codeOf(() => snapshotJson(new Array(2 ** 32 - 1)))).toBe('too_large');
    expect(snapshotJson(nested(64))).toEqual(nested(64));
    expect(codeOf(() => snapshotJson(nested(65)))).toBe('too_deep');
    expect(codeOf(() => snapshotJson(nested(100_000)))).toBe('too_deep');
    let laugh: unknown = 'ha';
    for (let i = 0; i < 60; i++) laugh = { a: laugh, b: laugh };
    expect(codeOf(() => snapshotJson(laugh))).toBe('too_large');
  });

  it.each([{ maxBytes: 0 }, { maxBytes: 1.5 }, { maxDepth: 0 }, { maxDepth: 1_001 }])(
    'the limits %o',
    (limits) => {
      expect(() => snapshotJson(1, limits)).toThrow(RangeError);
    },
  );

  it('any value at all is copied or refused with a code', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything({
            withBigInt: true,
            withDate: true,
            withMap: true,
            withTypedArray: true,
            withSparseArray: true,
          }),
          json,
        ),
        (value) => {
          let copy: unknown;
          try {
            copy = snapshotJson(value);
          } catch {
            expect(['not_json', 'too_deep']).toContain(codeOf(() => snapshotJson(value)));
            return;
          }
          expect(canonicalizeJson(copy)).toBe(canonicalizeJson(value));
        },
      ),
      { numRuns: 500 },
    );
  });
});
