/**
 * The arithmetic of limits, for those who keep the counts somewhere else than in memory.
 * @module
 */
export { LimitUnavailableError } from './errors.js';
export { Decimal } from './lib/decimal.js';
export type { LimitEntry } from './lib/window.js';
export { maxEntriesFor, mergeEntries } from './lib/window.js';
export type {
  ExactCharge,
  LimitBounds,
  LimitCharge,
  LimitLedger,
  LimitRefusal,
  Reservation,
  Tally,
} from './limits.js';
export { exactCharges, judgeCharges, limitBounds } from './limits.js';
