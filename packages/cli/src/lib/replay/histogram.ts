/** Buckets per doubling: a quantile is at most 1/32 too high. */
const STEPS = 32;
const DOUBLINGS = 44;

/** Durations in a fixed number of buckets, from a nanosecond to hours. */
export class Histogram {
  readonly #buckets = new Float64Array(STEPS * DOUBLINGS);
  #count = 0;
  #sum = 0;
  #max = 0;

  /** @param ms 0 or more */
  add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(ms * 1e6, 1)) * STEPS);
    const index = Math.min(bucket, this.#buckets.length - 1);
    this.#buckets[index] = (this.#buckets[index] as number) + 1;
    this.#count += 1;
    this.#sum += ms;
    this.#max = Math.max(this.#max, ms);
  }

  /** Mean, median, 99th percentile and greatest, in microseconds. */
  summary(): { mean: number; p50: number; p99: number; max: number } {
    const us = (ms: number) => Math.round(ms * 1e5) / 100;
    const mean = this.#count === 0 ? 0 : this.#sum / this.#count;
    return {
      mean: us(mean),
      p50: us(this.#quantile(0.5)),
      p99: us(this.#quantile(0.99)),
      max: us(this.#max),
    };
  }

  /** The upper bound of the bucket in which the quantile lies. */
  #quantile(share: number): number {
    let below = 0;
    for (let i = 0; i < this.#buckets.length; i++) {
      below += this.#buckets[i] as number;
      if (below >= share * this.#count) return Math.min(2 ** ((i + 1) / STEPS) / 1e6, this.#max);
    }
    return this.#max;
  }
}
