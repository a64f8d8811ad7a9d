import type { Case } from '../../packages/ccl/test/fuzz/oracles.ts';
import type { Random } from './random.ts';

interface Entry {
  readonly input: Case;
  readonly size: number;
  /** How many features this is the smallest input of. */
  owned: number;
}

/**
 * The smallest input for each feature; a feature is a branch and how often it ran, by powers of two. So there are no
 * more inputs than features.
 */
export class Corpus {
  readonly #owners: (Entry | undefined)[] = [];
  #entries: Entry[] = [];
  #reached = 0;

  get size(): number {
    return this.#entries.length;
  }

  get features(): number {
    return this.#reached;
  }

  isReached(branch: number): boolean {
    return this.#smallest(branch) !== undefined;
  }

  /** Inputs that together reach all branches that any has reached. */
  cover(branches: number): Case[] {
    const entries = new Set<Entry>();
    for (let branch = 0; branch < branches; branch++) {
      const entry = this.#smallest(branch);
      if (entry !== undefined) entries.add(entry);
    }
    return [...entries].map(({ input }) => input);
  }

  #smallest(branch: number): Entry | undefined {
    const owners = this.#owners.slice(branch * BUCKETS, (branch + 1) * BUCKETS);
    return owners.reduce(
      (best, each) => (best && (!each || best.size <= each.size) ? best : each),
      undefined,
    );
  }

  /** Keeps the input if it reaches something new, or with less. */
  add(input: Case, counts: Uint32Array): void {
    const entry: Entry = { input, size: JSON.stringify(input).length, owned: 0 };
    for (let branch = 0; branch < counts.length; branch++) {
      const count = counts[branch]!;
      if (count === 0) continue;
      const feature = branch * BUCKETS + bucket(count);
      const owner = this.#owners[feature];
      if (owner !== undefined && owner.size <= entry.size) continue;
      if (owner === undefined) this.#reached++;
      else owner.owned--;
      this.#owners[feature] = entry;
      entry.owned++;
    }
    if (entry.owned === 0) return;
    this.#entries.push(entry);
    if (this.#entries.length % 64 === 0) this.#entries = this.#entries.filter(({ owned }) => owned > 0);
  }

  pick(random: Random): Case {
    const { length } = this.#entries;
    const at = random.once(3) ? Math.max(0, length - 1 - random.below(32)) : random.below(length);
    return this.#entries[at]!.input;
  }
}

const BUCKETS = 16;

/** 0 for once, 1 for twice, 2 for three and four times, and so on by powers of two. */
function bucket(count: number): number {
  return Math.min(BUCKETS - 1, 32 - Math.clz32(count - 1));
}
