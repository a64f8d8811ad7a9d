/** The entries: their bytes as they are, and columns by which they are found. */
import { breathe } from './dom.js';
import type { Meta, Run } from './load.js';

/** How a row is coloured and filtered. */
export const TONES = ['permit', 'pending', 'deny', 'outcome', 'event'] as const;
export type Tone = (typeof TONES)[number];

/** A leaf, as far as it can be relied on: it may hold anything. */
export type Leaf = Readonly<Record<string, unknown>>;

/** Texts that come again and again, each with a number. */
export class Names {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

/** Entries in the order of the log. A position counts what is on the page, an index what is in the log. */
export class Log {
  readonly length: number;
  readonly indexes: Float64Array;
  readonly times: Float64Array;
  readonly tones: Uint8Array;
  readonly codes: Uint32Array;
  readonly covenants: Uint32Array;
  readonly codeNames = new Names();
  readonly covenantNames = new Names();
  /** Where the last outcome of a decision is, by the decision's index. */
  readonly outcomes = new Map<number, number>();
  readonly #bytes: Uint8Array;
  readonly #starts: Uint32Array;
  readonly #decoder = new TextDecoder();

  private constructor(bytes: Uint8Array, runs: readonly Run[]) {
    this.#bytes = bytes;
    this.length = runs.reduce((sum, [, count]) => sum + count, 0);
    this.indexes = new Float64Array(this.length);
    this.times = new Float64Array(this.length);
    this.tones = new Uint8Array(this.length);
    this.codes = new Uint32Array(this.length);
    this.covenants = new Uint32Array(this.length);
    this.#starts = new Uint32Array(this.length + 1);
    let position = 0;
    for (const [start, count] of runs) for (let i = 0; i < count; i++) this.indexes[position++] = start + i;
  }

  /** Reads all entries once, a part at a time. */
  static async read(bytes: Uint8Array, meta: Meta, onProgress: (done: number) => void): Promise<Log> {
    const log = new Log(bytes, meta.entries);
    for (let position = 0; position < log.length; position++) {
      log.#read(position);
      if (position % 5_000 !== 4_999) continue;
      onProgress(position + 1);
      await breathe();
    }
    return log;
  }

  #read(position: number): void {
    const start = this.#starts[position] as number;
    const length = ((this.#bytes[start] as number) << 8) | (this.#bytes[start + 1] as number);
    this.#starts[position + 1] = start + 2 + length;
    const leaf = this.leaf(position);
    this.times[position] = timeOf(leaf.time);
    this.tones[position] = TONES.indexOf(toneOf(leaf));
    this.codes[position] = this.codeNames.numberOf(labelOf(leaf));
    this.covenants[position] = this.covenantNames.numberOf(textOf(leaf.covenant));
    if (leaf.kind === 'outcome' && typeof leaf.of === 'number') this.outcomes.set(leaf.of, position);
  }

  /** The bytes of a leaf. */
  bytes(position: number): Uint8Array<ArrayBuffer> {
    // A copy: what is hashed is exactly this.
    return this.#bytes.slice((this.#starts[position] as number) + 2, this.#starts[position + 1]);
  }

  text(position: number): string {
    return this.#decoder.decode(this.bytes(position));
  }

  /** Nothing of what is no JSON object. */
  leaf(position: number): Leaf {
    try {
      const value: unknown = JSON.parse(this.text(position));
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Leaf;
    } catch {
      // What it is stands in its text.
    }
    return {};
  }

  tone(position: number): Tone {
    return TONES[this.tones[position] as number] as Tone;
  }

  /** Where the entry of an index is; -1 when it is not on the page. */
  positionOf(index: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.indexes[middle] as number) < index) low = middle + 1;
      else high = middle;
    }
    return this.indexes[low] === index ? low : -1;
  }
}

/** RFC 3339 has the years 0 to 9999. Near the end of what a Date can hold a chart would go past it. */
const [FIRST_TIME, LAST_TIME] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59Z')];

function timeOf(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return ms >= FIRST_TIME && ms <= LAST_TIME ? ms : Number.NaN;
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function toneOf({ kind, decision }: Leaf): Tone {
  if (kind === 'outcome') return 'outcome';
  if (kind !== 'decision') return 'event';
  return decision === 'permit' || decision === 'pending' ? decision : 'deny';
}

/** What an entry is filed under: the code of a decision, what became of an action, the kind of an event. */
export function labelOf({ kind, code, outcome }: Leaf): string {
  if (kind === 'decision') return textOf(code);
  return kind === 'outcome' ? `outcome: ${textOf(outcome)}` : textOf(kind);
}
