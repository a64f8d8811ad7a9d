/** Where reissues are looked for. A store has no index by what a covenant reissues, so it is searched, here alone. */
import type { CovenantDocument, FindReissues } from '@stele/core';
import type { CovenantStore } from '@stele/store';
import { SteleError } from '@stele/types/errors';

const PAGE = 1_000;
const MAX_PAGES = 64;

/** For how long a monitor goes by what it found; a younger reissue is found when that has passed. */
const REFRESH_MS = 1_000;
const MAX_REMEMBERED = 512;

const MAX_INDEXED = 100_000;
/** As many as a verification looks at; one more makes it refuse. */
const MAX_FOUND = 1_024;

/**
 * Finds the covenants of a store that say they reissue one. A reissue has the beneficiary of its original, and a store can
 * filter by that.
 * @returns a lookup that rejects with SteleError `too_many_covenants` when 64 pages do not hold the covenants to look at
 */
export function reissuesIn(store: CovenantStore): (id: string) => Promise<CovenantDocument[]> {
  return async (id) => {
    const beneficiary = (await store.get(id))?.beneficiary.id;
    const found: CovenantDocument[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const page = await store.list({ beneficiary, limit: PAGE, cursor });
      found.push(...page.items.filter((document) => document.reissues === id));
      cursor = page.nextCursor;
      if (cursor === undefined) return found;
    }
    throw new SteleError(
      'too_many_covenants',
      `the store holds too much to search it for reissues of ${id}`,
      {
        hint: 'Give a lookup of your own as `reissues`.',
      },
    );
  };
}

/** Which covenants of a store reissue which, read once and kept up with what is added. */
export class ReissueIndex {
  readonly #store: CovenantStore;
  readonly #byOriginal = new Map<string, Set<string>>();
  #size = 0;

  private constructor(store: CovenantStore) {
    this.#store = store;
  }

  /** @throws StoreError; SteleError `too_many_covenants` for more than 100,000 reissues */
  static async of(store: CovenantStore): Promise<ReissueIndex> {
    const index = new ReissueIndex(store);
    for await (const document of store.iterate()) index.add(document);
    return index;
  }

  add({ id, reissues }: CovenantDocument): void {
    if (reissues === undefined) return;
    if (++this.#size > MAX_INDEXED)
      throw new SteleError('too_many_covenants', `the store holds more than ${MAX_INDEXED} reissues`);
    this.#byOriginal.set(reissues, (this.#byOriginal.get(reissues) ?? new Set()).add(id));
  }

  readonly find = async (id: string): Promise<CovenantDocument[]> => {
    const ids = [...(this.#byOriginal.get(id) ?? [])].slice(0, MAX_FOUND + 1);
    const documents = await Promise.all(ids.map((each) => this.#store.get(each)));
    return documents.filter((document) => document !== undefined);
  };
}

/** The same lookup as `reissuesIn`, asked once a second for each covenant at most, by the clock given. */
export function remembered(find: FindReissues, clock: () => number): FindReissues {
  const known = new Map<string, { readonly at: number; readonly answer: Promise<readonly unknown[]> }>();
  return (id) => {
    const now = clock();
    const there = known.get(id);
    const age = now - (there?.at ?? Number.NaN);
    if (there !== undefined && age >= 0 && age < REFRESH_MS) return there.answer;
    if (known.size >= MAX_REMEMBERED) known.clear();
    const answer = Promise.resolve(find(id));
    const entry = { at: now, answer };
    known.set(id, entry);
    answer.catch(() => {
      if (known.get(id) === entry) known.delete(id);
    });
    return answer;
  };
}
