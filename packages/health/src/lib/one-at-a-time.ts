/** What became of a question. */
export type Answer<T> =
  | { readonly kind: 'value'; readonly value: T; readonly latencyMs: number }
  | { readonly kind: 'error'; readonly error: unknown; readonly latencyMs: number }
  | { readonly kind: 'late'; readonly latencyMs: number };

interface Open<T> {
  readonly startedAt: number;
  readonly answer: Promise<Answer<T>>;
}

/** How long an open question is joined by later ones; older ones count as lost. */
const LOST_MS = 10_000;

/**
 * Questions to things that may hang. While one to the same thing is open, who asks next waits for the same answer: however
 * often a probe calls, a backend that hangs is asked once in ten seconds.
 */
export class OneAtATime<T> {
  readonly #open = new WeakMap<object, Open<T>>();

  /**
   * Asks, and waits at most so long. Never rejects.
   * @param about whom the question is put to
   * @param timeoutMs in milliseconds
   */
  async ask(about: object, question: () => T | Promise<T>, timeoutMs: number): Promise<Answer<T>> {
    const { startedAt, answer } = this.#asked(about, question, Math.max(LOST_MS, timeoutMs));
    const inTime = await within(answer, timeoutMs);
    return inTime ?? { kind: 'late', latencyMs: performance.now() - startedAt };
  }

  #asked(about: object, question: () => T | Promise<T>, lostMs: number): Open<T> {
    const open = this.#open.get(about);
    if (open !== undefined && performance.now() - open.startedAt < lostMs) return open;
    const startedAt = performance.now();
    const answer = answered(question, startedAt).finally(() => {
      if (this.#open.get(about)?.startedAt === startedAt) this.#open.delete(about);
    });
    const asked = { startedAt, answer };
    this.#open.set(about, asked);
    return asked;
  }
}

async function answered<T>(question: () => T | Promise<T>, startedAt: number): Promise<Answer<T>> {
  try {
    const value = await question();
    return { kind: 'value', value, latencyMs: performance.now() - startedAt };
  } catch (error) {
    return { kind: 'error', error, latencyMs: performance.now() - startedAt };
  }
}

/** What the promise gives, or undefined when it takes longer. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
