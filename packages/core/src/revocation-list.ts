import { type KeyPair, type Signer, snapshotJson, toSigner } from '@stele/crypto';
import { CovenantError } from './errors.js';
import { messageOf } from './lib/facts.js';
import { type KeyLookup, KeyStandings } from './lib/key-standings.js';
import { type HighestSeen, readList, type SignedList, staleness } from './lib/lists.js';
import { makeProof } from './lib/proof.js';
import { readSigned } from './lib/signed.js';
import { listProblem, MAX_LIST_BYTES } from './lib/structure.js';
import { formatTime, timing } from './lib/time.js';
import type { ListedCovenant, ListedKey, RevocationListDocument } from './types.js';

export interface RevocationListOptions {
  /** Higher than that of every list of this signer before. */
  number: number;
  /** When it is too old to be relied on. */
  nextUpdate: Date;
  /** Every covenant and every key that the signer has ever revoked: a list is whole, not an addition. */
  covenants?: readonly ListedCovenant[];
  keys?: readonly ListedKey[];
  signer: KeyPair | Signer;
  /** The time of issue; the present when not given. */
  now?: Date;
}

/**
 * Signs a revocation list.
 * @throws CovenantError `list_malformed` for entries, a number or times that no verifier would take, `signing_failed`
 */
export async function buildRevocationList(options: RevocationListOptions): Promise<RevocationListDocument> {
  const issuedAt = formatTime((options.now ?? new Date()).getTime());
  const unsigned = copied({
    type: 'SteleRevocationList',
    version: '1',
    issuer: toSigner(options.signer).keyId.split('#')[0],
    number: options.number,
    issuedAt,
    nextUpdate: dueText(options.nextUpdate),
    covenants: options.covenants ?? [],
    keys: options.keys ?? [],
  });
  const list = { ...unsigned, proof: [await makeProof(unsigned, options.signer, issuedAt, 'covenant')] };
  const read = readSigned(list, listProblem, MAX_LIST_BYTES);
  if (typeof read === 'string') throw new CovenantError('list_malformed', read);
  return list;
}

/** A snapshot, so that what is checked is what is signed. */
function copied(content: object): Omit<RevocationListDocument, 'proof'> {
  try {
    const copy: unknown = snapshotJson(content, { maxBytes: MAX_LIST_BYTES });
    return copy as Omit<RevocationListDocument, 'proof'>;
  } catch (cause) {
    throw new CovenantError('list_malformed', messageOf(cause), { cause });
  }
}

function dueText(nextUpdate: Date): string {
  if (nextUpdate instanceof Date && !Number.isNaN(nextUpdate.getTime()))
    return formatTime(nextUpdate.getTime());
  throw new CovenantError('list_malformed', 'nextUpdate must be a valid Date');
}

export interface VerifyListOptions {
  /** did:keys of the list issuers that are gone by. */
  issuers: readonly string[];
  /** The time to verify at; the present when not given. */
  now?: Date;
  /** How far a list may be dated in the future, in milliseconds; 60,000 when not given. */
  clockSkewMs?: number;
  /** What was persisted of the numbers seen; a list with a lower number is refused. */
  highestSeen?: HighestSeen;
  /** What is known of the issuer's key; one that is compromised or retired makes no list. */
  keyStatus?: KeyLookup;
}

/** What a document that claims to be a revocation list turned out to be. */
export interface RevocationListCheck {
  /** True when the list may be taken as the newest of its issuer: then keep it, and its number as the highest seen. */
  readonly valid: boolean;
  /** Why not. `unavailable`: the highest number seen could not be looked up. */
  readonly code?:
    | 'malformed'
    | 'not_signed'
    | 'unknown_issuer'
    | 'issuer_key_in_doubt'
    | 'from_the_future'
    | 'stale'
    | 'rolled_back'
    | 'unavailable';
  readonly reason?: string;
  /** A deep-frozen copy, where the structure and the signature hold. What it names as revoked is revoked, even if it is stale. */
  readonly list?: RevocationListDocument;
}

/**
 * Checks a revocation list. Never throws for a hostile one.
 * @param value the document, or its text or bytes
 * @throws TypeError or RangeError only for options of the wrong type
 */
export async function verifyRevocationList(
  value: unknown,
  options: VerifyListOptions,
): Promise<RevocationListCheck> {
  if (!Array.isArray(options.issuers)) throw new TypeError('issuers must be an array of did:keys');
  const time = timing(options);
  const { code, problem, list } = await readList(value);
  if (list === undefined)
    return { valid: false, ...(code === undefined ? {} : { code }), reason: problem as string };
  const { document } = list;
  if (!options.issuers.includes(document.issuer)) {
    const reason = `${document.issuer} is not among the list issuers`;
    return { valid: false, code: 'unknown_issuer', reason, list: document };
  }
  const standing = await new KeyStandings(options.keyStatus, async () => ownEntry(list)).of(document.issuer);
  if (standing.kind !== 'good')
    return { valid: false, code: 'issuer_key_in_doubt', reason: standing.message, list: document };
  const stale = await staleness(document, time, options.highestSeen);
  return stale === undefined
    ? { valid: true, list: document }
    : { valid: false, code: stale.code, reason: stale.problem, list: document };
}

/** A signer may list its own key; then this list is its last word, and silence on others is none. */
function ownEntry({ document, keys }: SignedList): ListedKey[] {
  const entry = keys.get(document.issuer);
  return entry === undefined ? [] : [entry];
}
