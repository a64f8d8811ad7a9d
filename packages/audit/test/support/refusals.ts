import { expect } from 'vitest';
import { AuditError, type AuditErrorCode } from '../../src/index.js';

/** Asserts that a call throws, or its promise is rejected with, an AuditError of this code. @returns the error */
export async function refusedAs(code: AuditErrorCode, call: () => unknown): Promise<AuditError> {
  let thrown: unknown;
  try {
    await call();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, 'what was thrown').toBeInstanceOf(AuditError);
  expect((thrown as AuditError).code).toBe(code);
  expect((thrown as AuditError).hint, 'every refusal says how to mend it').toBeTruthy();
  return thrown as AuditError;
}
