/** Which key signs from where on: what a log says of it in its entries, asked before it is signed. */
import { AuditError } from '../errors.js';
import { parseLeaf } from './leaf.js';
import type { Leaf } from './leaf-types.js';
import { sameHash } from './merkle.js';
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from './note.js';
import { OwnEntries } from './own-entries.js';

/** What an entry `log.key` begins with, as a log writes it: in canonical JSON `key` comes first. */
const START = Buffer.from('{"key":');

const sameKey = (a: VerifierKey, b: VerifierKey): boolean => sameHash(a.publicKey, b.publicKey);

/** An entry `log.key`; undefined for every other, most of which are not parsed for it. */
function turnIn(leaf: Uint8Array, index: number): Leaf | undefined {
  for (let i = 0; i < START.length; i++) if (leaf[i] !== START[i]) return undefined;
  const entry = parseLeaf(leaf, index);
  return entry.kind === 'log.key' ? entry : undefined;
}

/** The key that signs from an entry on, if the entry says it. */
export function keyFrom(leaf: Uint8Array, index: number): VerifierKey | undefined {
  const entry = turnIn(leaf, index) as { readonly key?: unknown } | undefined;
  return entry && parseVerifierKey(String(entry.key));
}

/**
 * Whether a log must be told that a key signs from now on: not if it was told before, and nothing was signed since.
 * @param leaves of the whole log
 * @throws AuditError `audit_log_foreign` for a key that the log has retired: what it signs nobody believes
 */
export async function mustTell(
  key: VerifierKey,
  leaves: AsyncIterable<readonly [index: number, leaf: Uint8Array]>,
): Promise<boolean> {
  const own = new OwnEntries([]);
  for await (const [index, leaf] of leaves) {
    const entry = turnIn(leaf, index);
    if (entry !== undefined) own.see(entry);
  }
  if (own.isRetired(key)) throw retiredKey(own.current);
  return own.current === undefined || !sameKey(own.current, key);
}

/**
 * @param from the key that signs from some entry on that is to be signed, if one says so
 * @throws AuditError `audit_log_foreign` for another key than that
 */
export function assertSigns(key: VerifierKey, from: VerifierKey | undefined): void {
  if (from !== undefined && !sameKey(from, key)) throw retiredKey(from);
}

function retiredKey(current: VerifierKey | undefined): AuditError {
  const now = current === undefined ? 'another key' : formatVerifierKey(current);
  return new AuditError('audit_log_foreign', `the log has retired this key: now only ${now} signs it`, {
    hint: 'Open the log with the signer of that key, or with one that it has never had.',
  });
}
