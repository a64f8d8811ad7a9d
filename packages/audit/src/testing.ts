/**
 * The contract of a `LogBackend` as a suite of tests, for the author of one. It needs no test framework but the one that is
 * handed in.
 *
 * @example
 * import { describe, it } from 'node:test'; // or from 'vitest'
 * import { logBackendContract } from '@stele/audit/testing';
 * logBackendContract('my backend', () => {
 *   const place = makeSomewhereEmpty();
 *   return { backend: () => new MyBackend(place) };
 * }, { describe, it });
 * @module
 */
import { appending, appendingTogether, reading } from './lib/contract/appending.js';
import { type Case, type LogPlace, TestPlace } from './lib/contract/harness.js';
import { closing, opening } from './lib/contract/opening.js';
import { keepingPermits } from './lib/contract/permits.js';
import { beingLong, pruning } from './lib/contract/pruning.js';
import { publishing, sealing } from './lib/contract/publishing.js';

export { MemoryLogBackend } from './lib/memory-log.js';
export type { LogPlace };

/** The two functions of a test framework that are used; those of node:test and vitest fit. */
export interface TestFramework {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>) => unknown;
}

const PARTS: readonly (readonly [string, (test: Case) => void])[] = [
  ['opening', opening],
  ['appending', appending],
  ['appending together', appendingTogether],
  ['reading', reading],
  ['publishing', publishing],
  ['sealed values', sealing],
  ['permits', keepingPermits],
  ['pruning', pruning],
  ['a long log', beingLong],
  ['closing', closing],
];

/**
 * Registers the tests that every backend of a log must pass.
 * @param name shown with each test
 * @param makePlace gives a place where there is no log yet; called once for each test, which closes every writer that it gets
 */
export function logBackendContract(
  name: string,
  makePlace: () => LogPlace | Promise<LogPlace>,
  { describe, it }: TestFramework,
): void {
  const test: Case = (title, body) =>
    it(title, async () => {
      const place = new TestPlace(await makePlace());
      try {
        await body(place);
      } finally {
        await place.close();
      }
    });
  for (const [part, register] of PARTS) {
    describe(`${name}: ${part}`, () => {
      register(test);
    });
  }
}
