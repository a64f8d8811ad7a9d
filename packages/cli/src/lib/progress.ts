import type { Output } from './cli.js';
import { count } from './output.js';

const INTERVAL_MS = 100;
const BAR = 24;

export interface ProgressOptions {
  /** What is being done, the first word of the line. */
  readonly task: string;
  /** What is counted, in the plural. */
  readonly unit: string;
  /** How much there is in all, in bytes, say; undefined when that is not known, as for a pipe. */
  readonly total?: number | undefined;
  /** Shown or not; only on a terminal when not given. */
  readonly show: boolean | undefined;
}

/** A bar that redraws one line of a terminal, at most ten times a second. */
export class Progress {
  readonly #output: Output;
  readonly #task: string;
  readonly #unit: string;
  readonly #total: number | undefined;
  readonly #shown: boolean;
  readonly #start = performance.now();
  #next = 0;
  #drawn = false;

  constructor(output: Output, { task, unit, total, show }: ProgressOptions) {
    this.#output = output;
    this.#task = task;
    this.#unit = unit;
    this.#total = total;
    this.#shown = show ?? output.isTTY === true;
  }

  /**
   * Says how far it is.
   * @param done of the total
   * @param counted how many units that is
   */
  at(done: number, counted: number, total = this.#total): void {
    if (!this.#shown) return;
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + INTERVAL_MS;
    this.#drawn = true;
    this.#output.write(`\r\u001b[2K${this.#text(done, counted, total, (now - this.#start) / 1000)}`);
  }

  /** Takes the bar away, so that something else can be written. */
  clear(): void {
    if (this.#drawn) this.#output.write('\r\u001b[2K');
    this.#drawn = false;
  }

  #text(done: number, counted: number, total: number | undefined, seconds: number): string {
    const speed = `${count(counted)} ${this.#unit}, ${count(Math.round(counted / Math.max(seconds, 0.001)))}/s`;
    if (total === undefined || total === 0) return `${this.#task}  ${speed}`;
    const share = Math.min(done / total, 1);
    const bar = '#'.repeat(Math.round(share * BAR)).padEnd(BAR, '.');
    const left = share > 0 ? `, ${Math.ceil((seconds * (1 - share)) / share)} s left` : '';
    return `${this.#task}  [${bar}] ${Math.floor(share * 100)} %  ${speed}${left}`;
  }
}
