/** Random histories, judged beside a model that keeps every charge ever made and computes everything anew. */
import assert from 'node:assert/strict';
import type { LimitCharge, LimitLedger, LimitRefusal, Reservation } from '@stele/ccl';
import { idOf, type LimitCase, TestClock } from './limits-harness.js';

/** One step of a history. Costs are in hundredths, `index` chooses among the reservations made so far. */
export type HistoryStep =
  | { readonly do: 'reserve'; readonly charges: readonly HistoryCharge[]; readonly ttlMs: number }
  | { readonly do: 'commit'; readonly index: number }
  | { readonly do: 'release'; readonly index: number; readonly which: readonly number[] | undefined }
  | { readonly do: 'wait'; readonly ms: number };

export interface HistoryCharge {
  readonly limit: keyof typeof LIMITS;
  readonly hundredths: number;
}

/** A key of two limits is charged under both at a time, so that all its charges are remembered for the longer period. */
const LIMITS = {
  fast: [{ key: 'fast', amount: 300, periodMs: 100 }],
  slow: [{ key: 'slow', amount: 100, periodMs: 1000 }],
  shared: [
    { key: 'shared', amount: 250, periodMs: 50 },
    { key: 'shared', amount: 600, periodMs: 400 },
  ],
  reversed: [
    { key: 'reversed', amount: 600, periodMs: 400 },
    { key: 'reversed', amount: 250, periodMs: 50 },
  ],
} as const;

/** What histories are made of, for generators. */
export const HISTORY = {
  limits: Object.keys(LIMITS) as (keyof typeof LIMITS)[],
  hundredths: [0, 1, 10, 30, 33, 50, 100, 300],
  ttls: [20, 100_000],
  waits: [-50, 1, 10, 49, 50, 51, 99, 100, 250, 1000],
} as const;

interface Counted {
  readonly reservation: number;
  readonly place: number;
  readonly key: string;
  readonly time: number;
  readonly hundredths: number;
}

type Wanted = Omit<LimitCharge, 'cost'> & { readonly hundredths: number };

class Model {
  now = TestClock.START;
  charges: Counted[] = [];

  used(key: string, periodMs: number, at: number): number {
    const counted = this.charges.filter((one) => one.key === key && one.time > at - periodMs);
    return counted.reduce((sum, { hundredths }) => sum + hundredths, 0);
  }

  fits(wanted: readonly Wanted[], { key, amount, periodMs }: Wanted, at: number): boolean {
    const together = wanted.filter((one) => one.key === key).reduce((sum, one) => sum + one.hundredths, 0);
    return this.used(key, periodMs, at) + together <= amount;
  }

  /** The first time, now or when something passes, at which all fit; undefined if there is none. */
  firstFit(wanted: readonly Wanted[]): number | undefined {
    const ends = this.charges.flatMap(({ time }) => wanted.map(({ periodMs }) => time + periodMs));
    const times = [this.now, ...ends.filter((end) => end > this.now)].sort((a, b) => a - b);
    return times.find((at) => wanted.every((one) => this.fits(wanted, one, at)));
  }

  left(wanted: readonly Wanted[]): number[] {
    return wanted.map(({ key, amount, periodMs }) =>
      Math.max(0, amount - this.used(key, periodMs, this.now)),
    );
  }
}

/**
 * Plays a history to an empty ledger and to the model.
 * @param exact whether the ledger must agree in everything; else it may refuse what the model permits
 */
export async function playHistory(
  limits: LimitLedger,
  clock: TestClock,
  steps: readonly HistoryStep[],
  exact = true,
): Promise<void> {
  const model = new Model();
  const open: { id: string; expiresAt: number; settled: boolean }[] = [];
  // A ledger knows the time when it is asked.
  const look = async () => idOf(await limits.reserve([]));
  await look();
  for (const [number, step] of steps.entries()) {
    if (step.do === 'wait') {
      clock.now += step.ms;
      model.now = Math.max(model.now, clock.now);
      await look();
    } else if (step.do === 'reserve') {
      const wanted: Wanted[] = step.charges.flatMap(({ limit, hundredths }) =>
        LIMITS[limit].map((one) => ({ ...one, hundredths })),
      );
      const charges = wanted.map(({ hundredths, amount, ...rest }) => ({
        ...rest,
        amount: amount / 100,
        cost: hundredths / 100,
      }));
      const answer = await limits.reserve(charges, { ttlMs: step.ttlMs });
      agree(answer, model, wanted, clock.now, exact, `step ${number}`);
      if (!answer.ok) continue;
      wanted.forEach(({ key, hundredths }, place) => {
        model.charges.push({ reservation: open.length, place, key, time: model.now, hundredths });
      });
      open.push({ id: answer.id, expiresAt: model.now + step.ttlMs, settled: false });
    } else if (open.length > 0) {
      const index = step.index % open.length;
      const reservation = open[index]!;
      if (step.do === 'commit') await limits.commit(reservation.id);
      else await limits.release(reservation.id, step.which);
      if (step.do === 'release' && !reservation.settled && model.now < reservation.expiresAt) {
        const gone = (one: Counted) => one.reservation === index && step.which?.includes(one.place) !== false;
        model.charges = model.charges.filter((one) => !gone(one));
      }
      reservation.settled = true;
    }
  }
}

function agree(
  answer: Reservation | LimitRefusal,
  model: Model,
  wanted: readonly Wanted[],
  clock: number,
  exact: boolean,
  where: string,
): void {
  const fit = model.firstFit(wanted);
  if (!exact) {
    assert.ok(!answer.ok || fit === model.now, where);
    return;
  }
  assert.equal(answer.ok, fit === model.now, where);
  const left = model.left(wanted);
  if (answer.ok) {
    const taken = (key: string) =>
      wanted.filter((one) => one.key === key).reduce((sum, one) => sum + one.hundredths, 0);
    assert.deepEqual(
      answer.remaining,
      left.map((one, i) => (one - taken(wanted[i]!.key)) / 100),
      where,
    );
    return;
  }
  assert.deepEqual(
    answer.remaining,
    left.map((one) => one / 100),
    where,
  );
  assert.equal(answer.retryAfterMs, fit === undefined ? undefined : fit - clock, where);
  // The one that it names is among those that do not fit until then.
  const before = fit === undefined ? model.now : fit - 1;
  assert.ok(!model.fits(wanted, wanted[answer.index]!, Math.max(model.now, before)), where);
}

/** Histories that are random, and the same each time. */
export function playingHistories(test: LimitCase): void {
  for (let seed = 1; seed <= 40; seed++) {
    test(`agrees with a ledger that keeps everything: history ${seed}`, async ({ limits, clock }) => {
      await playHistory(limits, clock, randomHistory(seed));
    });
  }
}

function randomHistory(seed: number): HistoryStep[] {
  const random = generator(seed);
  const one = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const step = (): HistoryStep => {
    const what = random();
    if (what < 0.3) return { do: 'wait', ms: one(HISTORY.waits) };
    const index = Math.floor(random() * 20);
    if (what < 0.4) return { do: 'commit', index };
    if (what < 0.55) return { do: 'release', index, which: one([undefined, undefined, [0], [1], [0, 2]]) };
    const charges = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
      limit: one(HISTORY.limits),
      hundredths: one(HISTORY.hundredths),
    }));
    return { do: 'reserve', charges, ttlMs: one(HISTORY.ttls) };
  };
  return Array.from({ length: 60 }, step);
}

/** Mulberry32: numbers from 0 up to 1. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
