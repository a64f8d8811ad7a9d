import assert from 'node:assert/strict';
import { StoreError, type StoreErrorCode } from '../../src/index.js';

/** Asserts that a call throws, or its promise is rejected with, a StoreError of this code. @returns the error */
export async function failsWith(code: StoreErrorCode, call: () => unknown): Promise<StoreError> {
  let thrown: unknown;
  await assert.rejects(
    async () => call(),
    (error) => {
      thrown = error;
      return true;
    },
  );
  assert.ok(thrown instanceof StoreError, String(thrown));
  assert.equal(thrown.code, code);
  return thrown;
}
