import { canonicalizeJson, sha256 } from '@stele/crypto';
import type { CovenantDocument } from './types.js';

/**
 * The id that a covenant's content demands: `urn:stele:covenant:` and the SHA-256 of the canonical form (RFC 8785) of
 * the document without `id` and `proof`.
 * @throws CryptoError `not_json` for a value that is not plain JSON
 */
export function covenantId(
  document: Omit<CovenantDocument, 'id' | 'proof'> & { id?: string; proof?: unknown },
): string {
  return `urn:stele:covenant:${sha256(canonicalizeJson(document, { omit: ['id', 'proof'] }))}`;
}
