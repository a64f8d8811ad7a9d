import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorLines } from '../../../test/support/vectors.js';
import { CryptoError, canonicalizeJson, type JsonObject, parseJson, snapshotJson } from '../src/index.js';
import { codeOf, refusal, text } from './support.js';

describe('parseJson', () => {
  it('agrees with JSON.parse on whatever JSON.stringify writes', () => {
    const safe = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value), safeNumber));
    fc.assert(
      fc.property(safe, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const source = JSON.stringify(value, null, space);
        expect(canonicalizeJson(parseJson(source))).toBe(canonicalizeJson(value));
        expect(canonicalizeJson(parseJson(text(source)))).toBe(canonicalizeJson(value));
      }),
      { numRuns: 300 },
    );
  });

  it('never takes what JSON.parse refuses, and gives the same where it takes', () => {
    const token = fc.constantFrom(
      ...'{}[],:"\\ \n0123.-+eE',
      'true',
      'null',
      '"a"',
      '"b":',
      '\\u00e9',
      '1e5',
      '\u0001',
      '\ud83d',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const source = tokens.join('');
        let value: unknown;
        try {
          value = parseJson(source);
        } catch {
          expect(codeOf(() => parseJson(source))).toBe('not_json');
          return;
        }
        expect(canonicalizeJson(value)).toBe(canonicalizeJson(JSON.parse(source)));
      }),
      { numRuns: 3_000 },
    );
  });

  it('what it takes, a snapshot takes, and its canonical form parses again', () => {
    const number = fc.oneof(
      fc.double().map(String),
      fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }).map(String),
    );
    fc.assert(
      fc.property(number, (source) => {
        let value: unknown;
        try {
          value = parseJson(source);
        } catch {
          return;
        }
        const canonical = canonicalizeJson(snapshotJson(value));
        expect(canonicalizeJson(parseJson(canonical))).toBe(canonical);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps __proto__ as a member, also nested', () => {
    const value = parseJson('{"__proto__":{"admin":true},"a":{"__proto__":1}}') as JsonObject;
    expect(Object.keys(value)).toEqual(['__proto__', 'a']);
    expect(value.admin).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.getOwnPropertyNames(value.a as object)).toEqual(['__proto__']);
  });

  it('takes names that every object inherits', () => {
    const names = Object.getOwnPropertyNames(Object.prototype).sort();
    const source = `{${names.map((name) => `"${name}":1`).join(',')}}`;
    expect(Object.keys(parseJson(source) as JsonObject).sort()).toEqual(names);
    expect(canonicalizeJson(snapshotJson(JSON.parse(source)))).toBe(source);
  });

  it('freezes what it returns', () => {
    const value = parseJson('{"a":[{}]}') as { a: [object] };
    expect([value, value.a, value.a[0]].every(Object.isFrozen)).toBe(true);
  });

  it('reads escapes', () => {
    expect(parseJson('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\uDE00"')).toBe('"\\/\b\f\n\r\té😀');
    expect(parseJson('{"\\u0061":1}')).toEqual({ a: 1 });
  });
});

const refused: [string, string][] = [
  ['nothing', ''],
  ['white space alone', ' \n'],
  ['two values', '1 2'],
  ['a name twice', '{"a":1,"a":2}'],
  ['a name twice in two spellings', '{"a":1,"\\u0061":2}'],
  ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
  ['a name twice deep down', '[{"x":{"a":1,"b":2,"a":1}}]'],
  ['a byte order mark', '\ufeff1'],
  ['a lone surrogate', '"\ud800"'],
  ['an escaped lone surrogate', '"\\ud800"'],
  ['a half escaped pair', '"\ud83d\\u0041"'],
  ['an escaped swapped pair', '"\\udc00\\ud800"'],
  ['a lone surrogate in a name', '{"\\udfff":1}'],
  ['2^53', '9007199254740992'],
  ['-2^53', '-9007199254740992'],
  ['2^53 as a fraction', '9007199254740992.0'],
  ['2^53 with an exponent', '9007199254740992e0'],
  ['1e20, whose canonical form is an integer', '1e20'],
  ['a long integer', '1'.repeat(400)],
  ['an overflowing number', '1e400'],
  ['a negative overflowing number', '-1e400'],
  ['an overflowing fraction', `${'9'.repeat(400)}.5`],
  ['a leading zero', '01'],
  ['a plus', '+1'],
  ['a bare point', '.5'],
  ['a trailing point', '5.'],
  ['hex', '0x10'],
  ['NaN', 'NaN'],
  ['Infinity', 'Infinity'],
  ['undefined', 'undefined'],
  ['a comment', '/* */1'],
  ['single quotes', "'a'"],
  ['a trailing comma', '[1,]'],
  ['a trailing comma in an object', '{"a":1,}'],
  ['a missing comma', '[1 2]'],
  ['a missing colon', '{"a" 1}'],
  ['a bare name', '{a:1}'],
  ['an open array', '[1'],
  ['an open object', '{"a":1'],
  ['an open string', '"abc'],
  ['a string that ends in a backslash', '"abc\\'],
  ['an escaped closing quote', '"abc\\"'],
  ['a control character', '"a\u0001b"'],
  ['a line end in a string', '"a\nb"'],
  ['an unknown escape', '"\\x41"'],
  ['a short unicode escape', '"\\u41"'],
  ['a no-break space', '\u00a01'],
  ['a truncated literal', 'tru'],
  ['a literal in another case', 'True'],
  ['a longer literal', 'nulls'],
];

describe('refusals of parseJson', () => {
  it.each(refused)('%s', (_what, source) => {
    const error = refusal(() => parseJson(source));
    expect(error.code).toBe('not_json');
    expect(error.line).toBeGreaterThan(0);
    expect(error.column).toBeGreaterThan(0);
  });

  it('name line and column', () => {
    expect(refusal(() => parseJson('{\n  "a": 1,\n  "a": 2\n}'))).toMatchObject({ line: 3, column: 3 });
    expect(refusal(() => parseJson('[1,\n 2,\n  x]'))).toMatchObject({ line: 3, column: 3 });
    expect(refusal(() => parseJson('x'))).toMatchObject({ line: 1, column: 1 });
  });

  it('invalid UTF-8, overlong forms and encoded surrogates', () => {
    for (const data of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xef, 0xbb, 0xbf, 0x31],
    ]) {
      expect(codeOf(() => parseJson(new Uint8Array(data)))).toBe('not_json');
    }
  });

  it('depth, without exhausting the stack', () => {
    expect(codeOf(() => parseJson('['.repeat(100_000)))).toBe('too_deep');
    expect(codeOf(() => parseJson('{"a":'.repeat(100_000)))).toBe('too_deep');
    expect(codeOf(() => parseJson(`${'['.repeat(65)}${']'.repeat(65)}`))).toBe('too_deep');
    expect(parseJson(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeDefined();
    expect(parseJson(`${'['.repeat(1_000)}${']'.repeat(1_000)}`, { maxDepth: 1_000 })).toBeDefined();
    expect(() => parseJson('1', { maxDepth: 1_001 })).toThrow(RangeError);
  });

  it('size in UTF-8 bytes', () => {
    expect(codeOf(() => parseJson('"é"', { maxBytes: 3 }))).toBe('too_large');
    expect(parseJson('"é"', { maxBytes: 4 })).toBe('é');
    expect(codeOf(() => parseJson('"😀"', { maxBytes: 5 }))).toBe('too_large');
    expect(parseJson('"😀"', { maxBytes: 6 })).toBe('😀');
    expect(codeOf(() => parseJson(text('"é"'), { maxBytes: 3 }))).toBe('too_large');
    expect(codeOf(() => parseJson(' '.repeat(1024 * 1024 + 1)))).toBe('too_large');
  });

  it('other arguments', () => {
    for (const value of [undefined, null, 1, {}, ['1'], Object('1'), new Uint16Array(1)]) {
      expect(() => parseJson(value as string)).toThrow(TypeError);
    }
  });
});

describe.skipIf(!haveVectors)('JSONTestSuite', () => {
  interface Row {
    name: string;
    expect: 'accept' | 'reject' | 'either';
    base64: string;
  }

  /** JSON that is not I-JSON: RFC 7493, section 2.3 (names must be unique). */
  const notIJson = new Set(['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json']);

  function outcome(base64: string): string {
    try {
      parseJson(new Uint8Array(Buffer.from(base64, 'base64')));
      return 'accept';
    } catch (error) {
      return error instanceof CryptoError ? 'reject' : `threw ${String(error)}`;
    }
  }

  it('accepts, refuses and never does anything else', () => {
    const rows = vectorLines<Row>('json-parsing/JSONTestSuite-test_parsing.jsonl');
    const wrong = rows.filter((row) => {
      const expected = notIJson.has(row.name) ? 'reject' : row.expect;
      const answer = outcome(row.base64);
      return expected === 'either' ? !['accept', 'reject'].includes(answer) : answer !== expected;
    });
    expect(rows.length).toBeGreaterThan(150);
    expect(wrong.map((row) => row.name)).toEqual([]);
  });

  it('decides the documents on which parsers differ', () => {
    const rows = vectorLines<Row>('json-parsing/JSONTestSuite-test_transform.jsonl');
    const accepted = rows.filter((row) => outcome(row.base64) === 'accept').map((row) => row.name);
    expect(accepted.sort()).toEqual([
      'number_1.0.json',
      'number_1.000000000000000005.json',
      'number_1000000000000000.json',
      'number_1e-999.json',
      'number_1e6.json',
      'object_key_nfc_nfd.json',
      'object_key_nfd_nfc.json',
      'string_with_escaped_NULL.json',
    ]);
  });
});

function safeNumber(_name: string, value: unknown): unknown {
  return typeof value === 'number' && Math.abs(value) >= 2 ** 53 && Math.abs(value) < 1e21 ? 0 : value;
}
