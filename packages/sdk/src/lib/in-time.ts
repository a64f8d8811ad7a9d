/** An end to waiting for what somebody else's code may never answer. */

/** How long that is waited for unless said otherwise, and at most, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TIMEOUT_MS = 600_000;

/** @throws RangeError */
export function checkTimeout(name: string, ms: number): number {
  if (Number.isInteger(ms) && ms >= 1 && ms <= MAX_TIMEOUT_MS) return ms;
  throw new RangeError(`${name} must be a whole number from 1 to ${MAX_TIMEOUT_MS}`);
}

/** So many turns of the microtasks are waited without a timer. */
const SOON = 64;

/** What a step gives or, once its time is over, what `late` gives or throws. What becomes of the step then goes unheard. */
export async function inTime<T>(
  step: () => T | Promise<T>,
  timeoutMs: number,
  late: () => T | Promise<T>,
): Promise<T> {
  let answer: { readonly value: T } | { readonly error: unknown } | undefined;
  const answered = (async () => step())().then(
    (value) => {
      answer = { value };
    },
    (error: unknown) => {
      answer = { error };
    },
  );
  // What needs no disk and no network has answered by then: a timer for each would cost more than the step itself.
  for (let turn = 0; turn < SOON && answer === undefined; turn++) await undefined;
  if (answer === undefined) await within(answered, timeoutMs);
  if (answer === undefined) return late();
  if ('error' in answer) throw answer.error;
  return answer.value;
}

async function within(answered: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([answered, end]);
  clearTimeout(timer);
}
