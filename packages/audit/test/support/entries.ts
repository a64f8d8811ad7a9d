/** Entries for tests. */
import type { DecisionRecord, EventRecord, OutcomeRecord } from '../../src/index.js';

const TIME = '2026-11-30T08:00:00.000Z';

export function decision(more: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    v: 1,
    kind: 'decision',
    time: TIME,
    mode: 'enforce',
    covenant: `urn:stele:covenant:${'1'.repeat(64)}`,
    chain: [`urn:stele:covenant:${'1'.repeat(64)}`],
    policy: '2'.repeat(64),
    agent: 'did:key:z6MkAgent',
    action: 'files.read',
    resource: '/reports/q3',
    context: { args: { depth: 1 } },
    decision: 'permit',
    code: 'permitted',
    statements: [3],
    obligations: [],
    ...more,
  };
}

export const outcome = (of: number, more: Partial<OutcomeRecord> = {}): OutcomeRecord => ({
  v: 1,
  kind: 'outcome',
  time: TIME,
  of,
  outcome: 'done',
  ...more,
});

export const event = (n = 0, more: { readonly [field: string]: unknown } = {}): EventRecord => ({
  v: 1,
  kind: 'covenant.put',
  time: TIME,
  covenant: `urn:stele:covenant:${n.toString(16).padStart(64, '0')}`,
  ...more,
});
