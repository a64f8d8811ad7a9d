import { describe, expect, it } from 'vitest';
import { analyze, compile, evaluate, parse, type Request } from '../../src/index.js';
import { randomDraft } from './support/documents.js';
import { print } from './support/draft.js';
import { effect, isTrue, objection, withoutLines } from './support/findings.js';
import { Random } from './support/random.js';
import { FINITE } from './support/representatives.js';
import { Requests } from './support/requests.js';
import { isPlain, WORLDS } from './support/worlds.js';

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
