import type { RecordKind } from '../record-backend.js';

export const ID_PREFIX = 'urn:stele:covenant:';

const FORMS: Record<RecordKind, RegExp> = {
  covenant: /^urn:stele:covenant:[0-9a-f]{64}$/,
  revocation: /^urn:stele:covenant:[0-9a-f]{64}\/[0-9a-f]{64}$/,
};

/** True for an id that a record of this kind can have; the only ids that ever reach a file name or a query. */
export function isRecordId(kind: RecordKind, id: unknown): id is string {
  return typeof id === 'string' && FORMS[kind].test(id);
}
