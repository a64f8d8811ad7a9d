/** Plain entries for tests of what a log does with them. */
import type { EventRecord, OutcomeRecord } from '../../src/index.js';

const TIME = '2026-11-30T08:00:00.000Z';

export const outcome = (of: number, more: Partial<OutcomeRecord> = {}): OutcomeRecord => ({
  v: 1,
  kind: 'outcome',
  time: TIME,
  of,
  outcome: 'done',
  ...more,
});

/** The n-th of events that are all different. */
export const event = (n = 0, more: { readonly [field: string]: unknown } = {}): EventRecord => ({
  v: 1,
  kind: 'covenant.put',
  time: TIME,
  covenant: `urn:stele:covenant:${n.toString(16).padStart(64, '0')}`,
  ...more,
});
