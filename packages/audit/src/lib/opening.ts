/** What is looked at before a log is gone on with: whose it is, and that nothing was taken away from it. */
import type { HeadKeeper, LogBackend } from '../backend.js';
import { AuditError } from '../errors.js';
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.js';
import type { VerifierKey } from './note.js';
import { rootAt } from './tiles.js';
import { GrowingTree } from './tree-growing.js';

/** A checkpoint that a key of this log has signed. */
export interface OwnHead extends OpenedCheckpoint {
  readonly note: string;
}

/** What was found. */
export interface OpenedLog {
  readonly tree: GrowingTree;
  /** How many records are durable, at least as many as are published. */
  readonly size: number;
  readonly published: OwnHead | undefined;
  /** A checkpoint that was signed and kept, but not published any more. The tree has grown to it. */
  readonly unpublished: OwnHead | undefined;
  /** The key that signed last; undefined for a log that was never signed. */
  readonly key: VerifierKey | undefined;
}

interface OpeningOptions {
  readonly backend: LogBackend;
  readonly heads: HeadKeeper | undefined;
  readonly origin: string;
  /** The log's own key first, then those before it. */
  readonly keys: readonly VerifierKey[];
  /** How many records were durable when it was opened. */
  readonly size: number;
}

/**
 * Compares what is there with what was signed.
 * @throws AuditError `audit_log_foreign`, `audit_log_rolled_back`, `audit_log_corrupt`
 */
export async function openTree(options: OpeningOptions): Promise<OpenedLog> {
  const { backend, heads } = options;
  const published = await ownHead(await backend.checkpoint(), 'the published checkpoint', options);
  const kept = await ownHead(await heads?.read(), 'the checkpoint that is kept', options);
  // Where it is shared, others have appended since it was opened, and may have published that.
  const size = backend.shared ? await backend.size() : options.size;
  if (published !== undefined && published.size > size) {
    throw corrupt(`${backend.name}: there are ${size} entries, and the checkpoint is of ${published.size}`);
  }
  const tree = await GrowingTree.load(backend, published?.size ?? 0);
  if (published !== undefined && !same(tree.root(), published.root)) {
    throw corrupt(`${backend.name}: its tiles are not those of its checkpoint of ${published.size} entries`);
  }
  if (kept === undefined || kept.size <= (published?.size ?? 0)) {
    if (kept !== undefined) await assertBegins(options, kept);
    if (published !== undefined && kept?.size !== published.size) await heads?.write(published.note);
    return { tree, size, published, unpublished: undefined, key: keyOf(published ?? kept) };
  }
  if (kept.size > size)
    throw rolledBack(`${backend.name}: there are ${size} entries, and ${kept.size} were signed`);
  await tree.growTo(kept.size);
  if (!same(tree.root(), kept.root)) throw otherHistory(options, kept);
  return { tree, size, published, unpublished: kept, key: keyOf(kept) };
}

async function assertBegins(options: OpeningOptions, kept: OwnHead): Promise<void> {
  if (!same(await rootAt(options.backend, kept.size), kept.root)) throw otherHistory(options, kept);
}

/** Opens a note of this log. */
async function ownHead(
  note: string | undefined,
  what: string,
  { backend, keys, origin }: OpeningOptions,
): Promise<OwnHead | undefined> {
  if (note === undefined) return undefined;
  try {
    return { ...(await openCheckpoint(note, keys, origin)), note };
  } catch (cause) {
    const { code, message } = cause as AuditError;
    if (code === 'note_malformed') throw corrupt(`${backend.name}: ${what} is none: ${message}`, cause);
    if (code !== 'note_unsigned') throw cause;
    throw new AuditError(
      'audit_log_foreign',
      `${backend.name}: ${what} was signed by none of the keys that were named`,
      {
        cause,
        hint: 'Open the log with its own signer. If its key was changed, name the keys before it in previousKeys.',
      },
    );
  }
}

/** Of the keys that signed the first in the order in which they were named: the log's own, if it did. */
function keyOf(head: OwnHead | undefined): VerifierKey | undefined {
  return head?.verified[0]?.key;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b);

function otherHistory({ backend }: OpeningOptions, kept: OwnHead): AuditError {
  return rolledBack(`${backend.name}: its first ${kept.size} entries are not those that were signed`);
}

function rolledBack(message: string): AuditError {
  return new AuditError('audit_log_rolled_back', message, {
    hint: 'If it was restored from a copy, begin a new log under a new origin that names this one as its predecessor.',
  });
}

function corrupt(message: string, cause?: unknown): AuditError {
  return new AuditError('audit_log_corrupt', message, {
    cause,
    hint: 'Restore it from a copy, or begin a new log under a new origin that names this one as its predecessor.',
  });
}
