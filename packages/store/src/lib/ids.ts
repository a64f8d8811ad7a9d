import type { RecordKind } from '../record-backend.js';

export const ID_PREFIX = 'urn:stele:covenant:';

/** What the ids of a kind begin with. */
export const ID_PREFIXES: Record<RecordKind, string> = {
  covenant: ID_PREFIX,
  revocation: ID_PREFIX,
  approval: 'urn:stele:approval:',
};

const FORMS: Record<RecordKind, RegExp> = {
  covenant: /^urn:stele:covenant:[0-9a-f]{64}$/,
  revocation: /^urn:stele:covenant:[0-9a-f]{64}\/[0-9a-f]{64}$/,
  approval: /^urn:stele:approval:[0-9a-f]{64}$/,
};

/** True for an id that a record of this kind can have; the only ids that ever reach a file name or a query. */
export function isRecordId(kind: RecordKind, id: unknown): id is string {
  return typeof id === 'string' && FORMS[kind].test(id);
}
