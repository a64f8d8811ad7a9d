/** An end to waiting for what somebody else's code may never answer. */

/** How long that is waited for unless said otherwise, and at most, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 600_000;

/** @throws RangeError */
export function checkTimeout(name: string, ms: number): number {
  if (Number.isInteger(ms) && ms >= 1 && ms <= MAX_TIMEOUT_MS) return ms;
  throw new RangeError(`${name} must be a whole number from 1 to ${MAX_TIMEOUT_MS}`);
}

/** One that is waited for, with a timer if it was when a turn of the event loop ended. */
interface Waiting {
  readonly timeoutMs: number;
  readonly giveUp: () => void;
  timer: ReturnType<typeof setTimeout> | undefined;
  isOver: boolean;
}

// What needs no disk and no network has answered before the turn of the event loop ends in which it was asked: a timer for
// each would cost more than the answer. So there is one for all of a turn, and each that is waited for then gets its own.
let asked: Waiting[] = [];
/** Those that are over are dropped when there are so many: a turn may take long. */
let most = 1_000;
/** When the timer of this turn was started. Not a yes or no: a timer that never fires, for its host ended, must not be relied on. */
let startedAt = Number.NEGATIVE_INFINITY;
const ONE_TURN_MS = 1;

/** What a step gives or, once its time is over, what `late` gives or throws. What becomes of the step then goes unheard. */
export function inTime<T>(
  step: () => T | Promise<T>,
  timeoutMs: number,
  late: () => T | Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const answer = Promise.resolve(step());
    const giveUp = () => resolve((async () => late())());
    const waiting = wait({ timeoutMs, giveUp, timer: undefined, isOver: false });
    answer.then(
      (value) => {
        end(waiting);
        resolve(value);
      },
      (error: unknown) => {
        end(waiting);
        reject(error);
      },
    );
  });
}

function wait(waiting: Waiting): Waiting {
  if (asked.length >= most) {
    asked = asked.filter(({ isOver }) => !isOver);
    most = Math.max(1_000, 2 * asked.length);
  }
  asked.push(waiting);
  const now = performance.now();
  if (!(Math.abs(now - startedAt) < ONE_TURN_MS)) {
    startedAt = now;
    setTimeout(startTimers, 0);
  }
  return waiting;
}

function startTimers(): void {
  startedAt = Number.NEGATIVE_INFINITY;
  for (const waiting of asked)
    if (!waiting.isOver) waiting.timer = setTimeout(waiting.giveUp, waiting.timeoutMs);
  asked = [];
}

function end(waiting: Waiting): void {
  waiting.isOver = true;
  clearTimeout(waiting.timer);
}
