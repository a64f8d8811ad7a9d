import { describe, expect, it } from 'vitest';
import { type AnalysisKind, analyze, compile, evaluate, parse, type Request } from '../../src/index.js';
import { randomDraft } from './support/documents.js';
import { print } from './support/draft.js';
import { effect, isTrue, objection, withoutLines } from './support/findings.js';
import { Random } from './support/random.js';
import { FINITE } from './support/representatives.js';
import { Requests } from './support/requests.js';
import { isPlain, WORLDS } from './support/worlds.js';

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

describe.each(Object.values(WORLDS))('in the $name world', (world) => {
  it('no request speaks against a finding', () => {
    let findings = 0;
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(seed);
      const text = print(randomDraft(random, world));
      const source = new Requests(parse(text), parse(text));
      const requests = random.many(100, 100, () => source.next(random));
      for (const finding of analyze(compile(text))) {
        findings++;
        expect(objection(text, finding, requests)).toBeUndefined();
        if (isPlain(world)) expect(finding.kind, text).not.toBe('undecided');
      }
    }
    expect(findings).toBeGreaterThan(100);
  });
});

describe.each(FINITE)('in the finite world of $world.name', ({ world, requests: make }) => {
  const requests = make();
  const contexts = [
    ...new Map(requests.map((request) => [JSON.stringify(request.context), request])).values(),
  ];

  it('findings are what asking every request gives', () => {
    const random = new Random(3);
    for (let done = 0; done < 60; done++) {
      const text = print(randomDraft(random, world));
      const findings = analyze(compile(text));
      for (const finding of findings) expect(objection(text, finding, requests)).toBeUndefined();
      const reported = findings.filter(({ kind }) => kind !== 'lone_star').map(({ line }) => line);
      for (const line of unreported(text, reported, requests))
        expect.fail(`line ${line} changes nothing\n${text}`);
      const neverTrue = findings
        .filter(({ kind }) => kind === 'never_true' || kind === 'dead')
        .map(({ line }) => line);
      for (const line of untrue(text, contexts))
        expect(neverTrue, `line ${line} is never true\n${text}`).toContain(line);
    }
  });
});

/** Permits and denies that could be left out, once all that are reported are: not even the code would change. */
function unreported(text: string, reported: readonly number[], requests: readonly Request[]): number[] {
  const rest = withoutLines(text, removable(text, reported));
  const outcomes = (of: string) => {
    const policy = compile(of);
    return requests.map((request) => evaluate(policy, request)).map((one) => one.code + effect(one));
  };
  const whole = outcomes(rest);
  return parse(rest).statements.flatMap(({ kind, location: { line } }) => {
    if ((kind !== 'permit' && kind !== 'deny') || reported.includes(line)) return [];
    const without = outcomes(withoutLines(rest, [line]));
    return without.every((outcome, at) => outcome === whole[at]) ? [line] : [];
  });
}

/** A condition that is never true is reported, but a deny or requirement may apply where it is unknown. */
function removable(text: string, reported: readonly number[]): number[] {
  const kinds = new Map(parse(text).statements.map(({ location, kind }) => [location.line, kind]));
  const neverTrue = analyze(compile(text))
    .filter(({ kind }) => kind === 'never_true')
    .map(({ line }) => line);
  return reported.filter((line) => kinds.get(line) === 'permit' || !neverTrue.includes(line));
}

/** The lines whose condition is true of no context. */
function untrue(text: string, contexts: readonly Request[]): number[] {
  return parse(text).statements.flatMap((statement) => {
    if (statement.kind === 'limit' || statement.condition === undefined) return [];
    const { line } = statement.location;
    return contexts.some((request) => isTrue(text, line, request)) ? [] : [line];
  });
}
