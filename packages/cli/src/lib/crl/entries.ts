/** What goes onto a revocation list: a list is whole, and what was on the one before stays. */
import {
  checkRevocation,
  type ListedCovenant,
  type ListedKey,
  type RevocationListDocument,
} from '@stele/core';
import { didFromPublicKey, fromHex, type KeyDescription, type KeyRingDescription } from '@stele/crypto';
import type { Streams } from '../cli.js';
import { CliError } from '../errors.js';
import { nameOf, readJson } from '../input.js';
import { retirementOf } from '../key-ages.js';
import { namedCovenant } from '../named-covenant.js';

/** The entries of one list. */
export type Entries = Pick<RevocationListDocument, 'keys' | 'covenants'>;

/** The keys that a ring has revoked, as compromised; where asked for, those that have retired, too. */
export function ringKeys({ keys, revoked }: KeyRingDescription, withRetired: boolean): ListedKey[] {
  const compromised = revoked.map(
    ({ publicKeyHex, reason, revokedAt }): ListedKey => ({
      key: didFromPublicKey(fromHex(publicKeyHex)),
      status: 'compromised',
      reason,
      revokedAt,
    }),
  );
  const retired = withRetired ? keys.filter(({ state }) => state === 'retired') : [];
  return [...compromised, ...retired.map(retirement)];
}

const retirement = (key: KeyDescription): ListedKey => ({
  key: key.did,
  status: 'retired',
  reason: 'rotated',
  revokedAt: retirementOf(key),
});

/** The covenant of an id or of a file, revoked now. @throws CliError as `namedCovenant` */
export async function revokedNow(named: string, reason: string, streams: Streams): Promise<ListedCovenant> {
  const covenant = await namedCovenant(named, streams);
  return { covenant, reason, revokedAt: `${new Date().toISOString().slice(0, 19)}Z` };
}

/**
 * The revocations of a file, one or an array of them. Their signatures must verify; who signs the list vouches for the right.
 * @throws CliError `revocation_invalid`, and as `readJson`
 */
export async function revocationsOf(path: string, streams: Streams): Promise<ListedCovenant[]> {
  const value = await readJson(path, streams);
  const found: ListedCovenant[] = [];
  for (const each of Array.isArray(value) ? value : [value]) {
    const { valid, reason: problem, revocation } = await checkRevocation(each);
    if (!valid || revocation === undefined)
      throw new CliError('revocation_invalid', `${nameOf(path)}: ${problem ?? 'no revocation'}`);
    const { covenant, reason, revokedAt } = revocation;
    found.push({ covenant, reason, revokedAt });
  }
  return found;
}

/** All of several lists, each once: the first entry stays, but that `compromised` takes the place of `retired`. */
export function united(...lists: readonly Entries[]): Entries {
  const keys = new Map<string, ListedKey>();
  const covenants = new Map<string, ListedCovenant>();
  for (const entry of lists.flatMap((list) => list.keys)) {
    const known = keys.get(entry.key);
    if (known === undefined || (known.status === 'retired' && entry.status === 'compromised'))
      keys.set(entry.key, entry);
  }
  for (const entry of lists.flatMap((list) => list.covenants))
    if (!covenants.has(entry.covenant)) covenants.set(entry.covenant, entry);
  return { keys: [...keys.values()], covenants: [...covenants.values()] };
}
