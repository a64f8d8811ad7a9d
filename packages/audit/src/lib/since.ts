/** The checkpoints that an auditor kept, compared with the log as it is now. */
import type { LogReader } from '../backend.js';
import type { Checkpoint } from './checkpoint.js';
import type { LogWalk } from './log-walk.js';
import { EMPTY_ROOT, sameHash, verifyConsistency } from './merkle.js';
import type { VerifierKey } from './note.js';
import { retired } from './own-entries.js';
import type { Problem } from './report.js';
import { TreeReader } from './tiles.js';
import { unlessCorrupt } from './unless.js';
import type { SignedCheckpoint, Trust } from './verifying-keys.js';

/** The log they are compared with. */
interface Against {
  readonly checkpoint: Checkpoint;
  /** How many of its entries are there. */
  readonly end: number;
  readonly trust: Trust;
}

interface Held {
  readonly checkpoint: Checkpoint;
  readonly signers: readonly VerifierKey[];
  readonly what: string;
}

export class Since {
  /** What can be said before the log is walked through. */
  readonly problems: Problem[] = [];
  readonly #held: Held[] = [];
  readonly #against: Against;

  private constructor(against: Against) {
    this.#against = against;
  }

  static async open(notes: readonly (string | Uint8Array)[], against: Against): Promise<Since> {
    const since = new Since(against);
    for (const [i, note] of notes.entries()) {
      const what =
        notes.length === 1 ? 'the checkpoint that you hold' : `checkpoint ${i + 1} of those that you hold`;
      since.#open(what, await against.trust.open(note, what));
    }
    return since;
  }

  #open(what: string, opened: SignedCheckpoint): void {
    const { origin, size } = this.#against.checkpoint;
    if (opened.problem !== undefined) {
      this.problems.push(opened.problem);
      return;
    }
    const { checkpoint, signers } = opened;
    if (checkpoint.origin !== origin) {
      this.problems.push({
        code: 'checkpoint_foreign',
        message: `${what} is of “${checkpoint.origin}”, and this log is “${origin}”`,
      });
    } else if (checkpoint.size > size) {
      const message = `the log has ${size} entries, and ${what} signs ${checkpoint.size}: it was cut, or an old copy was put back`;
      this.problems.push({ code: 'truncated', index: size, before: checkpoint.size, message });
    } else if (checkpoint.size > this.#against.end) {
      this.problems.push({
        code: 'since_uncheckable',
        message: `${what} is of ${checkpoint.size} entries, and this archive ends before ${this.#against.end}`,
      });
    } else {
      this.#held.push({ checkpoint, signers, what });
    }
  }

  /** At which the roots are wanted. */
  get sizes(): number[] {
    return this.#held.map(({ checkpoint }) => checkpoint.size);
  }

  /** @returns the sizes of those that are beginnings of the log, and what is wrong with the others */
  async compare(walk: LogWalk, { reader, first }: { readonly reader: LogReader; readonly first: number }) {
    const found = { sizes: [] as number[], problems: [] as Problem[] };
    for (const held of this.#held.toSorted((a, b) => a.checkpoint.size - b.checkpoint.size)) {
      const { size } = held.checkpoint;
      const problem =
        size < first
          ? await this.#comparePruned(held, reader)
          : this.#compareRoot(held, walk, found.sizes.at(-1) ?? first);
      if (problem === undefined) found.sizes.push(size);
      else if (problem !== 'unknown') found.problems.push(problem);
    }
    return found;
  }

  #compareRoot(
    { checkpoint, signers, what }: Held,
    walk: LogWalk,
    from: number,
  ): Problem | 'unknown' | undefined {
    const { size, root } = checkpoint;
    const computed = walk.roots.get(size);
    if (computed !== undefined && sameHash(computed, root))
      return retired(signers, walk.own.keyAt(size), what);
    // What was found before makes the root another one; where it is so much that there is none, nothing more is told.
    return walk.findings.touches(0, size) ? 'unknown' : forked(what, size, from);
  }

  /** The hashes that are left above what was pruned may still do. */
  async #comparePruned(
    { checkpoint: { size, root }, what }: Held,
    reader: LogReader,
  ): Promise<Problem | undefined> {
    if (size === 0) return sameHash(root, EMPTY_ROOT) ? undefined : forked(what, 0, 0);
    const { checkpoint, end } = this.#against;
    const hashes = await unlessCorrupt(() => new TreeReader(reader).consistency(size, end));
    if (Array.isArray(hashes) && end === checkpoint.size) {
      const isBeginning = verifyConsistency({
        size1: size,
        root1: root,
        size2: end,
        root2: checkpoint.root,
        hashes,
      });
      return isBeginning ? undefined : forked(what, size, 0);
    }
    return {
      ...{ code: 'since_uncheckable', index: 0, before: size },
      message: `${what} is of ${size} entries, and the log was pruned beyond: verify the archive of what was pruned against it`,
    };
  }
}

function forked(what: string, before: number, index: number): Problem {
  const message = `the first ${before} entries are not those that ${what} signs: the log was forked or written anew. Keep both checkpoints: together they are the proof`;
  return { code: 'forked', index, before, message };
}
