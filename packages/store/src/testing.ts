/**
 * The contract of `CovenantStore` as a suite of tests, for the author of a store or of a backend. It needs no test
 * framework but the one that is handed in.
 *
 * @example
 * import { describe, it } from 'node:test'; // or from 'vitest'
 * import { BackedStore } from '@stele/store';
 * import { storeContract } from '@stele/store/testing';
 * storeContract('my store', () => new BackedStore(new MyBackend()), { describe, it });
 * @module
 */
import type { CovenantStore } from './covenant-store.js';
import { closing } from './lib/contract/closing.js';
import { keepingCovenants, refusingCovenants } from './lib/contract/covenants.js';
import type { Case } from './lib/contract/harness.js';
import { listing } from './lib/contract/listing.js';
import { keepingRevocations } from './lib/contract/revocations.js';

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
  describe(`${name}: closing`, () => {
    closing(test);
  });
}
