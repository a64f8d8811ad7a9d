/** Actions that run under covenants, and their end when those no longer stand. */
import { CovenantCutError } from '../errors.js';
import type { Objection } from './governing.js';

export interface RunningOptions {
  /** How often it is looked, in milliseconds, as long as something runs. */
  readonly everyMs: number;
  /** What is now to be objected to the covenants; undefined when they stand, or when it cannot be told. */
  readonly look: () => Promise<Objection | undefined>;
  /** Told of a cut once it has taken effect. */
  readonly onCut: (objection: Objection, actions: number) => void;
}

/** One action that runs. */
export class Running {
  #controller: AbortController | undefined;

  /** Aborted with a CovenantCutError when the covenants no longer stand. Made when it is asked for: many hosts never ask. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  cut(error: CovenantCutError): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(error);
  }
}

/** Looks after the actions of a monitor as long as there are any; an idle monitor looks at nothing. */
export class RunningActions {
  readonly #options: RunningOptions;
  readonly #running = new Set<Running>();
  #looking = false;

  constructor(options: RunningOptions) {
    this.#options = options;
  }

  begin(): Running {
    const running = new Running();
    this.#running.add(running);
    if (!this.#looking) void this.#lookOut();
    return running;
  }

  end(running: Running): void {
    this.#running.delete(running);
  }

  async #lookOut(): Promise<void> {
    this.#looking = true;
    while (this.#running.size > 0) {
      await pause(this.#options.everyMs);
      if (this.#running.size === 0) break;
      const objection = await this.#options.look().catch(() => undefined);
      if (objection !== undefined) this.#cut(objection);
    }
    this.#looking = false;
  }

  #cut(objection: Objection): void {
    const cut = [...this.#running];
    this.#running.clear();
    for (const running of cut) running.cut(new CovenantCutError(objection.code, objection.reason));
    this.#options.onCut(objection, cut.length);
  }
}

/** Keeps no process alive: an action that does so keeps itself alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, ms);
    (timer as { unref?: () => void }).unref?.();
  });
}
