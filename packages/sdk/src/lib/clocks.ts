/** The clocks that hosts bring. */
import { type LimitLedger, MemoryLimits } from '@stele/ccl';

export type HostClock = () => number | Date;

// One count for one promise: two monitors of a process that are handed the same covenant share its limits. Windows of
// two clocks cannot be compared, so each clock that a host brings has a ledger.
const processLimits = new MemoryLimits();
const limitsByClock = new WeakMap<HostClock, LimitLedger>();

/** The time in milliseconds since 1970. A clock that fails, or tells what no Date can hold, gives no time: NaN. */
export function clockOf(clock: HostClock | undefined): () => number {
  return clock === undefined ? Date.now : () => readClock(clock);
}

/** The ledger of limits that all monitors with this clock share. */
export function limitsOf(clock: HostClock | undefined): LimitLedger {
  if (clock === undefined) return processLimits;
  const known = limitsByClock.get(clock);
  if (known !== undefined) return known;
  const ledger = new MemoryLimits({ clock: () => readClock(clock) });
  limitsByClock.set(clock, ledger);
  return ledger;
}

function readClock(clock: HostClock): number {
  try {
    return new Date(Number(clock())).getTime();
  } catch {
    return Number.NaN;
  }
}
