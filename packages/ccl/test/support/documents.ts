/** Documents that were made up as trees, without a text: what the builder is given. */
import fc from 'fast-check';
import type {
  CclDocument,
  Condition,
  FieldNode,
  LiteralNode,
  Location,
  PatternNode,
  Statement,
} from '../../src/ast.js';
import { actionPattern, FIELDS, resourcePattern } from './generators.js';

const pick = <T>(...values: T[]) => fc.constantFrom(...values);

/** What breaks a printer that does not quote. */
export const HOSTILE = [
  '',
  "'",
  '"',
  `'"`,
  '\\',
  '\\"',
  'a\nb',
  '\r',
  '\r\n',
  '\t',
  '\0',
  '\x7f',
  '\u0085',
  '\u00a0',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\u202e',
  '\ud800',
  'x\udc00',
  '#',
  ' # permit ** on **',
  ';',
  "'; permit ** on **",
  "'\npermit ** on **\n#",
  '" or has x',
  '\\u0022',
  '@owner',
  '[1]',
  '😀',
  '\u{e0001}',
] as const;
export const hostile = fc.oneof(
  pick(...HOSTILE),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
);
const wellFormed = hostile.filter((text) => !/\p{Cs}/u.test(text));

const at = (line: number): Location => ({ start: 0, end: 0, line, column: 1 });
const here = at(1);
const fields = [...FIELDS, 'and', 'or', 'in', 'severity', 'x-y', 'has.x', 'not.n'];
const field = pick(...fields).map(
  (path): FieldNode => ({ kind: 'field', path: path.split('.'), location: here }),
);
const string = fc.oneof(pick('', 'a', 'b', 'ab', '5'), wellFormed);
const number = fc.oneof(
  pick(0, 1, -1, 2.5, 5, 100, 0.1, 5e-324, 2 ** 53 - 1, 1 - 2 ** 53),
  fc.double({ noNaN: true, min: 1 - 2 ** 53, max: 2 ** 53 - 1 }),
);
const literal = (value: string | number | boolean): LiteralNode => ({
  kind: 'literal',
  value,
  location: here,
});
const scalar = fc.oneof(string, number, fc.boolean());
const reference = field.map((f) => ({ kind: 'reference', field: f, location: here }) as const);
const array = fc
  .array(scalar, { maxLength: 4 })
  .map((items) => ({ kind: 'array', items: items.map(literal), location: here }) as const);
const asLiteral = (value: fc.Arbitrary<string | number | boolean>) => value.map(literal);

const sides = fc.oneof(
  fc.tuple(pick('=', '!=', 'contains', 'not_contains'), fc.oneof(asLiteral(scalar), reference)),
  fc.tuple(pick('<', '<=', '>', '>='), fc.oneof(asLiteral(fc.oneof(string, number)), reference)),
  fc.tuple(pick('in', 'not_in'), fc.oneof(array, reference)),
  fc.tuple(pick('starts_with', 'ends_with'), fc.oneof(asLiteral(string), reference)),
  fc.tuple(fc.constant('matches'), asLiteral(pick('a', '^a?b$', "it's", '"', '\\d+', ''))),
);
const comparison = fc
  .tuple(pick(undefined, undefined, 'every', 'some'), field, sides)
  .map(([quantifier, f, [operator, value]]) => {
    return { kind: 'comparison', quantifier, field: f, operator, value, location: here } as Condition;
  });
const condition: fc.Arbitrary<Condition> = fc.letrec<{ node: Condition }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    field.map((f): Condition => ({ kind: 'has', field: f, location: here })),
    tie('node').map((operand): Condition => ({ kind: 'not', operand, location: here })),
    fc
      .tuple(pick('and' as const, 'or' as const), fc.array(tie('node'), { minLength: 2, maxLength: 3 }))
      .map(([kind, terms]): Condition => ({ kind, terms, location: here })),
  ),
})).node;

const pattern = (kind: PatternNode['kind'], texts: fc.Arbitrary<string>) =>
  texts.map((text): PatternNode => ({ kind, text, segments: [], quoted: false, location: here }));
const action = pattern('action', actionPattern);
const resource = pattern(
  'resource',
  fc.oneof(
    { arbitrary: resourcePattern, weight: 4 },
    pick("/it's", '/"', '/#;', '/a\u2028b', '/\u00a0', "/'; permit x on y"),
  ),
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const severity = optional(pick('critical' as const, 'high' as const, 'medium' as const, 'low' as const));
const period = fc.record({
  count: optional(pick(1, 2, 30, 1_000_000)),
  unit: pick('second' as const, 'minute' as const, 'hour' as const, 'day' as const),
});

const rule = fc.record({
  kind: pick('permit' as const, 'deny' as const),
  action,
  resource,
  condition: optional(condition),
  severity,
});
const requirement = fc.record({
  kind: fc.constant('require' as const),
  name: pick('human.approval', 'mfa', 'constructor', 'for'),
  action: optional(action),
  resource,
  condition: optional(condition),
  severity,
});
const limit = fc
  .record({ kind: fc.constant('limit' as const), action, resource: optional(resource), period, severity })
  .chain((rest) =>
    fc.oneof(
      pick(1, 2, 1_000_000).map((amount) => ({ ...rest, amount, field: undefined })),
      fc
        .tuple(pick(0.5, 1e-7, 5000, 2 ** 53 - 1), field)
        .map(([amount, f]) => ({ ...rest, amount, field: f })),
    ),
  );
/** Without it few requests get as far as limits and obligations. */
const everything = fc.constant({
  kind: 'permit',
  ...patterns('**'),
  condition: undefined,
  severity: undefined,
});

function patterns(text: string) {
  const common = { text, segments: [], quoted: false, location: here };
  return { action: { kind: 'action', ...common }, resource: { kind: 'resource', ...common } } as const;
}

/** Each statement on a line of its own. */
export const madeUp: fc.Arbitrary<CclDocument> = fc
  .array(fc.oneof({ arbitrary: rule, weight: 4 }, everything, requirement, limit), { maxLength: 6 })
  .map((statements) => ({
    kind: 'document',
    comments: [],
    statements: statements.map(
      (statement, index) => ({ ...statement, location: at(index + 1) }) as Statement,
    ),
  }));
