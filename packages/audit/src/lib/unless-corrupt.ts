import { AuditError } from '../errors.js';

/** What is there and is not as it should be belongs to the report; what cannot be read at all does not. */
export async function unlessCorrupt<T>(step: () => Promise<T>): Promise<T | AuditError> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof AuditError && cause.code === 'audit_log_corrupt') return cause;
    throw cause;
  }
}
