import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compile,
  evaluate,
  explain,
  explanationText,
  isValidAction,
  normalizeResource,
  type Request,
} from '../src/index.js';
import { malformedAction, malformedResource } from '../src/lib/malformed.js';
import { documentText, oddName, request } from './support/generators.js';

const RULES = `permit orders.read on '/orders/**'
permit payments.refund on '/orders/**' when args.amount <= 200
deny payments.* on '/orders/frozen/*'
deny payments.* on '/orders/**' when args.currency != 'EUR'
limit payments.refund 500 of args.amount per 1 days
require human.approval for payments.refund on '/orders/**' when args.amount > 100`;

const refund = (args: Record<string, unknown>): Request => ({
  action: 'payments.refund',
  resource: '/orders/7',
  context: { args },
});

const explained = (context: Request) => explain(compile(RULES), context);

/** For each statement: what it came to. */
const outcomes = (asked: Request) =>
  explained(asked).statements.map(({ applies, decides, because }) => [
    decides ? 'decides' : applies ? 'applies' : 'not',
    because,
  ]);

describe('explain', () => {
  it('says of every statement whether it applies, and why not', () => {
    expect(outcomes(refund({ amount: 150, currency: 'EUR' }))).toEqual([
      ['not', 'action does not match'],
      ['decides', undefined],
      ['not', 'resource does not match'],
      ['not', 'condition is false'],
      ['decides', undefined],
      ['decides', undefined],
    ]);
  });

  it('tells an unknown condition from a false one', () => {
    const unknown = 'condition is unknown, and a deny applies unless it is false';
    expect(outcomes(refund({}))).toEqual([
      ['not', 'action does not match'],
      ['not', 'condition is unknown'],
      ['not', 'resource does not match'],
      ['decides', unknown],
      ['applies', undefined],
      ['applies', 'condition is unknown, and a require applies unless it is false'],
    ]);
  });

  it('names the limit that cannot be measured', () => {
    const policy = compile(
      'permit a on **\nlimit a 5 per day\nlimit a 5 of n per day\nlimit a 5 of m per day',
    );
    const { evaluation, statements } = explain(policy, { action: 'a', resource: '/', context: {} });
    expect(evaluation.code).toBe('limit_unmeasurable');
    expect(statements.map(({ decides }) => decides)).toEqual([true, false, true, false]);
  });

  it('shows each comparison with its value and what the fields hold', () => {
    const policy = compile(
      "permit a on ** when (n > 1 or not has s) and some list = @s and not (s matches '^x' or o.n = 1)",
    );
    const context = { n: 0, s: 'x"y', list: ['x', 5, null] };
    const { condition } = explain(policy, { action: 'a', resource: '/', context }).statements[0]!;
    expect(condition).toMatchObject({
      kind: 'and',
      value: 'false',
      terms: [
        {
          kind: 'or',
          value: 'false',
          terms: [
            { text: 'n > 1', value: 'false', fields: [{ field: 'n', value: '0' }] },
            { kind: 'not', value: 'false', terms: [{ text: 'has s', value: 'true' }] },
          ],
        },
        {
          text: 'some list = @s',
          value: 'unknown',
          fields: [
            { field: 'list', value: '["x", 5, null]' },
            { field: 's', value: '"x\\"y"' },
          ],
        },
        {
          kind: 'not',
          value: 'false',
          terms: [
            {
              kind: 'or',
              terms: [
                { value: 'true' },
                { text: 'o.n = 1', value: 'unknown', fields: [{ field: 'o.n', value: 'missing' }] },
              ],
            },
          ],
        },
      ],
    });
  });

  it('joins by the logic of three values, as evaluate does', () => {
    const order = ['false', 'unknown', 'true'];
    const terms = ['n = 2', 'missing = 1', 'n = 1'];
    const context = { n: 1 };
    const judged = (condition: string) => {
      const asked = { action: 'a', resource: '/', context };
      const { evaluation, statements } = explain(compile(`permit a on ** when ${condition}`), asked);
      const { value } = statements[0]!.condition!;
      expect(evaluation.permitted).toBe(value === 'true');
      return value;
    };
    terms.forEach((left, i) => {
      expect(judged(left)).toBe(order[i]);
      expect(judged(`not ${left}`)).toBe(order[2 - i]);
      terms.forEach((right, j) => {
        expect(judged(`${left} and ${right}`)).toBe(order[Math.min(i, j)]);
        expect(judged(`${left} or ${right}`)).toBe(order[Math.max(i, j)]);
      });
    });
  });

  it.each<[shown: string, value: unknown]>([
    ['"a short text"', 'a short text'],
    [`"${'x'.repeat(63)}…`, 'x'.repeat(1_000_000)],
    ['"\\u{202e}\\u001b[2K"', '\u202e\u001b[2K'],
    ['"\\ud800"', '\ud800'],
    ['NaN', Number.NaN],
    ['0', -0],
    ['null', null],
    ['an object', { a: 1 }],
    ['an object', new Date(0)],
    ['[an array, an object, "a", missing]', [[1], {}, 'a', undefined]],
    [`[${'7, '.repeat(21)}…`, Array(1_000_000).fill(7)],
    ['a bigint', 5n],
    ['a function', () => 1],
  ])('shows a value as %s', (shown, value) => {
    const policy = compile('permit a on ** when v = 1');
    const { condition } = explain(policy, { action: 'a', resource: '/', context: { v: value } })
      .statements[0]!;
    expect(condition!.fields).toEqual([{ field: 'v', value: shown }]);
  });

  it('agrees with evaluate, statement by statement', () => {
    const seen = new Set<string>();
    const property = fc.property(documentText, fc.array(request, { maxLength: 8 }), (text, requests) => {
      const policy = compile(text);
      for (const asked of requests as Request[]) {
        const expected = evaluate(policy, asked);
        const { evaluation, malformed, statements } = explain(policy, asked);
        expect(evaluation).toEqual(expected);
        expect(malformed !== undefined).toBe(expected.code === 'malformed_request');
        expect(statements.map(({ index }) => index)).toEqual(
          malformed === undefined ? policy.statements.map(({ index }) => index) : [],
        );
        const deciding = statements.filter(({ decides }) => decides);
        const of = (...kinds: string[]) => deciding.filter(({ kind }) => kinds.includes(kind));
        expect(of('permit', 'deny').map(({ kind, line, text: t }) => ({ kind, line, text: t }))).toEqual(
          expected.matched,
        );
        const limits = expected.limits.map(({ statement }) => statement);
        if (expected.unmeasurable !== undefined) limits.push(expected.unmeasurable.statement);
        expect(of('limit').map(({ index }) => index)).toEqual(limits);
        expect(
          of('require').map(({ line, index }) => ({ name: policy.statements[index]!.name, line })),
        ).toEqual(expected.obligations);
        for (const { applies, decides, because } of statements) {
          if (decides) expect(applies).toBe(true);
          if (!applies) expect(because).toBeDefined();
        }
        seen.add(evaluation.code);
      }
    });
    fc.assert(property, { numRuns: 1500 });
    expect([...seen].sort()).toEqual(
      ['denied_by_rule', 'limit_unmeasurable', 'malformed_request', 'no_matching_permit', 'permitted'].sort(),
    );
  });

  it('is a TypeError for what compile did not make', () => {
    for (const policy of [undefined, null, RULES, {}, { statements: [] }])
      expect(() => explain(policy as never, refund({}))).toThrow(TypeError);
  });

  it('takes what is no request for a malformed one', () => {
    for (const asked of [undefined, null, 5, 'text', {}, []])
      expect(explained(asked as never)).toMatchObject({
        evaluation: { permitted: false, code: 'malformed_request' },
        malformed: 'the action is missing, not a string',
        statements: [],
      });
  });
});

describe('why a request is malformed', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /missing/],
    [null, /null/],
    [5, /a number/],
    [['a'], /an array/],
    [{}, /an object/],
    ['', /^the action is empty/],
    ['a'.repeat(513), /513 characters.*512/],
    [`${'a'.repeat(511)} `, /character 512 .*` `/],
    ['a b', /character 2 .*` `/],
    ['a*', /character 2 .*`\*`/],
    ['a.é', /character 3 .*`é`/],
    ['a\u0000', /character 2 .*`\\u\{0\}`/],
    ['😀', /character 1 .*`😀`/],
    ['a..b', /segment 2 .*empty/],
    ['.a', /segment 1 .*empty/],
    ['a.', /segment 2 .*empty/],
    ['.', /segment 1 .*empty/],
  ])('says of the action %j %s', (action, reason) => {
    expect(malformedAction(action)).toMatch(reason);
  });

  it.each<[unknown, RegExp]>([
    [undefined, /missing/],
    [() => 1, /a function/],
    ['/'.repeat(4097), /4097 characters.*4096/],
    [`${'/'.repeat(4095)}\\`, /character 4096 /],
    ['/a\\b', /character 3 .*`\\\\`/],
    ['/a\n', /character 3 .*`\\u\{a\}`/],
    ['/\u007f', /character 2 .*`\\u\{7f\}`/],
    ['/\ud800/x', /character 2 .*lone surrogate/],
    ['/a%2Fb', /`%2F` at character 3/],
    ['/a/%5c', /`%5c` at character 4/],
    ['/a/./b', /segment 2 .*`\.`/],
    ['//a//..', /segment 2 .*`\.\.`/],
    ['https:h/x', /would spell it `https:\/\/h\/x`/],
    ['https://H/x', /would spell it `https:\/\/h\/x`/],
    [' https://h/x', /would spell it/],
    ['https://u@h/', /user name/],
    ['https://:p@h/', /password/],
    ['https://h/?', /query/],
    ['https://h/#a', /fragment/],
    ['https://h./', /dot/],
    ['https://[', /no URL/],
    ['ab:?', /query/],
  ])('says of the resource %j %s', (resource, reason) => {
    expect(malformedResource(resource)).toMatch(reason);
  });

  it('is said of exactly what evaluate calls malformed', () => {
    const any = fc.oneof(
      oddName,
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc
        .array(
          fc.constantFrom(
            'http',
            ':',
            '/',
            '@',
            '.',
            '..',
            '%2e',
            '?',
            '#',
            'a',
            'H',
            ' ',
            '\\',
            '\ud800',
            '',
          ),
          {
            maxLength: 7,
          },
        )
        .map((parts) => parts.join('')),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
    );
    const property = fc.property(any, (text) => {
      expect(malformedAction(text) === undefined).toBe(isValidAction(text as string));
      expect(malformedResource(text) === undefined).toBe(normalizeResource(text as string) !== undefined);
    });
    fc.assert(property, { numRuns: 5000 });
  });
});

describe('explanationText', () => {
  it('is for a person', () => {
    expect(explanationText(explained(refund({ amount: 250 })))).toBe(
      [
        'deny  denied_by_rule',
        'denied by the rule on line 4',
        "- line 1: permit orders.read on '/orders/**'  (action does not match)",
        "- line 2: permit payments.refund on '/orders/**' when args.amount <= 200  (condition is false)",
        '    false    args.amount <= 200  (args.amount is 250)',
        "- line 3: deny payments.* on '/orders/frozen/*'  (resource does not match)",
        "* line 4: deny payments.* on '/orders/**' when args.currency != 'EUR'  (condition is unknown, and a deny applies unless it is false)",
        "    unknown  args.currency != 'EUR'  (args.currency is missing)",
        '+ line 5: limit payments.refund 500 of args.amount per 1 days',
        "+ line 6: require human.approval for payments.refund on '/orders/**' when args.amount > 100",
        '    true     args.amount > 100  (args.amount is 250)',
      ].join('\n'),
    );
  });

  it('sets the terms of a condition below it, and tells their values by their tones', () => {
    const policy = compile('permit a on ** when not (n = 1 and (s = 1 or has s))');
    const explanation = explain(policy, { action: 'a', resource: '/', context: { n: 1 } });
    const text = explanationText(explanation, (part, tone) => `${part.trim()}:${tone}`);
    expect(text.split('\n').slice(1)).toEqual([
      'no rule permits `a` on `/`',
      '- line 1: permit a on ** when not (n = 1 and (s = 1 or has s)):faint(condition is unknown):faint',
      '    unknown:doubt  not',
      '      unknown:doubt  and',
      '        true:good  n = 1  (n is 1):faint',
      '        unknown:doubt  or',
      '          unknown:doubt  s = 1  (s is missing):faint',
      '          false:bad  has s  (s is missing):faint',
    ]);
  });

  it('says what is malformed', () => {
    const text = explanationText(explained({ action: 'a', resource: '/a/../b' }));
    expect(text.split('\n')).toEqual([
      'deny  malformed_request',
      'the resource `/a/../b` is malformed',
      'segment 2 of the resource is `..`; hand over the resolved resource',
    ]);
  });

  it('keeps a statement on one line, and lets nothing move the cursor', () => {
    const policy = compile(
      `permit a on ** when (s = 1\n  # \u202e why\n  or s = '\u001b[2K${'x'.repeat(500)}')`,
    );
    const text = explanationText(
      explain(policy, { action: 'a', resource: '/', context: { s: '\u001b[31m' } }),
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e]/);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThan(250);
    expect(text.split('\n')).toHaveLength(6);
  });

  it('lets the printer colour it', () => {
    const painted = explanationText(explained(refund({})), (text, tone) => `<${tone}>${text}</>`);
    expect(painted).toContain('<bad>deny</>');
    expect(painted).toContain('<doubt>unknown</>');
    expect(painted.replace(/<\/?\w*>/g, '')).toBe(explanationText(explained(refund({}))));
  });
});
