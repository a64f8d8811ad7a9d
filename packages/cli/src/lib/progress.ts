import type { Output } from './cli.js';
import { count } from './output.js';

const INTERVAL_MS = 100;
const BAR = 24;

export interface ProgressOptions {
  /** Bytes in all; undefined when that is not known, as for a pipe. */
  readonly total: number | undefined;
  /** Shown or not; only on a terminal when not given. */
  readonly show: boolean | undefined;
}

/** A bar that redraws one line of a terminal, at most ten times a second. */
export class Progress {
  readonly #output: Output;
  readonly #total: number | undefined;
  readonly #shown: boolean;
  readonly #start = performance.now();
  #next = 0;
  #drawn = false;

  constructor(output: Output, { total, show }: ProgressOptions) {
    this.#output = output;
    this.#total = total;
    this.#shown = show ?? output.isTTY === true;
  }

  /** Says how far it is. */
  at(bytes: number, lines: number): void {
    if (!this.#shown) return;
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + INTERVAL_MS;
    this.#drawn = true;
    this.#output.write(`\r\u001b[2K${this.#text(bytes, lines, (now - this.#start) / 1000)}`);
  }

  /** Takes the bar away, so that something else can be written. */
  clear(): void {
    if (this.#drawn) this.#output.write('\r\u001b[2K');
    this.#drawn = false;
  }

  #text(bytes: number, lines: number, seconds: number): string {
    const speed = `${count(lines)} lines, ${count(Math.round(lines / Math.max(seconds, 0.001)))}/s`;
    if (this.#total === undefined || this.#total === 0) return `replay  ${speed}`;
    const done = Math.min(bytes / this.#total, 1);
    const bar = '#'.repeat(Math.round(done * BAR)).padEnd(BAR, '.');
    const left = done > 0 ? `, ${Math.ceil((seconds * (1 - done)) / done)} s left` : '';
    return `replay  [${bar}] ${Math.floor(done * 100)} %  ${speed}${left}`;
  }
}
