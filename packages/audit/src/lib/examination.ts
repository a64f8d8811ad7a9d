/** The verification of a log, whatever it is kept in. */
import type { LogReader } from '../backend.js';
import { AuditError } from '../errors.js';
import type { Checkpoint } from './checkpoint.js';
import { Judge } from './judge.js';
import { LogWalk } from './log-walk.js';
import { verifyConsistency } from './merkle.js';
import { retired } from './own-entries.js';
import { headOf, type LogReport, MAX_PROBLEMS, notProvenBy, type Problem, provenBy } from './report.js';
import { Since } from './since.js';
import { TILE_WIDTH } from './tiles.js';
import { unlessCorrupt } from './unless.js';
import type { SignedCheckpoint, Trust } from './verifying-keys.js';

/** What is verified, and against what. */
export interface Evidence {
  readonly reader: LogReader;
  readonly trust: Trust;
  /** Checkpoints that the auditor holds. */
  readonly since: readonly (string | Uint8Array)[];
  /** Of an export: where it ends, and the proof that the tree of that size begins the one that was signed. */
  readonly part?: { readonly to: number; readonly consistency: readonly Uint8Array[] } | undefined;
  readonly onBundle: (done: { readonly entries: number; readonly size: number }) => void;
  readonly onLeaf?: ((leaf: Uint8Array) => void) | undefined;
}

export class Examination {
  readonly #evidence: Evidence;
  readonly #problems: Problem[] = [];
  #from = 0;
  #to = 0;
  #entries = 0;
  #tiles = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  /** Never throws for what the log holds. @throws AuditError where the storage cannot be read */
  async report(): Promise<LogReport> {
    const head = await this.#head();
    this.#tell(head.problem);
    const since = head.checkpoint === undefined ? [] : await this.#examine(head.checkpoint, head);
    const problems = this.#problems.slice(0, MAX_PROBLEMS);
    const [problem] = problems;
    const { origin, size, root } = headOf(head.checkpoint);
    const { witnesses } = head;
    const proven = { origin, size, from: this.#from, to: this.#to, since, witnesses };
    return {
      valid: problem === undefined,
      ...{ origin, size, root, from: this.#from, to: this.#to },
      checked: { entries: this.#entries, tiles: this.#tiles, since: since.length, witnesses },
      ...(problem && { problem }),
      problems,
      proves: problem === undefined ? provenBy(proven) : [],
      doesNotProve: notProvenBy(proven),
    };
  }

  async #head(): Promise<SignedCheckpoint> {
    const { reader, trust } = this.#evidence;
    const note = await unlessCorrupt(() => reader.checkpoint());
    if (typeof note !== 'string') {
      const message = note?.message ?? `${reader.name} has no checkpoint`;
      const code = note === undefined ? 'checkpoint_missing' : 'checkpoint_malformed';
      return { signers: [], witnesses: [], problem: { code, message, path: 'checkpoint' } };
    }
    return trust.openWitnessed(note, 'the checkpoint');
  }

  /** @returns the sizes of the auditor's checkpoints that hold */
  async #examine(checkpoint: Checkpoint, { signers }: SignedCheckpoint): Promise<number[]> {
    const { reader, trust, part, onBundle, onLeaf } = this.#evidence;
    const { size } = checkpoint;
    const end = part?.to ?? size;
    if (end > size) {
      this.#tell({
        code: 'export_malformed',
        message: `the export goes on to entry ${end}, and its checkpoint signs ${size}`,
      });
      return [];
    }
    this.#to = end;
    const since = await Since.open(this.#evidence.since, { checkpoint, end, trust });
    for (const problem of since.problems) this.#tell(problem);
    const first = await this.#first(end);
    if (first === undefined) return [];
    this.#from = first;
    const walk = new LogWalk({ reader, first, size: end, sizes: [end, ...since.sizes], onBundle, onLeaf });
    await walk.run();
    this.#entries = walk.entries;
    this.#tiles = walk.tiles;
    const isRoot = (root: Uint8Array) => isRootOf(root, end, checkpoint, part?.consistency);
    const root = walk.roots.get(end);
    const holds = root !== undefined && isRoot(root);
    await this.#judge(walk, new Judge({ reader, size: end, isRoot }, holds));
    const held = await since.compare(walk, { reader, first });
    for (const problem of held.problems) this.#tell(problem);
    if (!holds && !walk.findings.explainsRoot) this.#tell(otherRoot(Math.max(first, ...held.sizes), end));
    if (end === size) {
      if (first > walk.own.prunedBefore) this.#tell(unannounced(first));
      this.#tell(retired(signers, walk.own.keyAt(size), 'the checkpoint'));
    } else if (signers.every((key) => walk.own.isRetired(key))) {
      // Who signs after the archive is not known here; who does not any more is.
      this.#tell(retired(signers, walk.own.keyAt(end), 'the checkpoint'));
    }
    return held.sizes;
  }

  async #first(end: number): Promise<number | undefined> {
    const first = await unlessCorrupt(() => this.#evidence.reader.first());
    if (first instanceof AuditError) return this.#lost(first.message);
    if (first % TILE_WIDTH === 0 && first >= 0 && first <= end) return first;
    return this.#lost(`the log has ${end} entries, and begins with entry ${first}`);
  }

  #lost(message: string): undefined {
    this.#tell({ code: 'entry_missing', index: 0, message });
  }

  async #judge(walk: LogWalk, judge: Judge): Promise<void> {
    const inOrder = walk.findings.list.toSorted((a, b) => a.index - b.index);
    for (const finding of inOrder) this.#tell(await judge.problemOf(finding));
  }

  #tell(problem: Problem | undefined): void {
    if (problem !== undefined) this.#problems.push(problem);
  }
}

/** Whether a root of the first `end` entries is what the checkpoint signs, by itself or as its beginning. */
function isRootOf(
  root: Uint8Array,
  end: number,
  checkpoint: Checkpoint,
  hashes: readonly Uint8Array[] = [],
): boolean {
  return verifyConsistency({
    size1: end,
    root1: root,
    size2: checkpoint.size,
    root2: checkpoint.root,
    hashes,
  });
}

function otherRoot(index: number, before: number): Problem {
  const message = `the ${before} entries and their tiles agree with one another, and are not those that the checkpoint signs`;
  return { code: 'root_mismatch', index, before, message };
}

function unannounced(first: number): Problem {
  const message = `the entries before ${first} are missing, and no entry says that they were pruned`;
  return { code: 'pruned_unannounced', index: 0, before: first, message };
}
