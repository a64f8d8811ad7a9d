/** The heads of a log: when they are made, signed, kept and published. */
import type { Signer } from '@stele/crypto';
import type { HeadKeeper, LogBackend } from '../backend.js';
import { AuditError } from '../errors.js';
import { formatCheckpoint, openCheckpoint } from './checkpoint.js';
import { assertSigns } from './key-turns.js';
import { addSignatures, signNote, type VerifierKey } from './note.js';
import type { TreeRecord } from './recent-records.js';
import { rootAt } from './tiles.js';
import { GrowingTree } from './tree-growing.js';

/** How often the tree grows for each time that it is signed. */
const STEPS = 4;

/** A checkpoint that was published, or is to be. */
export interface Head {
  readonly note: string;
  readonly size: number;
}

export interface CheckpointingOptions {
  readonly backend: LogBackend;
  readonly heads: HeadKeeper | undefined;
  readonly origin: string;
  readonly signer: Signer;
  /** Who may have signed what is published, the signer's first. */
  readonly keys: readonly VerifierKey[];
  /** The longest time, in milliseconds, between two checkpoints of a log that grows. */
  readonly intervalMs: number;
  readonly published: Head | undefined;
  readonly tree: GrowingTree;
  /** How many records are durable. */
  readonly size: number;
  /** Is told of each checkpoint once it is published, but not of its cosignatures. */
  readonly onPublished: (note: string) => void;
  /** Is told why a checkpoint could not be made when nobody had asked for it. */
  readonly onProblem: (error: unknown) => void;
}

/**
 * Grows the tree beside the appends, a step at a time, and signs it. Of two things that could be done at the same time
 * one waits for the other, so that a size is never signed twice with different roots.
 */
export class Checkpointing {
  readonly #options: CheckpointingOptions;
  #tree: GrowingTree;
  #published: Head | undefined;
  #size: number;
  /** When the first record came that no published checkpoint covers. */
  #since: number | undefined;
  #lastPublished = 0;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: CheckpointingOptions) {
    this.#options = options;
    this.#tree = options.tree;
    this.#published = options.published;
    this.#size = options.size;
  }

  /** The newest checkpoint that was published. */
  get published(): Head | undefined {
    return this.#published;
  }

  /** How many records no published checkpoint covers, and for how long the oldest of them has waited. */
  lag(): { entries: number; ageMs: number } {
    const entries = this.#size - (this.#published?.size ?? 0);
    return { entries, ageMs: this.#since === undefined ? 0 : performance.now() - this.#since };
  }

  /** Says that records have become durable. */
  note(at: number, records: readonly TreeRecord[]): void {
    this.#tree.recent.add(at, records);
    this.#size = Math.max(this.#size, at + records.length);
    this.#since ??= performance.now();
    this.#arm();
  }

  /**
   * Signs and publishes what is durable now, unless it is published already.
   * @returns a checkpoint that covers it
   */
  checkpoint(): Promise<string> {
    return this.#alone(async () => {
      const size = this.#size;
      do await this.#publish(size);
      while (this.#isBehind(size));
      return (this.#published as Head).note;
    });
  }

  /** Publishes a head that was signed in an earlier life, and is further than what is published. */
  publishAgain(head: Head): Promise<void> {
    return this.#alone(async () => {
      await this.#tree.growTo(head.size);
      await this.#tree.stageAll();
      await this.#show(head);
    });
  }

  /** Publishes a checkpoint again, with further signatures, unless there is a newer one. */
  cosigned(note: string, lines: readonly string[]): Promise<void> {
    return this.#alone(async () => {
      if (this.#published?.note !== note) return;
      const checkpoint = addSignatures(note, lines);
      const { size } = this.#published;
      const publication = { before: note, checkpoint, size, tiles: [] };
      if (await this.#options.backend.publish(publication)) this.#published = { note: checkpoint, size };
      else await this.#catchUp();
    });
  }

  /** Does nothing any more by itself. */
  abandon(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Publishes everything, if there is anything, and does nothing any more. */
  async close(): Promise<void> {
    this.abandon();
    await this.#working;
    if (this.#size > (this.#published?.size ?? 0)) await this.checkpoint();
  }

  #arm(afterMs: number = this.#stepMs): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => this.#tick(), afterMs);
    // A process that has nothing else to do may end: what was acknowledged is durable without a checkpoint.
    this.#timer.unref();
  }

  get #stepMs(): number {
    return this.#options.intervalMs / STEPS;
  }

  async #tick(): Promise<void> {
    const startedAt = performance.now();
    try {
      await this.#alone(() => this.#step());
    } catch (error) {
      // The next step tries again, and `lag` tells how long it has been failing.
      this.#options.onProblem(error);
    }
    this.#timer = undefined;
    // From start to start, so that a slow disk does not make the steps rarer as well.
    if (this.#isBehind(this.#size)) this.#arm(Math.max(0, this.#stepMs - (performance.now() - startedAt)));
  }

  async #step(): Promise<void> {
    await this.#tree.grow(this.#size);
    // Early enough that the next one is not late, however long a step takes.
    const isDue = performance.now() - this.#lastPublished >= (STEPS / 2) * this.#stepMs;
    if (isDue) await this.#publish(this.#size);
  }

  #alone<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#working.then(step, step);
    this.#working = done.catch(() => undefined);
    return done;
  }

  #isBehind(size: number): boolean {
    return this.#published === undefined || this.#published.size < size;
  }

  async #publish(size: number): Promise<void> {
    if (!this.#isBehind(size)) return;
    await this.#tree.grow(size);
    await this.#tree.stageAll();
    const { origin, signer, keys, heads } = this.#options;
    // Where the log is shared, another process may have been given another key meanwhile.
    assertSigns(keys[0] as VerifierKey, this.#tree.key);
    const tree = { origin, size: this.#tree.size, root: this.#tree.root() };
    const note = await signNote(formatCheckpoint(tree), origin, signer);
    // Kept before it is shown: whoever has seen it can be sure that it is known here after a crash.
    await heads?.write(note);
    await this.#show({ note, size: tree.size });
  }

  async #show(head: Head): Promise<void> {
    const startedAt = performance.now();
    const { backend, onPublished } = this.#options;
    const publication = { checkpoint: head.note, size: head.size, tiles: this.#tree.unstaged() };
    if (!(await backend.publish({ ...publication, before: this.#published?.note }))) return this.#catchUp();
    this.#tree.markPublished();
    this.#setPublished(head, startedAt);
    onPublished(head.note);
  }

  #setPublished(head: Head, at: number): void {
    this.#published = head;
    this.#lastPublished = at;
    this.#since = this.#size > head.size ? at : undefined;
  }

  /** Somebody else has published: either another process, or this one when it had failed and did not know how far it came. */
  async #catchUp(): Promise<void> {
    const { backend, keys, origin } = this.#options;
    const note = await backend.checkpoint();
    if (note === undefined || note === this.#published?.note) {
      throw new AuditError('audit_log_corrupt', `${backend.name}: the published checkpoint has gone back`);
    }
    const { size, root } = await openCheckpoint(note, keys, origin);
    this.#size = Math.max(this.#size, size);
    if (size > this.#tree.size) this.#tree = await GrowingTree.load(backend, size, this.#tree.recent);
    const own = size === this.#tree.size ? this.#tree.root() : await rootAt(backend, size);
    if (!Buffer.from(own).equals(root)) {
      throw new AuditError(
        'audit_log_corrupt',
        `${backend.name}: another tree of ${size} entries was published`,
        {
          hint: 'Two logs are mixed up. Keep both as evidence.',
        },
      );
    }
    this.#setPublished({ note, size }, performance.now());
  }
}
