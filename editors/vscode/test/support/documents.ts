/** Random documents, with every construct of the language and with names that are keywords elsewhere. */
import fc from 'fast-check';

const pick = (...values: string[]) => fc.constantFrom(...values);
const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(''));
const maybe = (part: fc.Arbitrary<string>) => fc.oneof(fc.constant(''), part);
const keyword = (...words: string[]) => pick(...words.flatMap((word) => [word, word, word.toUpperCase()]));

const gap = pick(' ', ' ', ' ', '  ', '\t');
const string = pick(
  "''", "'x'", "'# no comment'", `'a "b" ; c'`, "'permit a on /x'", '""', '"\\u00e9\\n"', '"it\'s"', '"\\\\"', '"a;(b]"',
); // biome-ignore format: a list of words
const number = pick('0', '5', '-5', '2.5', '1e3', '-0.5E-2');
const scalar = fc.oneof(string, number, keyword('true', 'false'));

/** Where a keyword would be taken for one: behind `has`, `every`, `some`, `of` and `@` any name may stand. */
const laterField = pick(
  'a', 'args.amount', 'x-y', '_a.b_c', 'A1', 'permit', 'on', 'when', 'severity', 'and', 'or', 'in', 'not_in', 'matches',
  'contains', 'true', 'false', 'per', 'of', 'low', 'hours', 'require.for', 'not', 'has', 'every', 'some', 'not.x', 'and.or',
); // biome-ignore format: a list of words
/** A grammar that sees one line at a time takes the others for keywords where a line breaks beside them. */
const firstField = laterField.filter((name) => !/^(?:not|has|every|some|and|or)$/.test(name));

const action = fc.oneof(
  pick(
    'a',
    'a.b',
    'get_*',
    '**',
    '*',
    'a.**.c',
    'x:y-z',
    '5',
    'on',
    'permit',
    'when',
    'severity',
    '-',
    'limit.per',
  ),
  pick("'a.b'", '"on"', "'**'"),
);
const resource = pick(
  '/',
  '/a',
  '/a/**',
  '*',
  '**',
  '/a/*.txt',
  '/~u@h?x=1&y!$%',
  "'a b'",
  "'/#1'",
  '"\\u00e9/**"',
  "''",
);
const name = pick('human.approval', 'for', 'on', 'a', 'x-y', 'require');

/** What may stand between tokens inside parentheses; people break lines there. */
const inGroup = fc.oneof({ arbitrary: gap, weight: 6 }, pick('\n', '\n  ', ' # a comment, (\n\t'));

const ordered = fc.oneof(string, number);
const reference = join(fc.constant('@'), maybe(gap), laterField);
const array = fc
  .tuple(fc.array(scalar, { maxLength: 3 }), maybe(inGroup), maybe(inGroup))
  .map(([items, before, after]) => `[${before}${items.join(`${after},${before}`)}${after}]`);

/** An operator and its value, set apart by `space`. */
const comparing = (space: fc.Arbitrary<string>) =>
  fc.oneof(
    join(maybe(space), pick('=', '!='), maybe(space), fc.oneof(scalar, reference)),
    join(maybe(space), pick('<', '<=', '>', '>='), maybe(space), fc.oneof(ordered, reference)),
    join(space, keyword('in', 'not_in'), maybe(space), array),
    join(space, keyword('in', 'not_in'), space, reference),
    join(space, keyword('contains', 'not_contains'), space, fc.oneof(scalar, reference)),
    join(space, keyword('matches', 'starts_with', 'ends_with'), space, pick("'^a'", '"b"')),
  );

/** Conditions whose tokens are set apart by `space`. */
function conditions(space: fc.Arbitrary<string>, depth: number): fc.Arbitrary<string> {
  const comparison = fc.oneof(
    join(firstField, comparing(space)),
    join(pick('and', 'or'), comparing(gap)),
    join(keyword('every', 'some'), space, firstField, comparing(space)),
    join(keyword('every', 'some'), gap, laterField, comparing(gap)),
    join(keyword('has'), space, laterField),
  );
  if (depth === 0) return comparison;
  const inner = conditions(inGroup, depth - 1);
  const group = join(fc.constant('('), maybe(inGroup), inner, maybe(inGroup), fc.constant(')'));
  const not = join(keyword('not'), space, fc.oneof(comparison, group));
  const primary = fc.oneof({ arbitrary: comparison, weight: 3 }, group, not);
  const chain = join(primary, space, keyword('and', 'or'), space, primary);
  return fc.oneof({ arbitrary: primary, weight: 2 }, chain);
}

const severity = join(gap, keyword('severity'), gap, keyword('critical', 'high', 'medium', 'low'));
const when = join(gap, keyword('when'), gap, conditions(gap, 2));
const on = join(gap, keyword('on'), gap, resource);
const unit = keyword('second', 'seconds', 'minute', 'minutes', 'hour', 'hours', 'day', 'days');
const amount = fc.oneof(
  pick('1', '50', '007', '1000000'),
  join(pick('5', '0.5', '1e3'), gap, keyword('of'), gap, laterField),
);

export const statement = fc.oneof(
  join(keyword('permit', 'deny'), gap, action, on, maybe(when), maybe(severity)),
  join(
    keyword('require'), gap, name, maybe(join(gap, keyword('for'), gap, action)), on, maybe(when), maybe(severity),
  ),
  join(
    keyword('limit'), gap, action, maybe(on), gap, amount, gap, keyword('per'),
    maybe(join(gap, pick('1', '2', '030'))), gap, unit, maybe(severity),
  ),
); // biome-ignore format: one line a clause

const separator = pick('\n', '\n', '\r\n', '\n\n', ' ; ', ';', '  # permit a on /x\n', '\n# when\n  ');

export const document = fc
  .array(fc.tuple(statement, separator), { maxLength: 5 })
  .map((parts) => parts.map((part) => part.join('')).join(''));
