/** What the instrumented sources report to: how often each branch ran, and how many steps that were. */
export class TooMuchWork extends Error {
  override name = 'TooMuchWork';
}

export class Counter {
  readonly counts: Uint32Array;
  #steps = 0;
  #most = Number.POSITIVE_INFINITY;

  constructor(branches: number) {
    this.counts = new Uint32Array(branches);
    Object.assign(globalThis, { __branch: (branch: number) => this.#branch(branch) });
  }

  /** Runs `step`; throws where it takes more than `most` steps, so that nothing runs for ever. */
  readonly bounded = <Result>(most: number, step: () => Result): Result => {
    this.#steps = 0;
    this.#most = most;
    let failure: { readonly error: unknown } | undefined;
    let result: Result | undefined;
    try {
      result = step();
    } catch (error) {
      failure = { error };
    }
    this.#most = Number.POSITIVE_INFINITY;
    // The sources may have caught what was thrown.
    if (this.#steps > most) throw new TooMuchWork(`more than ${most} steps`);
    if (failure !== undefined) throw failure.error;
    return result as Result;
  };

  #branch(branch: number): void {
    this.counts[branch]!++;
    if (++this.#steps > this.#most) throw new TooMuchWork(`more than ${this.#most} steps`);
  }
}
