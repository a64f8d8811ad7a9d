import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, evaluate, type Policy, parse, type Request, type RuleStatement } from '../src/index.js';
import { compileCondition } from '../src/lib/condition.js';
import { condition, context, documentText, request } from './support/generators.js';
import { judge, referenceEvaluate } from './support/reference.js';

const DOCUMENTS = 4000;
const REQUESTS = 25;

describe('evaluate agrees with a literal reading of the specification', () => {
  it(`in ${DOCUMENTS * REQUESTS} random decisions`, () => {
    const codes = new Map<string, number>();
    const requests = fc.array(request, { minLength: REQUESTS, maxLength: REQUESTS, size: 'max' });
    const property = fc.property(documentText, requests, (text, asked) => {
      const document = parse(text);
      const policy = compile(document);
      for (const one of asked) {
        const expected = referenceEvaluate(document, one);
        const { reason, ...actual } = evaluate(policy, one as Request);
        expect({ ...actual, matched: actual.matched.map(({ kind, line }) => ({ kind, line })) }).toEqual(
          expected,
        );
        expect(reason).toMatch(/^[^\n]+$/);
        codes.set(actual.code, (codes.get(actual.code) ?? 0) + 1);
      }
    });
    fc.assert(property, { numRuns: DOCUMENTS });
    // A generator that never reaches a code would prove nothing about it.
    for (const code of [
      'permitted',
      'denied_by_rule',
      'no_matching_permit',
      'malformed_request',
      'limit_unmeasurable',
    ]) {
      expect(codes.get(code) ?? 0, code).toBeGreaterThan(300);
    }
  });

  it('whatever the order of the statements', () => {
    const statements = fc
      .array(documentText, { minLength: 1, maxLength: 4 })
      .map((texts) => texts.flatMap((text) => compile(text).statements.map((statement) => statement.text)));
    const orders = statements.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    const codes = new Set<string>();
    const property = fc.property(orders, fc.array(request, { maxLength: 10 }), ([list, shuffled], asked) => {
      const [before, after] = [compile(list.join('\n')), compile(shuffled.join('\n'))];
      for (const one of asked as Request[]) {
        const expected = withoutPlaces(before, one);
        expect(withoutPlaces(after, one)).toEqual(expected);
        codes.add(expected.code);
      }
    });
    fc.assert(property, { numRuns: 1000 });
    expect(codes.size).toBe(5);
  });
});

describe('a condition compiled alone', () => {
  it('says what a literal reading of the specification says', () => {
    const property = fc.property(condition, fc.array(context, { maxLength: 20 }), (text, contexts) => {
      const [statement] = parse(`permit a on /x when (${text})`).statements as readonly RuleStatement[];
      const test = compileCondition(statement!.condition!);
      for (const one of contexts) {
        const truth = test(one);
        expect(truth === undefined ? 'unknown' : String(truth)).toBe(judge(statement!.condition!, one));
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

/** An evaluation but for the places of statements, which move: sorted where they gave the order. */
function withoutPlaces(policy: Policy, one: Request) {
  const { reason: _, unmeasurable, ...evaluation } = evaluate(policy, one);
  const sorted = (list: readonly object[]) => list.map((entry) => JSON.stringify(entry)).sort();
  return {
    ...evaluation,
    // Of several limits that cannot be measured the first is named.
    unmeasurable: unmeasurable !== undefined,
    matched: sorted(evaluation.matched.map(({ line: _, ...rest }) => rest)),
    obligations: sorted(evaluation.obligations.map(({ line: _, ...rest }) => rest)),
    limits: sorted(evaluation.limits.map(({ line: _, statement: __, ...rest }) => rest)),
  };
}
