/** How an agent that is denied again and again is kept from filling the record: by counting. */
import type { Receipt } from '../decision.js';
import type { DecisionRecord } from '../sink.js';

/** Denials of one agent and code that get an entry each, in one second. */
const PER_SECOND = 100;
const SECOND_MS = 1_000;
/** Pairs of agent and code that are watched at a time; the one that was watched longest makes room. */
const MAX_PAIRS = 1_024;

/** One entry on its way, and its receipt once it is durable. Denials that are counted together share one. */
export interface Filed {
  receipt?: Receipt;
}

interface Pair {
  /** When its second began, by the clock of the decisions. */
  readonly start: number;
  /** How many got an entry in it. */
  alone: number;
  /** The first of those that are counted together, and how many they are. */
  first: DecisionRecord | undefined;
  count: number;
  filed: Filed;
}

/**
 * Hands denials on, and of more than 100 in a second of one agent and code makes one entry with their `count`. It goes
 * on its way with the next denial after that second, a second later at the latest, or when it is flushed.
 */
export class Denials {
  readonly #handOn: (entry: DecisionRecord, filed: Filed) => void;
  readonly #pairs = new Map<string, Pair>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(handOn: (entry: DecisionRecord, filed: Filed) => void) {
    this.#handOn = handOn;
  }

  /** @param now the time of the decision; one that is none counts as one and the same moment */
  take(entry: DecisionRecord, now: number): Filed {
    const pair = this.#pair(`${entry.code} ${entry.agent}`, Number.isFinite(now) ? now : 0);
    if (pair.alone >= PER_SECOND) return this.#count(pair, entry);
    pair.alone++;
    const filed: Filed = {};
    this.#handOn(entry, filed);
    return filed;
  }

  /** Hands on what was only counted so far. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const pair of this.#pairs.values()) this.#end(pair);
  }

  #count(pair: Pair, entry: DecisionRecord): Filed {
    pair.first ??= entry;
    pair.count++;
    // By the real time, should the clock of the decisions stand still. It holds the process up for a second at most.
    this.#timer ??= setTimeout(() => this.flush(), SECOND_MS);
    return pair.filed;
  }

  #pair(key: string, now: number): Pair {
    const known = this.#pairs.get(key);
    if (known !== undefined && now >= known.start && now < known.start + SECOND_MS) return known;
    const [oldest] = this.#pairs.keys();
    const making = known !== undefined ? key : this.#pairs.size >= MAX_PAIRS ? oldest : undefined;
    if (making !== undefined) {
      this.#end(this.#pairs.get(making) as Pair);
      this.#pairs.delete(making);
    }
    const fresh: Pair = { start: now, alone: 0, first: undefined, count: 0, filed: {} };
    this.#pairs.set(key, fresh);
    return fresh;
  }

  #end(pair: Pair): void {
    const { first, count, filed } = pair;
    if (first === undefined) return;
    Object.assign(pair, { first: undefined, count: 0, filed: {} });
    this.#handOn(count === 1 ? first : { ...first, count }, filed);
  }
}
