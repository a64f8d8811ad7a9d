import { strict as assert } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';

/** Runs `step` and fails if it takes more than `most` elementary steps. */
export type Count = <Result>(most: number, step: () => Result) => Result;

/** Where nothing counts steps. */
export const uncounted: Count = (_most, step) => step();

export function agree(actual: unknown, expected: unknown, what: string): void {
  // The comparison of the assertion is slow, also where it holds.
  if (!isDeepStrictEqual(actual, expected)) assert.deepStrictEqual(actual, expected, what);
}
