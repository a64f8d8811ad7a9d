import { type KeyPair, publicKeyFromDid, type Signer, sha256, toSigner } from '@stele/crypto';
import { CovenantError } from './errors.js';
import { Continuities, type ContinuityFinding, readContinuity, unsignedBy } from './lib/continuities.js';
import { type KeyLookup, KeyStandings } from './lib/key-standings.js';
import { makeProof } from './lib/proof.js';
import { continuityProblem } from './lib/structure.js';
import { formatTime } from './lib/time.js';
import type { KeyContinuityDocument } from './types.js';

export interface KeyContinuityOptions {
  /** The key that is followed. Both sign: so neither can be claimed by a stranger. */
  oldKey: KeyPair | Signer;
  /** The key that follows it. */
  newKey: KeyPair | Signer;
  /** Commits the new key to its own successor: the `keyHash` of the only key that may follow it. */
  nextKeyHash?: string;
  /** The time of the change; the present when not given. */
  now?: Date;
}

/**
 * The hash by which a key commits to its successor: SHA-256 of the 32 bytes of the public key, in hex. It tells nobody
 * the key, so the successor can wait unseen until it is needed.
 * @param did did:key of the successor
 * @throws CryptoError `did_malformed`
 */
export function keyHash(did: string): string {
  return sha256(publicKeyFromDid(did));
}

/**
 * Signs, with both keys, that one key follows another.
 * @throws CovenantError `continuity_malformed` for one key as both, keys of two uses or a commitment that is no SHA-256;
 *   `signing_failed`
 */
export async function buildKeyContinuity(options: KeyContinuityOptions): Promise<KeyContinuityDocument> {
  const [oldKey, newKey] = [toSigner(options.oldKey), toSigner(options.newKey)];
  if (oldKey.use !== undefined && newKey.use !== undefined && oldKey.use !== newKey.use) {
    throw new CovenantError(
      'continuity_malformed',
      `the old key is for ${oldKey.use}, the new one for ${newKey.use}: one key, one use`,
    );
  }
  const changedAt = formatTime((options.now ?? new Date()).getTime());
  const unsigned = {
    type: 'SteleKeyContinuity',
    version: '1',
    oldKey: didOf(oldKey),
    newKey: didOf(newKey),
    changedAt,
    ...(options.nextKeyHash === undefined ? {} : { nextKeyHash: options.nextKeyHash }),
  } as const;
  const proof = [
    await makeProof(unsigned, options.oldKey, changedAt),
    await makeProof(unsigned, options.newKey, changedAt),
  ];
  const document = { ...unsigned, proof };
  const problem = continuityProblem(document);
  if (problem !== undefined) throw new CovenantError('continuity_malformed', problem);
  return document;
}

const didOf = ({ keyId }: Signer): string => keyId.slice(0, keyId.indexOf('#'));

/** What a document that claims continuity turned out to be. */
export interface KeyContinuityCheck {
  /** True when the structure holds and both keys have signed. Whether it counts depends on what else the keys signed. */
  readonly valid: boolean;
  readonly reason?: string;
  /** A deep-frozen copy, where the structure holds. A valid one is not verified again when it is handed in. */
  readonly continuity?: KeyContinuityDocument;
}

/**
 * Checks one statement of continuity by itself: its structure and both proofs. Never throws for hostile input.
 * @param value the document, or its text or bytes
 */
export async function verifyKeyContinuity(value: unknown): Promise<KeyContinuityCheck> {
  const continuity = readContinuity(value);
  if (typeof continuity === 'string') return { valid: false, reason: continuity };
  const problem = await unsignedBy(continuity);
  return problem === undefined ? { valid: true, continuity } : { valid: false, reason: problem, continuity };
}

export interface FollowOptions {
  /** What is known of a key. A key in doubt hands over to nobody, and nobody hands over to it. */
  keyStatus?: KeyLookup;
  /** The commitment of the first key, where it was made known beside the key. */
  nextKeyHash?: string;
}

/** The keys that one key has become. */
export interface Succession {
  /** did:keys, the first is the one that was asked for, each the only successor of the one before. */
  readonly keys: readonly string[];
  /** The last of them. */
  readonly current: string;
  /** What was refused on the way, and of the documents what cannot be read. */
  readonly findings: readonly ContinuityFinding[];
}

/**
 * Follows a key through its successors. Two successors for one key: both are refused and the line ends before them,
 * whatever the order of the documents. At most 64 successors, and 1,024 documents. Never throws for hostile documents.
 * @param documents statements of continuity, in any order, of any keys
 * @param fromDid did:key to begin with
 */
export async function followContinuity(
  documents: readonly unknown[],
  fromDid: string,
  options: FollowOptions = {},
): Promise<Succession> {
  if (!Array.isArray(documents)) throw new TypeError('documents must be an array');
  publicKeyFromDid(fromDid);
  const continuities = new Continuities(documents, new KeyStandings(options.keyStatus));
  const { keys, findings } = await continuities.follow(fromDid, options.nextKeyHash);
  return { keys, current: keys[keys.length - 1] as string, findings: [...continuities.unread, ...findings] };
}
