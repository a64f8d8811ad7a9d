/** The lookups of one verification: each covenant is fetched and established once, and their number is bounded. */
import type { CovenantDocument } from '../types.js';
import { establish, type Facts } from './facts.js';
import { verdictOf } from './verified.js';

/** Finds a covenant by its id, in a store or anywhere else; undefined when it is not there. */
export type Resolve = (id: string) => CovenantDocument | undefined | Promise<CovenantDocument | undefined>;

/** Finds what is there of reissues of a covenant, by the id of the covenant that they say they reissue. */
export type FindReissues = (id: string) => readonly unknown[] | Promise<readonly unknown[]>;

const MAX_LOOKUPS = 512;
const MAX_REISSUES = 1024;

export interface Found {
  readonly facts: Facts;
  /** True for a covenant that the host had verified and handed over as such. */
  readonly vouched: boolean;
}

export class Lookups {
  /** Finds nothing. It keeps nothing, so that all can share it. */
  static readonly none = new Lookups(undefined, undefined);

  readonly canResolve: boolean;
  readonly canFindReissues: boolean;
  readonly #resolve: Resolve | undefined;
  readonly #reissues: FindReissues | undefined;
  readonly #found = new Map<string, Promise<Found | undefined>>();
  readonly #reissued = new Map<string, Promise<readonly Facts[]>>();
  readonly #lines = new Map<string, Promise<readonly Facts[]>>();
  #candidates = 0;

  constructor(resolve: Resolve | undefined, reissues: FindReissues | undefined) {
    this.#resolve = resolve;
    this.#reissues = reissues;
    this.canResolve = resolve !== undefined;
    this.canFindReissues = reissues !== undefined;
  }

  /** The covenant that the resolver returns for an id, whatever it is; undefined where it returns none. */
  find(id: string): Promise<Found | undefined> {
    const resolve = this.#resolve;
    if (resolve === undefined) return Promise.resolve(undefined);
    return once(this.#found, id, async () => {
      const document = await resolve(id);
      if (document === undefined || document === null) return undefined;
      const verdict = verdictOf(document);
      return { facts: verdict?.links.at(-1) ?? (await establish(document)), vouched: verdict !== undefined };
    });
  }

  /** The sound covenants among those that say they reissue one. */
  reissues(id: string): Promise<readonly Facts[]> {
    const reissues = this.#reissues;
    if (reissues === undefined) return Promise.resolve([]);
    return once(this.#reissued, id, async () => {
      const values: unknown = await reissues(id);
      if (!Array.isArray(values)) throw new Error('the lookup of reissues did not return a list');
      this.#candidates += values.length;
      if (this.#candidates > MAX_REISSUES) throw new Error(`there are more than ${MAX_REISSUES} reissues`);
      const sound: Facts[] = [];
      for (const value of values) {
        const facts = verdictOf(value)?.links.at(-1) ?? (await establish(value));
        if (facts.problems.size === 0 && facts.document?.reissues === id) sound.push(facts);
      }
      return sound;
    });
  }

  /** The line before the covenant that was found for an id, made once: lines have parents that have lines. */
  line(id: string, make: () => Promise<readonly Facts[]>): Promise<readonly Facts[]> {
    return once(this.#lines, id, make);
  }
}

/** Makes a promise once for each name, and not for ever more names. */
function once<T>(known: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const there = known.get(name);
  if (there !== undefined) return there;
  if (known.size >= MAX_LOOKUPS)
    return Promise.reject(new Error(`more than ${MAX_LOOKUPS} covenants were looked up`));
  const made = make();
  known.set(name, made);
  return made;
}
