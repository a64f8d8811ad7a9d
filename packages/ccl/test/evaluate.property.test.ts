import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, evaluate, parse, type Request } from '../src/index.js';
import { documentText, request } from './support/generators.js';
import { referenceEvaluate } from './support/reference.js';

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
    const line = fc.array(
      documentText.map((text) => text),
      { maxLength: 3 },
    );
    const property = fc.property(
      line,
      fc.array(request, { maxLength: 10 }),
      fc.infiniteStream(fc.nat()),
      (texts, asked, dice) => {
        const statements = texts.flatMap((text) =>
          compile(text).statements.map((statement) => statement.text),
        );
        const shuffled = [...statements];
        for (let i = shuffled.length - 1; i > 0; i--) {
          const j = dice.next().value! % (i + 1);
          [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
        }
        const [before, after] = [compile(statements.join('\n')), compile(shuffled.join('\n'))];
        const summary = (policy: typeof before, one: Request) => {
          const { permitted, code, severity, matched, obligations, limits } = evaluate(policy, one);
          const texts = matched.map(({ text }) => text).sort();
          const names = obligations.map(({ name }) => name).sort();
          return {
            permitted,
            code,
            severity,
            texts,
            names,
            costs: limits.map(({ cost, amount }) => cost / amount).sort(),
          };
        };
        for (const one of asked as Request[]) expect(summary(after, one)).toEqual(summary(before, one));
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});
