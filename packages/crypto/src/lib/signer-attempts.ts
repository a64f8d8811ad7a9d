/** Asking a service that can be slow, busy or gone: each attempt has an end, and so has their number. */
import { CryptoError } from './errors.js';

/** How long and how often a service is asked. */
export interface AttemptOptions {
  /** Milliseconds until one attempt is given up, 1 to 600,000; 10,000 unless given. */
  timeoutMs?: number | undefined;
  /** Further attempts after the first one failed, 0 to 10; 2 unless given. */
  retries?: number | undefined;
  /** Milliseconds before the second attempt, 0 to 60,000, doubled before each further one; 100 unless given. */
  retryDelayMs?: number | undefined;
  /** Whether another attempt may help after this error; always, unless given. A time-out is always tried again. */
  isTransient?: ((error: unknown) => boolean) | undefined;
}

/** What an attempt is given. */
export interface AttemptContext {
  /** Aborted when the attempt's time is over: stop the request then. */
  readonly signal: AbortSignal;
}

export type AttemptPolicy = Readonly<
  Required<{ [K in keyof AttemptOptions]: NonNullable<AttemptOptions[K]> }>
>;

/** @throws {RangeError} if a number is out of bounds */
export function attemptPolicy(options: AttemptOptions): AttemptPolicy {
  const { timeoutMs = 10_000, retries = 2, retryDelayMs = 100, isTransient = () => true } = options;
  within('timeoutMs', timeoutMs, 1, 600_000);
  within('retries', retries, 0, 10);
  within('retryDelayMs', retryDelayMs, 0, 60_000);
  if (typeof isTransient !== 'function') throw new TypeError('isTransient must be a function');
  return { timeoutMs, retries, retryDelayMs, isTransient };
}

/**
 * Runs until one attempt succeeds. A CryptoError of the attempt's own is final and passes as it is.
 * @param what the service, for the message
 * @throws {CryptoError} `signer_unavailable` once no attempt is left, or another one would not help
 */
export async function attempt<T>(
  what: string,
  policy: AttemptPolicy,
  run: (context: AttemptContext) => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await inTime(run, policy.timeoutMs);
    } catch (error) {
      if (error instanceof CryptoError) throw error;
      const again = error instanceof TimedOut || policy.isTransient(error);
      if (!again || failures > policy.retries) throw unavailable(what, error, failures);
      // Spread, so that many clients that failed together do not come back together.
      await pause(policy.retryDelayMs * 2 ** (failures - 1) * (0.5 + Math.random() / 2));
    }
  }
}

class TimedOut extends Error {}

async function inTime<T>(run: (context: AttemptContext) => Promise<T>, timeoutMs: number): Promise<T> {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TimedOut(`no answer within ${timeoutMs} ms`));
      controller.abort();
    }, timeoutMs);
  });
  try {
    // An async function, so that what throws at once rejects; the race hears the loser, so nothing goes unhandled.
    return await Promise.race([(async () => run({ signal: controller.signal }))(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(what: string, cause: unknown, attempts: number): CryptoError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : 'it failed';
  const said = cause instanceof TimedOut ? cause.message : reason;
  const message = `${what} gave no answer after ${attempts} attempt${attempts === 1 ? '' : 's'}: ${said}`;
  return new CryptoError('signer_unavailable', message, {
    cause,
    hint: 'Look at the cause: the service may be busy or out of reach, or the credentials or the key may not do.',
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function within(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} must be an integer from ${least} to ${most}`);
}
