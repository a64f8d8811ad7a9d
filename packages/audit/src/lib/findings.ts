/** What a walk through a log stumbles over, before it is known what of it is to blame. */
import { MAX_PROBLEMS } from './report.js';

export type FindingKind =
  /** An entry has another hash than the tile above it says. */
  | 'entry'
  | 'entry-missing'
  | 'entry-unexpected'
  | 'entry-malformed'
  /** An entry brings back a key that was retired. */
  | 'key-retired'
  /** The hashes below give another one than the tile says. */
  | 'node'
  | 'tile-missing'
  /** A hash of what was pruned cannot be had, so that no root can be computed. */
  | 'prefix-missing';

export interface Finding {
  readonly kind: FindingKind;
  /** The first entry that it is about. */
  readonly index: number;
  /** The first that it is not about. */
  readonly before: number;
  /** The tile that it is about. */
  readonly level: number;
  readonly tile: number;
  /** What is known beyond that. */
  readonly detail?: string | undefined;
}

/** Those after which what is computed from the entries is wrong as well. */
const OF_HASHES: readonly FindingKind[] = ['entry', 'entry-missing', 'node', 'prefix-missing'];

export class Findings {
  readonly list: Finding[] = [];

  /** True when as many were found as are told: looking on would be of no use to anybody. */
  get isFull(): boolean {
    return this.list.length >= MAX_PROBLEMS;
  }

  add(finding: Finding): void {
    if (!this.isFull) this.list.push(finding);
  }

  /** Whether something was found of the hashes of a range. */
  touches(from: number, before: number): boolean {
    return this.list.some(
      (each) => OF_HASHES.includes(each.kind) && each.index < before && from < each.before,
    );
  }

  /** Whether a wrong root is explained. */
  get explainsRoot(): boolean {
    return this.list.some(({ kind }) => OF_HASHES.includes(kind));
  }
}
