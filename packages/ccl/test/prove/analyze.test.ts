import { describe, expect, it } from 'vitest';
import { type AnalysisKind, analyze, compile } from '../../src/index.js';

const brief = (text: string) => analyze(compile(text)).map(({ kind, line }) => `${kind} ${line}`);

describe('a defect is found on its line', () => {
  it.each<[AnalysisKind, number, string]>([
    ['never_true', 2, 'permit a on /x\npermit b on /y when n = 1 and n = 2'],
    ['never_true', 1, "permit a on /x when s starts_with 'a' and s starts_with 'b'"],
    ['never_true', 1, 'permit a on /x when n > 1 and n < 1.0000000000000002'],
    ['never_true', 1, 'permit a on /x when n in []'],
    ['never_true', 1, 'permit a on /x when o = 1 and has o.s'],
    ['never_true', 1, "permit a on /x when s matches 'a' and not s matches 'a'"],
    ['never_true', 2, 'permit a on /x\ndeny a on /x when has n and not has n'],
    ['never_true', 2, 'permit a on /x\ndeny a on /x when n = 1 and n = 2'],
    ['never_true', 2, 'permit a on /x\nrequire mfa on /x when n = 1 and n = 2'],
    ['contradiction', 1, 'permit a on /x\ndeny ** on **'],
    ['contradiction', 2, 'deny a.** on /x/**\npermit a.b on /x/y/z'],
    ['contradiction', 1, 'permit a on /x when n > 5\ndeny a on /x when n > 4'],
    ['contradiction', 1, 'permit a on /x when n = 5\ndeny a on /x when m = 5 or n = 5'],
    ['contradiction', 1, 'permit a on /x when not has n\ndeny a on /x when n = 5'],
    ['covered', 1, 'permit a on /**\ndeny a on /\ndeny a on /*/**'],
    ['covered', 1, 'permit a on /x when n = 1\ndeny a on /x when m = 1\ndeny a on /x when m != 1'],
    ['covered', 1, 'permit a on /x when n != 5\ndeny a on /x when n < 5\ndeny a on /x when n > 5'],
    ['covered', 1, 'permit a on /x when not has n\nlimit a 10 of n per hour'],
    ['redundant', 2, 'permit a on /**\npermit a on /x'],
    ['redundant', 3, 'permit a on /\npermit a on /*/**\npermit a on /**'],
    ['redundant', 2, 'permit a on /x when n > 1\npermit a on /x when n > 2'],
    ['redundant', 3, 'permit ** on **\ndeny a on /**\ndeny a on /x when n = 1'],
    ['dead', 1, "permit a on 'https://HOST/**'"],
    ['dead', 2, 'permit a on /x\nlimit b 5 per day'],
    ['dead', 2, 'permit a on /x\nrequire mfa for b on **'],
    ['dead', 3, 'permit a on /**\ndeny a on /x/**\nrequire mfa on /x/y'],
    ['dead', 2, 'permit a on /x when n = 1\nrequire mfa on /x when n = 2'],
    ['never_binds', 2, 'permit a on /x\nlimit a 10 per hour\nlimit a 10 per day'],
    ['never_binds', 2, 'permit a on /x\nlimit a 5 per hour\nlimit ** 4 per hour'],
    ['never_binds', 3, 'permit a on /x\nlimit a 1 per minute\nlimit a 60 per hour'],
    ['never_binds', 3, 'permit ** on **\nlimit a 4 per hour\nlimit a on /x 5 per hour'],
    ['never_binds', 3, 'permit a on /x when n = 0\npermit b on /y\nlimit a 10 of n per hour'],
    ['never_binds', 2, 'permit a on /x when n = 0\nlimit a 10 of n per hour'],
    ['lone_star', 2, 'permit ** on **\ndeny * on **'],
    ['lone_star', 2, 'permit ** on **\ndeny a on *'],
  ])('%s, line %d: %j', (kind, line, text) => {
    expect(brief(text)).toContain(`${kind} ${line}`);
    const finding = analyze(compile(text)).find((each) => each.kind === kind)!;
    expect(finding.message).not.toBe('');
  });
});

describe('a clean document has none', () => {
  it.each([
    '',
    '# nothing yet',
    'permit ** on **',
    'deny ** on **',
    'permit a on /x when n <= 1 or n >= 2',
    'permit a on /**\ndeny a on /x/**',
    'permit a on /**\ndeny a on /x when n = 1',
    'permit a on /x when n = 1\ndeny a on /x when m = 1',
    'permit a on /a*\npermit a on /*b',
    'permit a on /x\nlimit a 10 per hour\nlimit a 100 per day',
    'permit a on /x\nlimit a 59 per hour\nlimit a 1 per minute',
    'permit a on /x when n >= 0\nlimit a 10 per hour\nlimit a 10 of n per hour',
    'permit a on /x\npermit a on /y when n = 1\nrequire mfa on /y when n != 2',
    'permit ** on **\ndeny *.* on **',
    'permit *.* on /*',
    'permit a on /x\nrequire mfa on **\nrequire audit on **',
    'permit a on **\nlimit a on /x 4 per hour\nlimit a 5 per hour',
    "permit a on /x when s matches '^a' and not s matches 'b'",
    'permit a on /x when x = @y and every l = 1',
    `permit payments.refund on '/orders/**' when args.amount <= 200
permit orders.read on '/orders/**'
deny ** on '/secret/**'
deny payments.** on ** when env = 'prod'
limit payments.refund 100 per 1 days
limit payments.refund on '/orders/**' 5000 of args.amount per 2 days
require human.approval for payments.refund on '/orders/**' when args.amount > 100`,
  ])('%j', (text) => expect(brief(text)).toEqual([]));
});
