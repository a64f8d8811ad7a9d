/**
 * The measurement: in every round each candidate of a table runs one short slice, in shuffled order. What else the
 * machine does then falls on all of them alike, so that ratios hold where absolute figures do not.
 */
import { loadavg } from 'node:os';
import { shuffled } from './random.mjs';
import { median, quantile, ratio } from './statistics.mjs';

/**
 * @typedef {object} Candidate
 * @property {string} name
 * @property {(i: number) => unknown} run one operation, synchronous or not; `i` counts up through all slices
 * @property {number} [callers] how many operations are in flight at a time; 1 when not given
 * @property {number} [operations] how many make a slice; as many as fill its time when not given
 * @property {number} [each] how many operations one call of `run` makes; 1 when not given
 * @property {object} [bar] what it ought to reach, from bars.mjs
 *
 * @typedef {object} Table
 * @property {string} title
 * @property {string} [note]
 * @property {Candidate[]} candidates the first is the one that the others are compared with
 * @property {(round: number) => unknown} [prepare] runs before each round, not measured
 * @property {boolean} [percentiles] times single operations as well
 * @property {number} [sliceMs]
 * @property {number} [rounds]
 */

const WARM_UP_ROUNDS = 3;
const MAX_TIMED = 2_000;
const MAX_TIMED_TOGETHER = 100_000;

/** Results of functions that have no effect go here, so that calling them is not optimised away. */
export let kept;

/**
 * @param {Table} table
 * @param {{ rounds: number, sliceMs: number, smoke: boolean, random: () => number, progress: (done: number) => void }} options
 */
export async function measure(table, options) {
  const settings = { ...options, ...(options.smoke ? {} : pick(table)) };
  const rows = table.candidates.map((candidate) => new Row(candidate, settings));
  const load = loadavg()[0];
  const warmUp = settings.smoke ? 1 : WARM_UP_ROUNDS;
  for (let round = 0; round < warmUp + settings.rounds; round++) {
    await table.prepare?.(round);
    for (const row of shuffled(rows, settings.random)) {
      await row.slice(round >= warmUp);
      if (table.percentiles) await row.timedSlice(round >= warmUp);
    }
    settings.progress((round + 1) / (warmUp + settings.rounds));
  }
  const { rounds, sliceMs, smoke } = settings;
  const summarised = summaries(rows);
  // The figures of a smoke run say nothing, so they are not judged.
  const judged = smoke
    ? summarised
    : summarised.map((row, i) => judge(rows[i].candidate.bar, row, summarised));
  return { title: table.title, note: table.note, rounds, sliceMs, load, rows: judged };
}

const pick = ({ rounds, sliceMs }) => ({ ...(rounds && { rounds }), ...(sliceMs && { sliceMs }) });

class Row {
  rates = [];
  singles = [];
  #next = 0;
  #operations;

  constructor(candidate, { sliceMs, smoke }) {
    this.candidate = candidate;
    this.sliceMs = sliceMs;
    const { operations, callers = 1 } = candidate;
    this.#operations = operations && (smoke ? Math.min(operations, 5) : operations);
    this.least = callers;
  }

  async slice(counts) {
    const count = this.#operations ?? this.fitting ?? this.least;
    const ms = await this.#run(count);
    if (this.#operations === undefined && !counts) await this.#fit(count, ms);
    const { each = 1 } = this.candidate;
    if (counts) this.rates.push(((count * each) / ms) * 1_000);
  }

  /** Where several callers are in flight, each operation takes as long as it does beside the others. */
  async timedSlice(counts) {
    const { run, callers = 1 } = this.candidate;
    const count = Math.min(this.fitting ?? this.least, callers > 1 ? MAX_TIMED_TOGETHER : MAX_TIMED);
    const timed = async (i) => {
      const start = performance.now();
      const result = run(i);
      if (isPromise(result)) await result;
      const micros = (performance.now() - start) * 1_000;
      if (counts) this.singles.push(micros);
    };
    const first = this.#next;
    this.#next += count;
    await concurrently(timed, first, first + count, callers);
  }

  /** Finds how many operations fill a slice. */
  async #fit(first, firstMs) {
    let [count, ms] = [first, firstMs];
    while (ms < this.sliceMs / 2) {
      count = Math.ceil(count * Math.min(10, Math.max(1.5, this.sliceMs / Math.max(ms, 0.001))));
      ms = await this.#run(count);
    }
    this.fitting = Math.max(this.least, Math.round((count * this.sliceMs) / ms));
  }

  async #run(count) {
    const { run, callers = 1 } = this.candidate;
    const first = this.#next;
    this.#next += count;
    const start = performance.now();
    if (callers > 1) await concurrently(run, first, first + count, callers);
    else await oneByOne(run, first, first + count);
    return performance.now() - start;
  }
}

/** Asks once whether the function is asynchronous, because waiting for nothing costs as much as a fast operation. */
async function oneByOne(run, first, end) {
  const result = run(first);
  if (!isPromise(result)) {
    for (let i = first + 1; i < end; i++) kept = run(i);
    return;
  }
  await result;
  for (let i = first + 1; i < end; i++) await run(i);
}

async function concurrently(run, first, end, callers) {
  let next = first;
  const caller = async () => {
    while (next < end) await run(next++);
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

const isPromise = (value) => typeof value?.then === 'function';

function summaries(rows) {
  const [first] = rows;
  return rows.map(({ candidate, rates, singles }) => ({
    name: candidate.name,
    rates,
    median: median(rates),
    p10: quantile(rates, 0.1),
    p90: quantile(rates, 0.9),
    best: Math.max(...rates),
    micros: 1e6 / median(rates),
    ratio: ratio(rates, first.rates),
    bars: [],
    ...(singles.length === 0 ? {} : { p50: median(singles), p99: quantile(singles, 0.99) }),
  }));
}

/** A candidate has no bar, one, or several. */
function judge(bars = [], row, rows) {
  return { ...row, bars: [bars].flat().map((bar) => ({ text: bar.text, ...bar.judge(row, rows) })) };
}
