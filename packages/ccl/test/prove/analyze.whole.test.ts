import { expect, it } from 'vitest';
import { type AnalysisFinding, analyze, compile } from '../../src/index.js';

const NEVER = 'this condition can never be true';

it.each<[what: string, text: string, findings: AnalysisFinding[]]>([
  [
    'patterns that nothing matches',
    "permit a on 'https://HOST/**'",
    [{ kind: 'dead', line: 1, message: 'no well-formed request matches these patterns' }],
  ],
  [
    'a requirement where nothing is permitted',
    'require mfa on /x',
    [{ kind: 'dead', line: 1, message: 'this require applies to no request that is permitted' }],
  ],
  [
    'a limit where nothing is permitted',
    'limit a 5 per day',
    [{ kind: 'dead', line: 1, message: 'this limit applies to no request that is permitted' }],
  ],
  [
    'a permit that is never true',
    'permit a on /x when n = 1 and n = 2',
    [{ kind: 'never_true', line: 1, message: `${NEVER}: the permit never applies` }],
  ],
  [
    'a deny that is never true, nor unknown',
    'deny a on /x when has n and not has n',
    [{ kind: 'never_true', line: 1, message: `${NEVER}: the deny never applies` }],
  ],
  [
    'a deny that is never true, but unknown',
    'deny a on /x when n = 1 and n = 2',
    [
      {
        kind: 'never_true',
        line: 1,
        message: `${NEVER}: the deny applies only where a field is missing or of another type`,
      },
    ],
  ],
  [
    'a requirement that is never true, but unknown',
    'require mfa on /x when n = 1 and n = 2',
    [
      {
        kind: 'never_true',
        line: 1,
        message: `${NEVER}: the require applies only where a field is missing or of another type`,
      },
    ],
  ],
  [
    'several statements, in the order of their lines',
    'permit b on /y when n = 1 and n = 2\ndeny a on *\npermit a on /x when n = 1 and n = 2',
    [
      { kind: 'never_true', line: 1, message: `${NEVER}: the permit never applies` },
      {
        kind: 'lone_star',
        line: 2,
        message: "this deny's resource `*` matches one segment only; `**` matches everything",
      },
      { kind: 'never_true', line: 3, message: `${NEVER}: the permit never applies` },
    ],
  ],
  [
    'one deny against a permit',
    'permit a on /x\ndeny b on **\ndeny a on **',
    [{ kind: 'contradiction', line: 1, message: 'the deny on line 3 forbids all that this permit permits' }],
  ],
  [
    'several denies against a permit',
    'permit a on /x when n = 1\ndeny a on /x when m = 1\ndeny a on /x when m != 1',
    [
      {
        kind: 'covered',
        line: 1,
        message: 'denies and budgets together forbid all that this permit permits',
      },
    ],
  ],
  [
    'a permit within others',
    'permit a on /**\npermit a on /x',
    [{ kind: 'redundant', line: 2, message: 'other permits permit all that this one permits' }],
  ],
  [
    'a deny within others',
    'deny a on /**\ndeny a on /x',
    [{ kind: 'redundant', line: 2, message: 'other denies forbid all that this one forbids' }],
  ],
  [
    'the same requirement twice',
    'permit a on /x\nrequire mfa on **\nrequire mfa on **',
    [{ kind: 'redundant', line: 3, message: 'other statements require the same wherever this one does' }],
  ],
  [
    'a limit that is held by another',
    'permit a on /x\nlimit a 5 per hour\nlimit ** 4 per hour',
    [{ kind: 'never_binds', line: 2, message: 'the limit on line 3 is always reached before this one' }],
  ],
  [
    'a budget that costs nothing',
    'permit a on /x when n = 0\nlimit a 10 of n per hour',
    [{ kind: 'never_binds', line: 2, message: 'every request that is permitted costs 0 of this budget' }],
  ],
  [
    'a lone star in both places',
    'deny * on *',
    [
      {
        kind: 'lone_star',
        line: 1,
        message: "this deny's action and resource `*` matches one segment only; `**` matches everything",
      },
    ],
  ],
  [
    'a lone star as the action',
    'deny * on /x',
    [
      {
        kind: 'lone_star',
        line: 1,
        message: "this deny's action `*` matches one segment only; `**` matches everything",
      },
    ],
  ],
  [
    'a lone star as the resource',
    'deny a on *',
    [
      {
        kind: 'lone_star',
        line: 1,
        message: "this deny's resource `*` matches one segment only; `**` matches everything",
      },
    ],
  ],
])('%s', (_what, text, findings) => expect(analyze(compile(text))).toEqual(findings));

it('a spent budget is told once, at the last statement that was looked at', () => {
  const because = 'this statement and those above it were not looked at';
  expect(analyze(compile('permit a on /x\npermit a on /y\ndeny * on **'), { budget: 1 })).toEqual([
    {
      kind: 'lone_star',
      line: 3,
      message: "this deny's action `*` matches one segment only; `**` matches everything",
    },
    { kind: 'undecided', line: 3, message: `the work budget is spent: ${because}` },
  ]);
});
