import { expect, it } from 'vitest';
import { compile, type Evaluation, evaluate, type Request } from '../src/index.js';

const decide = (text: string, request: Partial<Record<keyof Request, unknown>>) =>
  evaluate(compile(text), { action: 'a', resource: '/x', ...request } as Request);

/** What every denial holds. */
const denied = { permitted: false, severity: 'high', matched: [], obligations: [], limits: [] };

it.each<[what: string, text: string, request: Partial<Record<keyof Request, unknown>>, whole: object]>([
  [
    'a malformed action',
    'permit ** on **',
    { action: 'a..b' },
    { ...denied, code: 'malformed_request', reason: 'the action `a..b` is malformed' },
  ],
  [
    'an action that is no text',
    'permit ** on **',
    { action: 7 },
    { ...denied, code: 'malformed_request', reason: 'the action is not a string' },
  ],
  [
    'a malformed resource',
    'permit ** on **',
    { resource: '/a/..' },
    { ...denied, code: 'malformed_request', reason: 'the resource `/a/..` is malformed' },
  ],
  [
    'a resource that is no text',
    'permit ** on **',
    { resource: null },
    { ...denied, code: 'malformed_request', reason: 'the resource is not a string' },
  ],
  [
    'no permit',
    'permit b on **',
    {},
    { ...denied, code: 'no_matching_permit', reason: 'no rule permits `a` on `/x`' },
  ],
  [
    'one deny',
    'permit a on **\ndeny a on /x severity low',
    {},
    {
      ...denied,
      code: 'denied_by_rule',
      reason: 'denied by the rule on line 2',
      severity: 'low',
      matched: [{ kind: 'deny', line: 2, text: 'deny a on /x severity low' }],
    },
  ],
  [
    'two denies, and the higher of their severities',
    'deny a on /x severity medium\ndeny ** on ** severity low',
    {},
    {
      ...denied,
      code: 'denied_by_rule',
      reason: 'denied by the rule on line 1 and 1 more',
      severity: 'medium',
      matched: [
        { kind: 'deny', line: 1, text: 'deny a on /x severity medium' },
        { kind: 'deny', line: 2, text: 'deny ** on ** severity low' },
      ],
    },
  ],
  [
    'two permits, a limit of requests, one of a field, and an obligation',
    "permit a on /x severity low\npermit ** on ** severity critical\nlimit a 5 per 2 hours\nlimit a 9.5 of n per day\nrequire mfa on ** when n = 'x'",
    { context: { n: 2.5 } },
    {
      permitted: true,
      code: 'permitted',
      reason: 'permitted by the rule on line 1 and 1 more',
      severity: 'critical',
      matched: [
        { kind: 'permit', line: 1, text: 'permit a on /x severity low' },
        { kind: 'permit', line: 2, text: 'permit ** on ** severity critical' },
      ],
      obligations: [{ name: 'mfa', line: 5 }],
      limits: [
        { line: 3, statement: 2, amount: 5, cost: 1, periodMs: 7_200_000 },
        { line: 4, statement: 3, amount: 9.5, field: 'n', cost: 2.5, periodMs: 86_400_000 },
      ],
    },
  ],
  [
    'a budget of what is missing',
    'permit a on **\nlimit a 9 of o.n per day',
    { context: { o: {} } },
    {
      ...denied,
      code: 'limit_unmeasurable',
      reason: 'the limit on line 2 counts `o.n`, which is missing or no number from 0 up',
      matched: [{ kind: 'permit', line: 1, text: 'permit a on **' }],
      unmeasurable: { line: 2, statement: 1 },
    },
  ],
])('%s is told whole', (_what, text, request, whole) => {
  expect(decide(text, request)).toStrictEqual(whole as Evaluation);
});

it('tells many rules in the order of the document, however they were found', () => {
  const patterns = ['/x', '/**', '**', '*', '/x/**', "'x*'", "'*x'"];
  for (const count of [1, 2, 7, 15, 16, 17, 18, 40]) {
    const lines = Array.from({ length: count }, (_, i) => `permit a on ${patterns[i % patterns.length]}`);
    const { matched, reason } = decide(lines.reverse().join('\n'), {});
    expect(matched.map(({ line }) => line)).toEqual(lines.map((_, i) => i + 1));
    expect(reason).toBe(`permitted by the rule on line 1${count === 1 ? '' : ` and ${count - 1} more`}`);
  }
});
