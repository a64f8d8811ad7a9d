/** The test framework for contracts over a network: nothing fails there for being slow. */
import { describe, it } from 'vitest';
import type { TestFramework } from '../../src/testing.js';

export const patient: TestFramework = {
  describe,
  it: (name, body) => it(name, body, 60_000),
};
