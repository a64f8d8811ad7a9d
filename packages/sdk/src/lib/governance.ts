/** The covenants that govern a monitor, from one decision to the next. */
import { type Governing, type GoverningOptions, govern, type Objection, standing } from './governing.js';
import { inTime } from './in-time.js';
import type { Soon } from './soon.js';

const TOO_LATE: Objection = {
  code: 'revocation_unknown',
  reason: 'what there is to know of the covenants and their keys was not to be had in time',
  retryable: true,
};

/** Established once, as long as that fails tried again at each decision, and looked at anew for each. */
export class Governance {
  readonly #options: GoverningOptions;
  readonly #timeoutMs: number;
  #governing: Governing | undefined;

  /** @param timeoutMs how long one look may take: a store that never answers denies, it does not hold decisions up for ever */
  constructor(options: GoverningOptions, timeoutMs: number) {
    this.#options = options;
    this.#timeoutMs = timeoutMs;
  }

  /** What was established, whether or not it still stands. */
  get governing(): Governing | undefined {
    return this.#governing;
  }

  /**
   * What governs at a moment, or why nothing does. At once where that is a matter of time alone: to wait for an answer costs more
   * than to see that there is no question.
   * @param now milliseconds since 1970
   */
  at(now: number): Soon<Governing | Objection> {
    const governing = this.#governing;
    const period = governing?.period;
    if (period !== undefined && now >= period.from && now < period.until) return governing as Governing;
    return this.#inTime(() => this.#look(new Date(now)));
  }

  /** Verifies the covenants, unless they were verified before. */
  establish(now: number): Promise<Governing | Objection> {
    return this.#inTime(() => this.#established(new Date(now)));
  }

  async #look(now: Date): Promise<Governing | Objection> {
    const governing = await this.#established(now);
    if (!('links' in governing)) return governing;
    return (await standing(governing, now)) ?? governing;
  }

  async #established(now: Date): Promise<Governing | Objection> {
    if (this.#governing !== undefined) return this.#governing;
    const governing = await govern(this.#options, now);
    if ('links' in governing) this.#governing = governing;
    return governing;
  }

  #inTime(look: () => Promise<Governing | Objection>): Promise<Governing | Objection> {
    return inTime(look, this.#timeoutMs, () => TOO_LATE);
  }
}
