/** Cosignatures of witnesses on what was published, asked for beside everything else. */
import type { LogReader } from '../backend.js';
import { consistencyProof } from '../proofs.js';
import { collectCosignatures, type WitnessClient } from '../witness-client.js';

export interface CosigningOptions {
  readonly witnesses: readonly WitnessClient[];
  readonly reader: LogReader;
  /** Is given the signature lines of a checkpoint. */
  readonly onSigned: (note: string, lines: readonly string[]) => Promise<void>;
  readonly onProblem: (error: unknown) => void;
}

/** Asks for one checkpoint at a time; of those that are published meanwhile the newest comes next. */
export class Cosigning {
  readonly #options: CosigningOptions;
  #next: string | undefined;
  #asking: Promise<void> | undefined;

  constructor(options: CosigningOptions) {
    this.#options = options;
  }

  ask(note: string): void {
    if (this.#options.witnesses.length === 0) return;
    this.#next = note;
    this.#asking ??= this.#askAll();
  }

  /** Resolves when nobody is asked any more. The clients have time-outs of their own. */
  async settled(): Promise<void> {
    await this.#asking;
  }

  async #askAll(): Promise<void> {
    for (let note = this.#next; note !== undefined; note = this.#next) {
      this.#next = undefined;
      await this.#askFor(note).catch(this.#options.onProblem);
    }
    this.#asking = undefined;
  }

  async #askFor(checkpoint: string): Promise<void> {
    const { witnesses, reader, onSigned, onProblem } = this.#options;
    const lines = await collectCosignatures(
      witnesses,
      { checkpoint, consistencyProof: (from, to) => consistencyProof(reader, from, to) },
      onProblem,
    );
    if (lines.length > 0) await onSigned(checkpoint, lines);
  }
}
