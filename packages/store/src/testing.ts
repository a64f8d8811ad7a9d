/**
 * The contracts of `CovenantStore`, of `LimitLedger` and of `KeyRing` as suites of tests, for the author of a store, of a
 * backend, of a ledger, or of a ring. They need no test framework but the one that is handed in.
 *
 * @example
 * import { describe, it } from 'node:test'; // or from 'vitest'
 * import { BackedStore } from '@stele/store';
 * import { storeContract } from '@stele/store/testing';
 * storeContract('my store', () => new BackedStore(new MyBackend()), { describe, it });
 * @module
 */
import type { CovenantStore } from './covenant-store.js';
import { keepingApprovals, refusingApprovals } from './lib/contract/approvals.js';
import { listingApprovals } from './lib/contract/approvals-listing.js';
import { batching } from './lib/contract/batches.js';
import { closing } from './lib/contract/closing.js';
import { keepingCovenants, refusingCovenants } from './lib/contract/covenants.js';
import type { Case } from './lib/contract/harness.js';
import { type KeyRingCase, type KeyRingToTest, keepingKeyRings } from './lib/contract/key-rings.js';
import { chargingTogether, countingCharges } from './lib/contract/limits-counting.js';
import {
  type LimitCase,
  type LimitLedgerToTest,
  type LimitSetup,
  LimitTest,
  TestClock,
} from './lib/contract/limits-harness.js';
import { playingHistories } from './lib/contract/limits-history.js';
import { keepingBounds, keepingReservations } from './lib/contract/limits-reservations.js';
import { listing } from './lib/contract/listing.js';
import { keepingRevocations } from './lib/contract/revocations.js';
import { transacting } from './lib/contract/transactions.js';
import { watching } from './lib/contract/watching.js';

/** The two functions of a test framework that are used; those of node:test and vitest fit. */
export interface TestFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

/**
 * Registers the tests that every store must pass.
 * @param name shown with each test
 * @param makeStore gives an empty store; called once for each test, which closes what it got
 */
export function storeContract(
  name: string,
  makeStore: () => CovenantStore | Promise<CovenantStore>,
  { describe, it }: TestFramework,
): void {
  const test: Case = (title, body) =>
    it(title, async () => {
      const store = await makeStore();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  describe(`${name}: covenants`, () => {
    keepingCovenants(test);
  });
  describe(`${name}: what it refuses`, () => {
    refusingCovenants(test);
  });
  describe(`${name}: listing`, () => {
    listing(test);
  });
  describe(`${name}: revocations`, () => {
    keepingRevocations(test);
  });
  describe(`${name}: approvals`, () => {
    keepingApprovals(test);
    refusingApprovals(test);
    listingApprovals(test);
  });
  describe(`${name}: batches`, () => {
    batching(test);
  });
  describe(`${name}: transactions`, () => {
    transacting(test);
  });
  describe(`${name}: watching`, () => {
    watching(test);
  });
  describe(`${name}: closing`, () => {
    closing(test);
  });
}

export type { LimitLedgerToTest, LimitSetup };

/**
 * Registers the tests that every ledger of limits must pass.
 * @param name shown with each test
 * @param makeLimits gives an empty ledger that counts by the clock it is handed; called once for each test
 */
export function limitContract(
  name: string,
  makeLimits: (setup: LimitSetup) => LimitLedgerToTest | Promise<LimitLedgerToTest>,
  { describe, it }: TestFramework,
): void {
  const test: LimitCase = (title, body, bounds = {}) =>
    it(title, async () => {
      const clock = new TestClock();
      const limits = await makeLimits({ ...bounds, clock: clock.read });
      try {
        await body(new LimitTest(limits, clock));
      } finally {
        await limits.close?.();
      }
    });
  describe(`${name}: counting`, () => {
    countingCharges(test);
  });
  describe(`${name}: charging together`, () => {
    chargingTogether(test);
  });
  describe(`${name}: reservations`, () => {
    keepingReservations(test);
  });
  describe(`${name}: bounds`, () => {
    keepingBounds(test);
  });
  describe(`${name}: histories`, () => {
    playingHistories(test);
  });
}

export type { KeyRingToTest };

/**
 * Registers the tests that every ring for keys must pass.
 * @param name shown with each test
 * @param makeRings gives two handles on one ring that is empty, as two processes would have; called once for each test
 */
export function keyRingContract(
  name: string,
  makeRings: () => readonly [KeyRingToTest, KeyRingToTest] | Promise<readonly [KeyRingToTest, KeyRingToTest]>,
  { describe, it }: TestFramework,
): void {
  const test: KeyRingCase = (title, body) =>
    it(title, async () => {
      const rings = await makeRings();
      try {
        await body(...rings);
      } finally {
        for (const ring of new Set(rings)) await ring.close?.();
      }
    });
  describe(`${name}: states`, () => {
    keepingKeyRings(test);
  });
}
