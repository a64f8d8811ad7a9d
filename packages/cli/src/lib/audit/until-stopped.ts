const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Does something until the process is asked to end, which then is no failure. */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  for (const name of SIGNALS) process.on(name, stop);
  try {
    await work(controller.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, stop);
  }
}
