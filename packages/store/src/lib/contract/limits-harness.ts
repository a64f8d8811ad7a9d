import assert from 'node:assert/strict';
import type { LimitBounds, LimitCharge, LimitLedger, LimitRefusal, Reservation } from '@stele/ccl';

/** What a ledger is to be made with. */
export interface LimitSetup extends LimitBounds {
  /** Milliseconds since 1970. It may go back. */
  readonly clock: () => number;
}

/** A ledger; one with `close` is closed after each test. */
export type LimitLedgerToTest = LimitLedger & { readonly close?: () => Promise<void> };

/** A clock that stands still until it is moved. */
export class TestClock {
  static readonly START = 1_700_000_000_000;
  now = TestClock.START;
  readonly read = (): number => this.now;

  /** @param ms since the start */
  at(ms: number): void {
    this.now = TestClock.START + ms;
  }
}

/** A ledger with its clock, and a charge with defaults: one of three a second, to the key `k`. */
export class LimitTest {
  constructor(
    readonly limits: LimitLedger,
    readonly clock: TestClock,
  ) {}

  /** Reserves one charge. */
  async charge(one: Partial<LimitCharge> = {}, ttlMs?: number): Promise<Reservation | LimitRefusal> {
    return this.limits.reserve([charge(one)], ttlMs === undefined ? {} : { ttlMs });
  }

  /** Whether it fits; it is then charged. */
  async fits(one: Partial<LimitCharge> = {}): Promise<boolean> {
    return (await this.charge(one)).ok;
  }

  /** Charges what must fit. @returns the reservation's id */
  async take(one: Partial<LimitCharge> = {}, ttlMs?: number): Promise<string> {
    return idOf(await this.charge(one, ttlMs));
  }
}

export const charge = (one: Partial<LimitCharge> = {}): LimitCharge => ({
  key: 'k',
  amount: 3,
  cost: 1,
  periodMs: 1000,
  ...one,
});

/** The id of what must have been reserved. */
export function idOf(answer: Reservation | LimitRefusal): string {
  assert.ok(answer.ok, 'the charge was refused');
  return answer.id;
}

/** What must have been refused. */
export function refusalOf(answer: Reservation | LimitRefusal): LimitRefusal {
  assert.ok(!answer.ok, 'the charge was not refused');
  return answer;
}

export async function isUnavailable(call: Promise<unknown>): Promise<void> {
  await assert.rejects(call, (error) => (error as { code?: unknown }).code === 'limit_unavailable');
}

/** Registers one test, which gets an empty ledger of its own. */
export type LimitCase = (
  title: string,
  body: (test: LimitTest) => Promise<void>,
  bounds?: LimitBounds,
) => void;
