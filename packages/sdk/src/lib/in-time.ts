/** An end to waiting for what somebody else's code may never answer. */

/** How long that is waited for unless said otherwise, and at most, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 600_000;

/** @throws RangeError */
export function checkTimeout(name: string, ms: number): number {
  if (Number.isInteger(ms) && ms >= 1 && ms <= MAX_TIMEOUT_MS) return ms;
  throw new RangeError(`${name} must be a whole number from 1 to ${MAX_TIMEOUT_MS}`);
}

/** What a step gives or, once its time is over, what `late` gives or throws. What becomes of the step then goes unheard. */
export async function inTime<T>(
  step: () => T | Promise<T>,
  timeoutMs: number,
  late: () => T | Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), timeoutMs);
  });
  const answer = async () => ({ value: await step() });
  try {
    const first = await Promise.race([answer(), end]);
    return first === 'late' ? await late() : first.value;
  } finally {
    clearTimeout(timer);
  }
}
