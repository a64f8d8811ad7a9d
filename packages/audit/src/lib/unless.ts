import { AuditError, type AuditErrorCode } from '../errors.js';

/** What a step returns, or the error of this package that it fails with: whatever is wrong is the fault of what it reads. */
export async function unlessRefused<T>(step: () => Promise<T>): Promise<T | AuditError> {
  return unless(step, () => true);
}

/** What is there and is not as it should be belongs to the report; what cannot be read at all does not. */
export async function unlessCorrupt<T>(step: () => Promise<T>): Promise<T | AuditError> {
  return unless(step, (code) => code === 'audit_log_corrupt');
}

/** The same for exports. */
export async function unlessMalformed<T>(step: () => Promise<T>): Promise<T | AuditError> {
  return unless(step, (code) => code === 'audit_log_corrupt' || code === 'export_malformed');
}

async function unless<T>(
  step: () => Promise<T>,
  isAnswer: (code: AuditErrorCode) => boolean,
): Promise<T | AuditError> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof AuditError && isAnswer(cause.code)) return cause;
    throw cause;
  }
}
