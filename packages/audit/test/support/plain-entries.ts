/** Entries without a library of tests behind them, for programs that are bundled. */
import type { DecisionRecord } from '../../src/index.js';

const COVENANT = `urn:stele:covenant:${'c'.repeat(64)}`;

/** A permit, with what is given instead. */
export function decision(changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    v: 1,
    kind: 'decision',
    time: new Date().toISOString(),
    mode: 'enforce',
    covenant: COVENANT,
    chain: [COVENANT],
    policy: 'b'.repeat(64),
    agent: 'did:key:z6MkAnna',
    action: 'invoices.pay',
    resource: '/people/anna/invoices/7',
    context: { args: { amount: 12.5, note: 'for Anna' } },
    decision: 'permit',
    code: 'permitted',
    statements: [3],
    obligations: ['approval'],
    ...changes,
  };
}
