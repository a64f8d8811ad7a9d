import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson, vectorText } from '../../../test/support/vectors.js';
import { canonicalizeJson, parseJson, snapshotJson } from '../src/index.js';
import { nested, notJson } from './hostile-values.js';
import { bytes, codeOf, hexOf, refusal, text } from './support.js';

/** RFC 8785 as the RFC tells it: sort the names, let JSON.stringify write the leaves. */
function naive(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(naive).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${naive(member)}`).join(',')}}`;
}

function double(hex: string): number {
  return new DataView(bytes(hex.padStart(16, '0')).buffer).getFloat64(0);
}

const json = fc.jsonValue({ depthSize: 'medium', maxDepth: 8 });

describe('canonicalizeJson', () => {
  it('writes what the naive reference writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalizeJson(value)).toBe(naive(value));
      }),
      { numRuns: 500 },
    );
  });

  it('does not care for the order of members, and is its own fixed point', () => {
    const flat = fc.dictionary(fc.string({ unit: 'binary' }), fc.integer(), { maxKeys: 60 });
    fc.assert(
      fc.property(flat, fc.nat(), (object, seed) => {
        const entries = Object.entries(object);
        const turned = Object.fromEntries(
          [...entries.slice(seed % 7), ...entries.slice(0, seed % 7)].reverse(),
        );
        const canonical = canonicalizeJson(object);
        expect(canonicalizeJson(turned)).toBe(canonical);
        expect(canonicalizeJson(JSON.parse(canonical))).toBe(canonical);
      }),
    );
  });

  it('takes the short way over snapshots to the same text', () => {
    const safe = json.filter((value) => isInteroperable(value));
    fc.assert(
      fc.property(safe, (value) => {
        expect(canonicalizeJson(snapshotJson(value))).toBe(canonicalizeJson(value));
      }),
    );
    expect(canonicalizeJson(parseJson('{"b":[1,{}],"__proto__":2}'))).toBe('{"__proto__":2,"b":[1,{}]}');
  });

  it('writes names and numbers as the RFC says', () => {
    expect(canonicalizeJson({ b: 1, a: 2, 10: 3, 9: 4, '': 5 })).toBe('{"":5,"10":3,"9":4,"a":2,"b":1}');
    expect(canonicalizeJson([-0, 0, 1e21, 1e-7, 2 ** 53])).toBe('[0,0,1e+21,1e-7,9007199254740992]');
    expect(canonicalizeJson('"\\\b\f\n\r\t\u0000\u001f\u007f\u2028€😀/')).toBe(
      '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\u2028€😀/"',
    );
    // U+FFFD sorts after a surrogate pair by UTF-16 units, before it by code points.
    expect(canonicalizeJson({ '\ufffd': 1, '😀': 2 })).toBe('{"😀":2,"\ufffd":1}');
  });

  it('treats __proto__ like any name', () => {
    const value = JSON.parse('{"__proto__":{"x":1},"a":1}');
    expect(canonicalizeJson(value)).toBe('{"__proto__":{"x":1},"a":1}');
    expect(canonicalizeJson(Object.assign(Object.create(null), { constructor: 1 }))).toBe(
      '{"constructor":1}',
    );
  });

  it('takes plain values of another realm', () => {
    expect(canonicalizeJson(runInNewContext('({ b: [1, {}], a: null })'))).toBe('{"a":null,"b":[1,{}]}');
  });

  it('sorts many members', () => {
    const names = Array.from({ length: 500 }, (_, i) => `k${(i * 7919) % 500}`);
    const object = Object.fromEntries(names.map((name) => [name, 1]));
    expect(canonicalizeJson(object)).toBe(naive(object));
  });
});

describe('refusals of canonicalizeJson', () => {
  it.each(notJson)('%s', (_what, value) => {
    expect(codeOf(() => canonicalizeJson(value))).toBe('not_json');
    expect(codeOf(() => canonicalizeJson([1, value]))).toBe('not_json');
    expect(codeOf(() => canonicalizeJson({ a: { b: value } }))).toBe('not_json');
  });

  it('names the place', () => {
    expect(refusal(() => canonicalizeJson({ a: [1, { 'b c': undefined }] })).path).toBe('$.a[1]["b c"]');
    expect(refusal(() => canonicalizeJson(Number.NaN)).path).toBe('$');
    expect(refusal(() => canonicalizeJson([[], [[1n]]])).path).toBe('$[1][0][0]');
    const long = refusal(() => canonicalizeJson({ ['x'.repeat(5_000)]: Number.NaN }));
    expect(long.path?.length).toBeLessThan(300);
  });

  it('nests 64 deep unless told otherwise', () => {
    expect(canonicalizeJson(nested(64))).toBe(naive(nested(64)));
    expect(codeOf(() => canonicalizeJson(nested(65)))).toBe('too_deep');
    expect(codeOf(() => canonicalizeJson(nested(100_000)))).toBe('too_deep');
    expect(codeOf(() => canonicalizeJson(nested(3), { maxDepth: 2 }))).toBe('too_deep');
    expect(canonicalizeJson(nested(1_000), { maxDepth: 1_000 })).toBe(naive(nested(1_000)));
    for (const maxDepth of [0, -1, 1.5, 1_001, Number.NaN]) {
      expect(() => canonicalizeJson([], { maxDepth })).toThrow(RangeError);
    }
  });

  it('stops a small value that unfolds without end', () => {
    let laugh: unknown = 'ha';
    for (let i = 0; i < 60; i++) laugh = [laugh, laugh];
    expect(codeOf(() => canonicalizeJson(laugh))).toBe('too_large');
    expect(codeOf(() => canonicalizeJson(new Array(2 ** 32 - 1)))).toBe('too_large');
  });

  it('never calls toJSON or a getter', () => {
    let calls = 0;
    const value = {
      get a() {
        calls += 1;
        return 1;
      },
      toJSON: () => {
        calls += 1;
        return 1;
      },
    };
    expect(codeOf(() => canonicalizeJson(value))).toBe('not_json');
    expect(calls).toBe(0);
  });
});

describe.skipIf(!haveVectors)('RFC 8785 vectors', () => {
  it('reference suite', () => {
    type Row = { name: string; input: string; output: string; output_hex: string };
    for (const { name, input, output, output_hex } of vectorJson<Row[]>('jcs/cyberphone-testdata.json')) {
      const canonical = canonicalizeJson(JSON.parse(input));
      expect(canonical, name).toBe(output);
      expect(hexOf(text(canonical)), name).toBe(output_hex);
    }
  });

  it.each(['jcs/rfc8785-appendix-b-numbers.csv', 'jcs/es6-numbers.csv'])('%s', (file) => {
    const rows = vectorText(file)
      .split(/\r?\n/)
      .map((line) => line.split(','));
    let tested = 0;
    for (const [hex, expected] of rows) {
      if (hex === undefined || !/^[0-9a-f]+$/.test(hex)) continue;
      expect(canonicalizeJson(double(hex)), hex).toBe(expected);
      tested += 1;
    }
    expect(tested).toBeGreaterThan(20);
  });
});

/** True if no number in it is one that a snapshot refuses. */
function isInteroperable(value: unknown): boolean {
  if (typeof value === 'number') return Math.abs(value) < 2 ** 53 || Math.abs(value) >= 1e21;
  return typeof value !== 'object' || value === null || Object.values(value).every(isInteroperable);
}

describe('omit', () => {
  it('leaves members of the outermost object out, and of no other', () => {
    const value = { b: 1, a: { b: 2 }, c: [{ b: 3 }] };
    expect(canonicalizeJson(value, { omit: ['b', 'x'] })).toBe('{"a":{"b":2},"c":[{"b":3}]}');
    expect(canonicalizeJson(snapshotJson(value), { omit: ['b'] })).toBe('{"a":{"b":2},"c":[{"b":3}]}');
    expect(canonicalizeJson([{ b: 1 }], { omit: ['b', '0'] })).toBe('[{"b":1}]');
    expect(canonicalizeJson('b', { omit: ['b'] })).toBe('"b"');
  });

  it('still refuses what it leaves in, and does not read what it leaves out', () => {
    const hostile = {
      get a() {
        throw new Error('read');
      },
      b: 1,
    };
    expect(canonicalizeJson(hostile, { omit: ['a'] })).toBe('{"b":1}');
    expect(() => canonicalizeJson(hostile, { omit: ['b'] })).toThrow(
      expect.objectContaining({ code: 'not_json' }),
    );
  });
});
