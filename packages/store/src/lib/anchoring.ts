import { StoreError } from '../errors.js';
import type { Found, RecordBackend } from '../record-backend.js';
import type { StoreAnchor } from '../store-anchor.js';
import {
  type Anchored,
  announced,
  digestOf,
  formatAnchored,
  parseAnchored,
  reached,
  STATE_ID,
  STATE_KIND,
} from './anchor-state.js';
import { within } from './within.js';

const MAX_ATTEMPTS = 64;
const MAX_PAUSE_MS = 20;
const NOTHING: Anchored = reached(0, '');

/** A store that is as its anchor says, or one that has not been anchored yet. */
export interface Standing {
  /** What the anchor says; undefined before the first time. */
  readonly text: string | undefined;
  readonly last: Anchored;
  /** The store's own record of its state. */
  readonly state: Found | undefined;
  /** Its digest. */
  readonly now: string;
}

/**
 * Holds the state of a store against its anchor. Whoever writes announces the next state in the anchor, writes it together with
 * the records, and then says that it was reached. So at any moment the store is in the state that was reached last or in one that
 * was announced since, and a crash between two of the steps is neither a false alarm nor a hole.
 */
export class Anchoring {
  readonly #inner: RecordBackend;
  readonly #anchor: StoreAnchor;
  readonly #timeoutMs: number;
  #late = 0;

  /** @param timeoutMs how long each answer of the anchor may take */
  constructor(inner: RecordBackend, anchor: StoreAnchor, timeoutMs: number) {
    this.#inner = inner;
    this.#anchor = anchor;
    this.#timeoutMs = timeoutMs;
  }

  /** How often an answer has been late. */
  get late(): number {
    return this.#late;
  }

  /** How the store stands. @throws StoreError `store_rolled_back`, `store_unavailable` */
  async check(): Promise<Standing> {
    let text = await this.#read();
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const standing = await this.#standing(text, parsed(text));
      const { last, now } = standing;
      if (now === last.digest) return standing;
      if (last.pending.includes(now)) {
        // Its writer has not come to say so. From here on there is no way back.
        const said = reached(last.counter + 1, now);
        if (await this.#advance(text, formatAnchored(said))) {
          return { ...standing, text: formatAnchored(said), last: said };
        }
      }
      // The anchor is always ahead of the store: if it has not moved while the store was read, the store is a strange one.
      const after = await this.#read();
      if (after === text) throw rolledBack(standing);
      text = after;
      await pause(n);
    }
    throw busy();
  }

  /** How the store stands if what is there is taken for what was put. */
  async accept(): Promise<Standing> {
    const text = await this.#read();
    const standing = await this.#standing(text, parsedOr(text, NOTHING));
    return { ...standing, last: { ...standing.last, digest: standing.now, pending: [] } };
  }

  /** Says which state is about to be written. @returns false if somebody else was faster */
  async announce({ text, last }: Standing, next: string): Promise<boolean> {
    const announcement = formatAnchored(announced(last, next));
    return announcement === text || this.#advance(text, announcement);
  }

  /** Says that a state was reached, unless somebody has said so already. */
  async reach(counter: number, digest: string): Promise<void> {
    const text = formatAnchored(reached(counter, digest));
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const before = await this.#read();
      if (parsed(before).counter >= counter) return;
      if (await this.#advance(before, text)) return;
      await pause(n);
    }
    throw busy();
  }

  async #standing(text: string | undefined, last: Anchored): Promise<Standing> {
    const state = await this.#inner.get(STATE_KIND, STATE_ID);
    return { text, last, state, now: digestOf(state?.bytes) };
  }

  #read(): Promise<string | undefined> {
    return this.#ask(() => this.#anchor.read());
  }

  #advance(from: string | undefined, to: string): Promise<boolean> {
    return this.#ask(() => this.#anchor.advance(from, to));
  }

  /** What comes late may still come true: it is as if this process had died at that step. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await within(question(), this.#timeoutMs, () => {
        this.#late++;
        return lateAnchor(this.#timeoutMs);
      });
    } catch (cause) {
      if (cause instanceof StoreError) throw cause;
      throw new StoreError('store_unavailable', 'the anchor of the store failed', {
        cause,
        hint: 'try again',
      });
    }
  }
}

/** Waits longer each time, and each another time. */
export function pause(n: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(MAX_PAUSE_MS, n)));
}

export function busy(): StoreError {
  return new StoreError('store_unavailable', 'too many write to the store at once', { hint: 'try again' });
}

function parsed(text: string | undefined): Anchored {
  const last = parsedOr(text, undefined);
  if (last !== undefined) return last;
  throw new StoreError('store_rolled_back', 'what the anchor says cannot be read', {
    hint: 'it was damaged, belongs to something else, or was written by a newer version',
  });
}

function parsedOr<T>(text: string | undefined, otherwise: T): Anchored | T {
  if (text === undefined) return NOTHING;
  try {
    return parseAnchored(text);
  } catch {
    return otherwise;
  }
}

export function lateAnchor(timeoutMs: number): StoreError {
  return new StoreError(
    'store_unavailable',
    `the anchor of the store has not answered within ${timeoutMs} ms`,
    {
      hint: 'look at where the anchor is, and at the way to it; what was asked may or may not have been done',
    },
  );
}

function rolledBack({ text, now }: Standing): StoreError {
  const [message, hint] =
    text === undefined
      ? ['the store has been anchored, and its anchor is empty', 'give it the anchor that it was used with']
      : now === ''
        ? ['the store has lost the record of its state', 'look for what was deleted']
        : [
            'the store is not in the state in which its anchor last saw it',
            'it was brought back to an earlier one, or written without the anchor',
          ];
  return new StoreError('store_rolled_back', message, {
    hint: `${hint}; restore the newest copy, or accept what is there with \`reanchor\``,
  });
}
