/** The keys of signed notes (C2SP signed-note) and the text form of their public halves. */
import { publicKeyFromDid, sha256Bytes } from '@stele/crypto';
import { AuditError } from '../errors.js';

/** Signs the text of a note (C2SP signed-note). */
export const ED25519 = 0x01;
/** Signs a checkpoint and the time at which it was seen (C2SP tlog-cosignature). */
export const COSIGNATURE = 0x04;

export type KeyType = typeof ED25519 | typeof COSIGNATURE;

/** The public half of a key that signs notes. */
export interface VerifierKey {
  /** Who signs: for a log its origin. Neither empty nor with white space or plus signs. */
  readonly name: string;
  /** Eight hex digits that tell keys of one name apart; not a fingerprint. */
  readonly id: string;
  readonly type: KeyType;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** A key as a host names it: a verifier key, a did:key, 64 hex digits, 32 bytes, or anything with a `publicKey`. */
export type NamedKey = string | Uint8Array | { readonly publicKey: Uint8Array };

/** True for a name that a key can have. */
export function isKeyName(name: unknown): name is string {
  return typeof name === 'string' && /^[^\p{White_Space}\p{Cc}\p{Cs}+]+$/u.test(name);
}

/**
 * Makes the verifier key of a public key.
 * @param publicKey Ed25519, 32 bytes
 * @param type 0x01 unless given
 * @throws TypeError, RangeError for a name or key that is none
 */
export function verifierKey(name: string, publicKey: Uint8Array, type: KeyType = ED25519): VerifierKey {
  if (!isKeyName(name))
    throw new RangeError('the name of a key has neither white space nor plus signs in it');
  if (publicKey.length !== 32) throw new RangeError('a public key has 32 bytes');
  return Object.freeze({
    name,
    id: keyHash(name, publicKey, type),
    type,
    publicKey: new Uint8Array(publicKey),
  });
}

/** The hash that tells keys of one name apart, eight hex digits: SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]. */
export function keyHash(name: string, publicKey: Uint8Array, type: KeyType = ED25519): string {
  return Buffer.from(sha256Bytes(Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(type), publicKey])))
    .subarray(0, 4)
    .toString('hex');
}

/** The text form of a verifier key, `name+hash+base64(type ‖ public key)`. */
export function formatVerifierKey({ name, id, type, publicKey }: VerifierKey): string {
  return `${name}+${id}+${Buffer.from([type, ...publicKey]).toString('base64')}`;
}

/**
 * Parses the text form of a verifier key.
 * @throws AuditError `note_malformed` for whatever is not exactly that, or of a type that is not known here
 */
export function parseVerifierKey(text: string): VerifierKey {
  const [name, , ...rest] = text.split('+');
  // base64 has plus signs of its own.
  const bytes = Buffer.from(rest.join('+'), 'base64');
  const [type] = bytes;
  if (!isKeyName(name) || bytes.length !== 33 || (type !== ED25519 && type !== COSIGNATURE)) throw keyError();
  const key = verifierKey(name, bytes.subarray(1), type);
  // One spelling: what has another hash, padding or digits in capitals is none.
  if (formatVerifierKey(key) !== text) throw keyError();
  return key;
}

/**
 * The verifier key of a key however it was named.
 * @param name for a key that was named without one: the origin of the log
 * @throws AuditError `note_malformed` for a text that is neither form of a key
 * @throws CryptoError for a did:key that is none
 */
export function toVerifierKey(key: NamedKey, name: string): VerifierKey {
  if (typeof key !== 'string') return verifierKey(name, key instanceof Uint8Array ? key : key.publicKey);
  if (key.startsWith('did:')) return verifierKey(name, publicKeyFromDid(key));
  if (/^[0-9a-f]{64}$/.test(key)) return verifierKey(name, Buffer.from(key, 'hex'));
  return parseVerifierKey(key);
}

function keyError(): AuditError {
  return new AuditError('note_malformed', 'this is no verifier key of a type that is known here', {
    hint: 'A verifier key is name+hash+base64(type, public key), and the type is Ed25519 or a cosignature’s.',
  });
}
