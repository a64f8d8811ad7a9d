/** How many decisions there were, over time. */
import { byId, count, svg, timeText } from './dom.js';
import { type Log, TONES } from './log.js';

const BARS = 72;
const HEIGHT = 100;
/** The second time a bar ends with is the beginning of the next. */
const LEAST_SPAN_MS = BARS * 1_000;

export class Timeline {
  readonly #log: Log;
  readonly #onChoose: (from: number, to: number) => void;
  readonly #from: number;
  readonly #step: number;
  readonly #isEmpty: boolean;

  /** @param onChoose called with the span of the bar that was clicked, in ms since 1970 */
  constructor(log: Log, onChoose: (from: number, to: number) => void) {
    this.#log = log;
    this.#onChoose = onChoose;
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const time of log.times) {
      if (time < first) first = time;
      if (time > last) last = time;
    }
    this.#isEmpty = first > last;
    this.#from = Math.floor(first / 1_000) * 1_000;
    this.#step = Math.ceil(Math.max(last - this.#from + 1, LEAST_SPAN_MS) / BARS / 1_000) * 1_000;
  }

  /** Draws these entries, in the span of all. */
  draw(positions: Uint32Array): void {
    const chart = byId('chart');
    if (this.#isEmpty) {
      chart.textContent = 'No entry has a time.';
      return;
    }
    const counts = this.#count(positions);
    const sums = Array.from({ length: BARS }, (_, bar) =>
      TONES.reduce((sum, _tone, tone) => sum + (counts[bar * TONES.length + tone] as number), 0),
    );
    const most = Math.max(1, ...sums);
    const bars = sums.map((sum, bar) => this.#bar(bar, sum, counts, most));
    const label = `Entries over time, from ${this.#at(0)} to ${this.#at(BARS)} UTC; at most ${count(most)} in one of ${BARS} equal parts`;
    chart.replaceChildren(
      svg(
        'svg',
        {
          viewBox: `0 0 ${BARS * 10} ${HEIGHT}`,
          preserveAspectRatio: 'none',
          role: 'img',
          'aria-label': label,
        },
        ...bars,
      ),
    );
    byId('chart-from').textContent = this.#at(0);
    byId('chart-most').textContent = `highest bar: ${count(most)}`;
    byId('chart-to').textContent = `${this.#at(BARS)} UTC`;
  }

  #count(positions: Uint32Array): Uint32Array {
    const counts = new Uint32Array(BARS * TONES.length);
    for (const position of positions) {
      const bar = Math.floor(((this.#log.times[position] as number) - this.#from) / this.#step);
      const at = bar * TONES.length + (this.#log.tones[position] as number);
      if (!Number.isNaN(bar)) counts[at] = (counts[at] as number) + 1;
    }
    return counts;
  }

  #bar(bar: number, sum: number, counts: Uint32Array, most: number): SVGGElement {
    let top = HEIGHT;
    const parts = TONES.map((tone, number) => {
      const height = ((counts[bar * TONES.length + number] as number) / most) * HEIGHT;
      top -= height;
      return height === 0
        ? undefined
        : svg('rect', {
            class: tone,
            x: bar * 10 + 1,
            y: top.toFixed(2),
            width: 8,
            height: height.toFixed(2),
          });
    });
    const title = svg('title', {}, `${this.#at(bar)} UTC: ${count(sum)} entries`);
    const target = svg('rect', { class: 'target', x: bar * 10, y: 0, width: 10, height: HEIGHT });
    const group = svg('g', {}, title, target, ...parts);
    group.addEventListener('click', () => this.#onChoose(this.#start(bar), this.#start(bar + 1)));
    return group;
  }

  #start(bar: number): number {
    return this.#from + bar * this.#step;
  }

  #at(bar: number): string {
    return timeText(this.#start(bar), 16);
  }
}
