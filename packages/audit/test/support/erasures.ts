/** What the eraser and those who look after it have in common. */
import type { DecisionRecord } from '../../src/index.js';

export const ERASER_ORIGIN = 'audit.example.com/eraser';

export function entryOf(agent: string, i: number): DecisionRecord {
  return {
    v: 1,
    kind: 'decision',
    time: new Date().toISOString(),
    mode: 'enforce',
    covenant: 'urn:x',
    chain: ['urn:x'],
    policy: '',
    agent,
    action: 'a.b',
    resource: `/${i}`,
    context: { of: agent },
    decision: 'permit',
    code: 'permitted',
    statements: [1],
    obligations: [],
    settles: false,
  };
}
