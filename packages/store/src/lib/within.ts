/**
 * What a question is answered, if that does not take too long. It is not called off: what comes late is dropped.
 * @param late makes the error
 */
export async function within<T>(answer: PromiseLike<T>, ms: number, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([answer, end]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether an answer is yet to come. By its method, since another Promise may be the global one (zone.js): of that, no async function's is. */
export function isThenable<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | undefined)?.then === 'function';
}
