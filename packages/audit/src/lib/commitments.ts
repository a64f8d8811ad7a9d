/** Salted commitments: hex SHA-256(salt ‖ RFC 8785 value). */
import { createHash } from 'node:crypto';
import { randomSalt, sha256Hex } from './hashing.js';

const SALT_BYTES = 32;
/** Of one UTF-16 unit come three bytes of UTF-8 at most. */
const SHORT = 1_024;
const scratch = Buffer.alloc(SALT_BYTES + 3 * SHORT);

/**
 * The commitment to a value.
 * @param salt 32 bytes
 * @param text the value's RFC 8785 form
 * @returns 64 lower-case hex digits
 */
export function commitmentTo(salt: Uint8Array, text: string): string {
  if (text.length > SHORT) return createHash('sha256').update(salt).update(text, 'utf8').digest('hex');
  scratch.set(salt);
  return sha256Hex(scratch.subarray(0, SALT_BYTES + scratch.write(text, SALT_BYTES, 'utf8')));
}

/** The values of one entry that are committed, and the one salt of all of them. */
export interface Committed {
  /** 32 bytes. */
  readonly salt: Uint8Array;
  /** Names and canonical texts, in the order of RFC 8785. */
  readonly values: readonly (readonly [name: string, text: string])[];
}

/** Commits to values of one entry, in the order of their names. */
export class Committer {
  readonly salt = randomSalt();
  readonly values: [string, string][] = [];

  /** @param text the canonical value */
  commit(name: string, text: string): string {
    this.values.push([name, text]);
    return commitmentTo(this.salt, text);
  }
}
