import type { RecordFilter, RecordRange } from '../record-backend.js';

/** Ids in memory, in order and by token. */
export class RecordIndex {
  readonly #all = new SortedIds();
  readonly #tokens = new Map<string, readonly string[]>();
  readonly #byToken = new Map<string, SortedIds>();

  /** Says that a record is there, and by what it is found. */
  set(id: string, tokens: readonly string[]): void {
    // A covenant whose proofs change is found by the same tokens, and keeps its place.
    if (sameTokens(this.#tokens.get(id), tokens)) return;
    this.delete(id);
    this.#all.add(id);
    this.#tokens.set(id, tokens);
    for (const token of tokens) {
      const ids = this.#byToken.get(token) ?? new SortedIds();
      this.#byToken.set(token, ids);
      ids.add(id);
    }
  }

  delete(id: string): void {
    this.#all.delete(id);
    for (const token of this.#tokens.get(id) ?? []) {
      const ids = this.#byToken.get(token);
      ids?.delete(id);
      if (ids?.size === 0) this.#byToken.delete(token);
    }
    this.#tokens.delete(id);
  }

  /** All ids in no order, with their tokens. */
  entries(): IterableIterator<[string, readonly string[]]> {
    return this.#tokens.entries();
  }

  list({ token, prefix = '', after = '', limit }: RecordRange): string[] {
    return this.#ids(token).range(prefix, after, limit);
  }

  count({ token, prefix = '' }: RecordFilter): number {
    return this.#ids(token).count(prefix);
  }

  #ids(token: string | undefined): SortedIds {
    return token === undefined ? this.#all : (this.#byToken.get(token) ?? NONE);
  }
}

/** A set of ids that is put in order when that is first needed, and again after it has changed. */
class SortedIds {
  readonly #ids = new Set<string>();
  #sorted: string[] | undefined;

  get size(): number {
    return this.#ids.size;
  }

  add(id: string): void {
    this.#ids.add(id);
    this.#sorted = undefined;
  }

  delete(id: string): void {
    if (this.#ids.delete(id)) this.#sorted = undefined;
  }

  range(prefix: string, after: string, limit: number): string[] {
    const ids = this.#order();
    const from = after >= prefix ? firstAtLeast(ids, `${after}\0`) : firstAtLeast(ids, prefix);
    return ids.slice(from, Math.min(from + limit, this.#end(prefix)));
  }

  count(prefix: string): number {
    return prefix === '' ? this.size : this.#end(prefix) - firstAtLeast(this.#order(), prefix);
  }

  /** Where the ids of a prefix end. */
  #end(prefix: string): number {
    return firstAtLeast(this.#order(), `${prefix}\uffff`);
  }

  #order(): string[] {
    this.#sorted ??= [...this.#ids].sort();
    return this.#sorted;
  }
}

const NONE = new SortedIds();

function sameTokens(known: readonly string[] | undefined, tokens: readonly string[]): boolean {
  return known?.length === tokens.length && known.every((token, i) => token === tokens[i]);
}

/** The index of the first string that is not less than `bound`. */
function firstAtLeast(sorted: readonly string[], bound: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
