/** The lists of one ring, one after the other: each has a number of its own and all entries of those before it. */
import { join } from 'node:path';
import { buildRevocationList, type RevocationListDocument, verifyRevocationList } from '@stele/core';
import type { KeyPair, Signer } from '@stele/crypto';
import { FileKeyRing } from '@stele/crypto/node';
import { CliError } from '../errors.js';
import { reasonOf } from '../input.js';
import { type Entries, united } from './entries.js';

/** Each failed attempt means that somebody else has made a list. */
const MAX_ATTEMPTS = 100;

export interface NextList {
  readonly ring: string;
  readonly signer: KeyPair | Signer;
  readonly nextUpdate: Date;
  /** What is revoked beside what the last list says. */
  readonly entries: Entries;
  /** A list that came before, beside the one that is kept in the ring's folder. */
  readonly previous: RevocationListDocument | undefined;
  /** One more than the last unless given. */
  readonly number: number | undefined;
}

/**
 * Signs the next list, and keeps it in the ring's folder before anyone sees it. What keeps it is what keeps the ring: a text
 * that is replaced by compare-and-set, so that no two lists get one number, however many processes make one.
 * @throws CliError `list_number_used`, `list_invalid`, `file_unwritable`
 */
export async function makeNextList(next: NextList): Promise<RevocationListDocument> {
  const kept = new FileKeyRing(join(next.ring, 'lists'));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const stored = await disk(() => kept.load());
    const last =
      stored === undefined ? undefined : await authentic(stored.state, 'the last list of the ring');
    const list = await signed(next, last);
    if (await disk(() => kept.save(stored?.version, JSON.stringify(list)))) return list;
  }
  throw new CliError('file_unwritable', `others made lists ${MAX_ATTEMPTS} times meanwhile`, 'try again');
}

async function signed(
  next: NextList,
  last: RevocationListDocument | undefined,
): Promise<RevocationListDocument> {
  const { signer, nextUpdate, entries, previous } = next;
  const before = [last, previous].filter((list) => list !== undefined);
  const highest = Math.max(0, ...before.map((list) => list.number));
  const { number = highest + 1 } = next;
  if (number <= highest)
    throw new CliError(
      'list_number_used',
      `the number ${number} is not higher than ${highest}, which a list has`,
      'leave out --number for the next one',
    );
  return buildRevocationList({ signer, nextUpdate, number, ...united(...before, entries) });
}

/**
 * A list that its issuer signed, stale or not.
 * @throws CliError `list_invalid`
 */
export async function authentic(text: string | Uint8Array, named: string): Promise<RevocationListDocument> {
  const { list, reason } = await verifyRevocationList(text, { issuers: [] });
  if (list !== undefined) return list;
  throw new CliError(
    'list_invalid',
    `${named}: ${reason}`,
    'restore it, or give the last one with --previous',
  );
}

async function disk<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new CliError('file_unwritable', `cannot keep the list in the ring: ${reasonOf(error)}`);
  }
}
