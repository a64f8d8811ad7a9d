/** Entries to append, of a fixed form and at random. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AuditError, type AuditErrorCode, type DecisionRecord, type LogEntry } from '../../src/index.js';

export const COVENANT = `urn:stele:covenant:${'c'.repeat(64)}`;

/** A permit, with what is given instead. */
export function decision(changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    v: 1,
    kind: 'decision',
    time: '2026-03-04T05:06:07.890Z',
    mode: 'enforce',
    covenant: COVENANT,
    chain: [COVENANT],
    policy: 'b'.repeat(64),
    agent: 'did:key:z6MkAnna',
    action: 'invoices.pay',
    resource: '/people/anna/invoices/7',
    context: { args: { amount: 12.5, note: 'für Anna' } },
    decision: 'permit',
    code: 'permitted',
    statements: [3],
    obligations: ['approval'],
    ...changes,
  };
}

const time = fc
  .date({ min: new Date('1970-01-01T00:00:00Z'), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const anyText = fc.string({ unit: 'grapheme', maxLength: 40 });
const lines = fc.array(fc.nat(), { maxLength: 90 });
const texts = fc.array(anyText, { maxLength: 70 });
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

/** JSON whose numbers I-JSON takes. */
export const json = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => !/\d{16}/.test(JSON.stringify(value))) as fc.Arbitrary<unknown>;

export const decisions: fc.Arbitrary<DecisionRecord> = fc.record(
  {
    v: fc.constant(1 as const),
    kind: fc.constant('decision' as const),
    time,
    mode: fc.constantFrom('enforce' as const, 'shadow' as const),
    covenant: anyText,
    chain: texts,
    policy: anyText,
    agent: anyText,
    action: anyText,
    resource: anyText,
    context: json,
    decision: fc.constantFrom('permit' as const, 'pending' as const, 'deny' as const),
    code: fc.constantFrom('permitted' as const, 'denied_by_rule' as const),
    statements: lines,
    obligations: texts,
    pattern: anyText,
    trace: fc.constant('0af7651916cd43dd8448eb211c80319c'),
    settles: fc.constant(false as const),
    count: positive,
    lost: positive,
  },
  {
    requiredKeys: [
      'v',
      'kind',
      'time',
      'mode',
      'covenant',
      'chain',
      'policy',
      'agent',
      'action',
      'resource',
      'context',
      'decision',
      'code',
      'statements',
      'obligations',
    ],
  },
);

const FIXED = ['v', 'kind', 'time', 'seq', 'lost', 'agent', 'resource', 'covenant', 'context'];

export const events: fc.Arbitrary<LogEntry> = fc
  .tuple(
    fc.dictionary(
      anyText.filter((name) => !FIXED.includes(name)),
      json,
      { maxKeys: 6 },
    ),
    fc.record(
      { agent: anyText, resource: anyText, covenant: anyText, context: json, lost: positive },
      { requiredKeys: [] },
    ),
    time,
    fc
      .stringMatching(/^[a-z][a-z0-9_.]{0,20}$/)
      .filter((kind) => !/^(?:decision|outcome|log\..*)$/.test(kind)),
  )
  .map(([further, known, at, kind]) => ({ ...further, ...known, v: 1 as const, kind, time: at }));

export const outcomes: fc.Arbitrary<LogEntry> = fc.record(
  {
    v: fc.constant(1 as const),
    kind: fc.constant('outcome' as const),
    time,
    of: fc.nat({ max: 1000 }),
    outcome: fc.constantFrom(
      'done' as const,
      'failed' as const,
      'not_performed' as const,
      'unknown' as const,
    ),
    lost: positive,
  },
  { requiredKeys: ['v', 'kind', 'time', 'of', 'outcome'] },
);

/** The code of the AuditError that a step throws or rejects with; anything else that it throws is thrown on. */
export async function codeOf(step: () => unknown): Promise<AuditErrorCode | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof AuditError, String(error));
    return error.code;
  }
}
