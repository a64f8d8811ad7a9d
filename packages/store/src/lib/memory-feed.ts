import { randomBytes, toHex } from '@stele/crypto';
import { FEED_LENGTH, type RecordChange } from '../record-backend.js';
import type { ChangeSource } from './change-feed.js';

const PAGE = 256;

/** The latest changes of a memory. */
export class MemoryFeed implements ChangeSource {
  readonly epoch = toHex(randomBytes(16));
  #changes: Omit<RecordChange, 'token'>[] = [];
  /** How many came before those that are kept. */
  #dropped = 0;
  #open = true;

  append(change: Omit<RecordChange, 'token'>): void {
    this.#changes.push(change);
    if (this.#changes.length < 2 * FEED_LENGTH) return;
    this.#changes = this.#changes.slice(FEED_LENGTH);
    this.#dropped += FEED_LENGTH;
  }

  latest(): number {
    return this.#dropped + this.#changes.length;
  }

  since(place: number): readonly Omit<RecordChange, 'token'>[] | undefined {
    const from = place - this.#dropped;
    return from < 0 ? undefined : this.#changes.slice(from, from + PAGE);
  }

  open(): boolean {
    return this.#open;
  }

  close(): void {
    this.#open = false;
  }
}
