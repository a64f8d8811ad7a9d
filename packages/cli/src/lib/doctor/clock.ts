/** Whether the clock can be right, as far as one process can tell. */
import { bad, type Finding, fine } from './finding.js';

/** No installation of this version is older. */
const EARLIEST = Date.UTC(2026, 10, 1);
const LATEST = Date.UTC(2100, 0, 1);
const DRIFT_MS = 5_000;

/**
 * @param now of the wall clock, in milliseconds since 1970
 * @param sinceStart the same by the clock that only runs forward: when the process began, and how long it has run
 */
export function clock(now = Date.now(), sinceStart = performance.timeOrigin + performance.now()): Finding {
  const name = 'clock';
  if (!(now >= 0 && now < 8.64e15)) return bad(name, 'it shows no time');
  const shown = new Date(now).toISOString();
  if (now < EARLIEST) return bad(name, `${shown} is before this version was made`);
  if (now >= LATEST) return bad(name, `${shown} is too far ahead`);
  if (Math.abs(now - sinceStart) > DRIFT_MS) return bad(name, `${shown}: it was set while this ran`);
  return fine(name, shown);
}
