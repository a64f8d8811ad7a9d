/** Random documents and requests over small alphabets, so that they often meet. */
import fc from 'fast-check';

const pick = <T>(...values: T[]) => fc.constantFrom(...values);

export const actionPattern = fc.oneof(
  {
    arbitrary: pick(
      '**',
      '*',
      'a',
      'b',
      'a.b',
      'a.*',
      'a.**',
      '**.b',
      'a*',
      '*b.*',
      'get_*.**',
      'a.**.c',
      '*a*b*',
      'on',
      'x:y',
    ),
    weight: 4,
  },
  fc
    .array(pick('**', '*', 'a', 'b', 'ab', 'a*', '*b', 'c:d-e'), { minLength: 1, maxLength: 4 })
    .map((s) => s.join('.')),
);
export const action = fc
  .array(pick('a', 'b', 'ab', 'c', 'get_x', 'c:d-e', 'on'), { minLength: 1, maxLength: 3 })
  .map((s) => s.join('.'));

export const resourcePattern = fc.oneof(
  {
    arbitrary: pick(
      '**',
      '*',
      '/',
      '',
      '/**',
      '/a',
      '/a/**',
      '/a/*',
      'a/b',
      '**/b',
      '/*.txt',
      '/a//b/',
      'https://h/**',
      '/a/**/b/**',
    ),
    weight: 4,
  },
  fc
    .array(pick('**', '*', 'a', 'b', 'a*', '*.txt', '*a*b', 'x y', 'é'), { maxLength: 5 })
    .map((s) => s.join('/')),
);
export const resource = fc.oneof(
  {
    arbitrary: pick(
      '/',
      '',
      '/a',
      '/a/b',
      'a/b/',
      '//a//b',
      '/b',
      '/a/x.txt',
      'https://h/x',
      '/a/b/c',
      '*',
      '**',
      'x y',
      '/é/b',
    ),
    weight: 4,
  },
  fc
    .array(pick('a', 'b', 'ab', 'aXb', 'x.txt', '*', 'x y', 'é', ''), { maxLength: 5 })
    .map((s) => s.join('/')),
);
export const oddName = pick<unknown>(
  undefined,
  null,
  5,
  '',
  '.',
  'a.',
  '.a',
  'a..b',
  'a/b',
  'a*',
  'a b',
  'é',
  'a'.repeat(513),
  ['a'],
  { toString: () => 'a' },
  '/a/../b',
  './a',
  '/a\\b',
  '/a%2fb',
  '/a%2E',
  '/a%5Cb',
  '/a\u0000',
  '/a\u007f',
  '/\ud800',
  'https://H/x',
  'https:h/x',
  '/https://H/x',
  ' https://H/',
  'https://h./',
  'https://u@h/',
  'https://h/?',
  'C:/x',
  'urn:x:y',
  `/${'a'.repeat(4096)}`,
);

export const FIELDS = ['n', 's', 'b', 'list', 'o.n', 'o.s', 'o.list', 'args.amount', 'toString', 'on'];
const field = pick(...FIELDS);
const number = fc.oneof(
  pick('0', '-0', '1', '-1', '2.5', '5', '100', '1e2', '0.1'),
  fc.integer({ min: -3, max: 3 }).map(String),
);
const STRINGS = ['', 'a', 'b', 'ab', '5', 'é', 'x y'];
const string = fc.oneof(
  pick(...STRINGS).map((s) => `'${s}'`),
  pick(...STRINGS, "it's", 'tab\t', '\u2028', '😀').map((s) => JSON.stringify(s)),
);
const scalar = fc.oneof(number, string, pick('true', 'false', 'TRUE'));
const array = fc.array(scalar, { maxLength: 4 }).map((items) => `[${items.join(',\n ')}]`);
const reference = field.map((f) => `@${f}`);
/** Every way to write a keyword. */
const keyword = (word: string) => fc.boolean().map((upper) => (upper ? word.toUpperCase() : word));

const spaced = (left: string, sign: string, right: string, tight: boolean) =>
  tight ? `${left}${sign}${right}` : `${left} ${sign} ${right}`;

const comparison = fc.oneof(
  fc.tuple(field, pick('=', '!='), fc.oneof(scalar, reference), fc.boolean()).map((p) => spaced(...p)),
  fc
    .tuple(field, pick('<', '<=', '>', '>='), fc.oneof(number, string, reference), fc.boolean())
    .map((p) => spaced(...p)),
  fc.tuple(field, pick('in', 'not_in', 'IN'), fc.oneof(array, reference)).map((p) => p.join(' ')),
  fc.tuple(field, pick('contains', 'not_contains'), fc.oneof(scalar, reference)).map((p) => p.join(' ')),
  fc.tuple(field, pick('starts_with', 'ends_with'), fc.oneof(string, reference)).map((p) => p.join(' ')),
  fc
    .tuple(field, fc.constant('matches'), pick("'a'", "'^a?b$'", "'^[0-9]+$'", "'.'"))
    .map((p) => p.join(' ')),
);
const quantified = fc.tuple(pick('', '', 'every ', 'some '), comparison).map(([q, c]) => q + c);

export const condition: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    quantified,
    fc.oneof(
      quantified,
      field.map((f) => `has ${f}`),
    ),
    tie('node').map((inner) => `not (${inner})`),
    tie('node').map((inner) => `(${inner} # why\n)`),
    fc
      .tuple(tie('node'), pick('and', 'or', 'AND', '# c\nor'), tie('node'))
      .map(([l, w, r]) => `(${l} ${w} ${r})`),
    fc
      .array(tie('node'), { minLength: 2, maxLength: 4 })
      .map((terms) => terms.map((t) => `(${t})`).join(' or ')),
  ),
})).node;

const action_ = fc.oneof(
  actionPattern,
  actionPattern.map((a) => `'${a}'`),
);
const resource_ = resourcePattern.map((r) => (/^(\/[\w./*:-]*|\*\*?)$/.test(r) ? r : `'${r}'`));
const when = fc.option(condition, { nil: undefined });
const severity = pick(
  '',
  '',
  '',
  ' severity critical',
  ' severity LOW',
  ' severity medium',
  ' severity high',
);
const count = pick('1', '2', '10', '007');
const unit = pick('second', 'seconds', 'minute', 'hours', 'DAY');

const rule = fc
  .tuple(fc.oneof(keyword('permit'), keyword('deny')), action_, resource_, when, severity)
  .map(([k, a, r, c, s]) => `${k} ${a} on ${r}${c === undefined ? '' : ` when (${c})`}${s}`);
const requirement = fc
  .tuple(
    pick('human.approval', 'mfa', 'for'),
    fc.option(action_, { nil: undefined }),
    resource_,
    when,
    severity,
  )
  .map(([n, a, r, c, s]) => `require ${n}${a ? ` for ${a}` : ''} on ${r}${c ? ` when (${c})` : ''}${s}`);
const limit = fc
  .tuple(
    action_,
    fc.option(resource_, { nil: undefined }),
    count,
    fc.option(field, { nil: undefined }),
    pick('', '1 ', '3 '),
    unit,
    severity,
  )
  .map(
    ([a, r, n, f, c, u, s]) => `limit ${a}${r ? ` on ${r}` : ''} ${n}${f ? ` of ${f}` : ''} per ${c}${u}${s}`,
  );

/** Statements over much of the space: without them few requests get as far as limits and obligations. */
const broad = pick(
  'permit ** on **',
  'permit a.** on **',
  'permit ** on /a/**',
  'permit ** on ** when has n',
  'deny ** on ** when b = 1',
  'limit ** 7 of n per day',
  'limit ** on **\t3 per 2 minutes',
  'limit a.** 0.5 of o.n per hour',
  "require mfa on ** when s = 'a'",
);
export const statement = fc.oneof(
  { arbitrary: rule, weight: 5 },
  { arbitrary: broad, weight: 3 },
  requirement,
  limit,
);
const separator = pick('\n', '\n\n', ' ;', ';\n', ' # note\n', '\r\n', '\n # own line\n\n\n', ' ; # after\n');

/** A CCL text that parses. */
export const documentText = fc
  .array(fc.tuple(statement, separator), { maxLength: 6 })
  .map((parts) => parts.map(([s, end]) => s + end).join(''));

/** Its first element is a hole: missing. */
const sparse: unknown[] = [];
sparse[1] = 'a';

const plainValue = fc.oneof(
  pick<unknown>(...STRINGS, -1, 0, -0, 1, 2.5, 5, 100, 0.1, true, false),
  pick<unknown>(null, undefined, Number.NaN, Number.POSITIVE_INFINITY, 5n, new Date(0), {}, new Map()),
);
const value = fc.oneof(
  { arbitrary: plainValue, weight: 3 },
  fc.array(plainValue, { maxLength: 3 }),
  fc.constant(sparse),
);
const inner = fc.record({ n: value, s: value, list: value }, { requiredKeys: [] });
const plainContext = fc.record(
  {
    n: value,
    s: value,
    b: value,
    list: value,
    on: value,
    toString: value,
    o: fc.oneof(inner, value),
    args: fc.record({ amount: value }),
  },
  { requiredKeys: [] },
);
export const context = fc.oneof(
  { arbitrary: plainContext, weight: 8 },
  pick<unknown>(undefined, null, 'text', [1], 5),
);

export interface AnyRequest {
  action: unknown;
  resource: unknown;
  context: unknown;
}

export const request: fc.Arbitrary<AnyRequest> = fc.record({
  action: fc.oneof({ arbitrary: action, weight: 12 }, oddName),
  resource: fc.oneof({ arbitrary: resource, weight: 12 }, oddName),
  context,
});
