import { parseJson } from '@stele/crypto';
import { CovenantError } from './errors.js';
import { MAX_BYTES } from './lib/structure.js';
import type { CovenantDocument } from './types.js';

/**
 * Reads a covenant from text; the only way in for one that arrives as text or bytes. It refuses what is not I-JSON
 * (RFC 7493): duplicate names, lone surrogates, integers beyond ±(2^53-1), numbers that overflow. It does not verify:
 * the result is as trustworthy as its source until `verifyCovenant` has passed it.
 * @param textOrBytes JSON, at most 1 MiB
 * @throws CovenantError `covenant_malformed`
 */
export function parseCovenant(textOrBytes: string | Uint8Array): CovenantDocument {
  let value: unknown;
  try {
    value = parseJson(textOrBytes, { maxBytes: MAX_BYTES });
  } catch (cause) {
    if (cause instanceof TypeError || cause instanceof RangeError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CovenantError('covenant_malformed', `the covenant cannot be read: ${message}`, { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CovenantError('covenant_malformed', 'a covenant is a JSON object');
  }
  return value as CovenantDocument;
}
