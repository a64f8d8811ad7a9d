/** What a verification found, in words that an auditor can quote. */
import type { Checkpoint } from './checkpoint.js';

export type ProblemCode =
  /** There is no checkpoint: nothing was ever signed, or it was taken away. */
  | 'checkpoint_missing'
  | 'checkpoint_malformed'
  /** None of the keys has signed it, or a signature in the name of one of them is not its. */
  | 'checkpoint_unsigned'
  /** It is of another log. */
  | 'checkpoint_foreign'
  /** Only a key has signed it that had been replaced when the log had this size. */
  | 'key_retired'
  /** Fewer witnesses than were asked for have signed it. */
  | 'witnesses_missing'
  /** An entry is not the one that the tree holds at its place. */
  | 'entry_changed'
  /** An entry that the checkpoint covers is not there. */
  | 'entry_missing'
  /** There is something where no entry should be. */
  | 'entry_unexpected'
  /** The tree holds it, but it is no entry: not canonical, another number, another form. */
  | 'entry_malformed'
  /** A tile has another hash than its entries. */
  | 'tile_changed'
  | 'tile_missing'
  /** The entries and the tiles agree, and are not what was signed. */
  | 'root_mismatch'
  /** The log is shorter than a checkpoint that the auditor holds. */
  | 'truncated'
  /** The log does not contain what a checkpoint that the auditor holds has signed. */
  | 'forked'
  /** The beginning is missing, and no entry `log.pruned` says that it was pruned. */
  | 'pruned_unannounced'
  /** A checkpoint that the auditor holds is older than what is left of the log, or newer than what an archive has. */
  | 'since_uncheckable'
  /** A proof whose hashes do not lead from the entry to the root. */
  | 'proof_invalid'
  | 'proof_malformed'
  /** An export with a part too many, too few, twice, too long, or of a kind that it cannot hold. */
  | 'export_malformed'
  /** A part of an export is not the one that its manifest names. */
  | 'part_changed';

/** One thing that is wrong. */
export interface Problem {
  readonly code: ProblemCode;
  /** One sentence for a person: what, and where. */
  readonly message: string;
  /** The index of the entry, or of the first one that it is about. */
  readonly index?: number;
  /** With `index`: the first that it is not about. The bad entries are within, and cannot be told apart. */
  readonly before?: number;
  /** The file, as C2SP tlog-tiles names it, or the part of an export. */
  readonly path?: string;
}

/** How many problems are listed, and how many are looked for before giving up. */
export const MAX_PROBLEMS = 100;

/** What was looked at. */
export interface Checked {
  readonly entries: number;
  /** Tiles of hashes. */
  readonly tiles: number;
  /** Checkpoints of the auditor's that were found to be beginnings of this log. */
  readonly since: number;
  /** The names of the witnesses whose signatures were verified. */
  readonly witnesses: readonly string[];
}

/** What verifying a log or an export found. */
export interface LogReport {
  readonly valid: boolean;
  /** As the checkpoint says; empty where there is none that can be read. */
  readonly origin: string;
  /** How many entries the checkpoint covers. */
  readonly size: number;
  /** The root that the checkpoint signs, 64 hex digits. */
  readonly root: string;
  /** The first index that is still there. */
  readonly from: number;
  /** The first index that was not looked at: `size`, but for an archive of what was pruned. */
  readonly to: number;
  readonly checked: Checked;
  /** The first of `problems`. */
  readonly problem?: Problem;
  /** In the order of the log, 100 at most. */
  readonly problems: readonly Problem[];
  /** Sentences; none unless it is valid. */
  readonly proves: readonly string[];
  readonly doesNotProve: readonly string[];
}

/** What the sentences depend on. */
export interface Proven {
  readonly origin: string;
  readonly size: number;
  readonly from: number;
  readonly to: number;
  /** The sizes of the auditor's own checkpoints. */
  readonly since: readonly number[];
  readonly witnesses: readonly string[];
}

/** What a log or an export that was found valid proves. */
export function provenBy({ origin, size, from, to, since, witnesses }: Proven): string[] {
  const which =
    from === 0 && to === size ? `All ${size} entries` : `The entries from ${from} to before ${to}`;
  const sentences = [
    `${which} of the log “${origin}” are those that the holder of its key signed with the checkpoint of ${size}: since then none was changed, removed, inserted or put in another place.`,
  ];
  if (since.length > 0) {
    sentences.push(
      `The log begins with exactly what the checkpoints signed that you held yourself (of ${since.join(', ')} entries): since you got them nobody, the operator included, has changed anything before them.`,
    );
  }
  if (witnesses.length > 0) {
    sentences.push(
      `The witnesses ${witnesses.join(', ')} have signed this checkpoint: each saw this log grow, and saw no other log of this name.`,
    );
  }
  return sentences;
}

/** What it does not prove, valid or not. */
export function notProvenBy({ from, to, size, since, witnesses }: Omit<Proven, 'origin'>): string[] {
  const sentences = [
    'That every action was recorded: what never came to the log is not in it.',
    'That what an entry says is true: the log keeps what its host was told, and when by the host’s own clock.',
    'What the values were that an entry commits to: agent, resource and context stand in it as salted hashes.',
  ];
  if (witnesses.length === 0) {
    sentences.push(
      since.length === 0
        ? 'Anything against the operator: without witnesses, and without a checkpoint that you held yourself, the holder of the key could have written all of it anew.'
        : `Anything against the operator before the checkpoint that you held yourself, or that others are shown the same log: no witness has signed it. After entry ${Math.max(...since)} the holder of the key could have written it anew.`,
    );
  }
  if (from > 0) {
    sentences.push(
      `Anything about the content of the entries before ${from}, which are not here: the tree still holds their hashes, so that an archive of them can be verified. Whether a key was retired among them is not known here.`,
    );
  }
  if (to < size)
    sentences.push(`Anything about the content of the entries from ${to} on, which are not here.`);
  return sentences;
}

/** The parts of a report that a checkpoint gives. */
export function headOf(checkpoint: Checkpoint | undefined): Pick<LogReport, 'origin' | 'size' | 'root'> {
  if (checkpoint === undefined) return { origin: '', size: 0, root: '' };
  const { origin, size, root } = checkpoint;
  return { origin, size, root: Buffer.from(root).toString('hex') };
}
