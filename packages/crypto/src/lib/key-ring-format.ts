/**
 * A key ring as text, in docs/decisions/018-key-rings.md. Reading takes exactly what writing makes: a ring with a member too many,
 * a time that is none, or a secret where none belongs, is refused as a whole.
 */
import { utf8 } from './bytes.js';
import { parseJson } from './json/parse.js';
import type { JsonValue } from './json/walk.js';
import { KeyRingError, MAX_KEY_RING_BYTES } from './key-ring.js';
import { KeyHistory, MAX_KEYS } from './key-ring-history.js';
import { type KeyRecord, MAX_TIME, type Revocation } from './managed-key.js';

const SCHEMA = 1;
export const MAX_REASON = 1_024;
const PUBLIC_KEY_HEX = /^[0-9a-f]{64}$/;
const USE = /^[A-Za-z0-9._-]{1,64}$/;
const SEALED = /^[A-Za-z0-9_-]{1,5462}$/;
const BODY_AND_SEAL = /(.+),"seal":"([A-Za-z0-9_-]+)"\}$/s;

export const isPublicKeyHex = (value: unknown): value is string =>
  typeof value === 'string' && PUBLIC_KEY_HEX.test(value);

export const isReason = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= MAX_REASON;

export const isUse = (value: unknown): value is string => typeof value === 'string' && USE.test(value);

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= MAX_TIME;

const isSealed = (value: unknown): value is string => typeof value === 'string' && SEALED.test(value);

/** What is sealed as a whole: the ring without its seal. */
export function bodyOf({ use, keys, revocations }: KeyHistory): string {
  return JSON.stringify({ schema: SCHEMA, use, keys, revoked: [...revocations.values()] });
}

/** @throws {KeyRingError} `key_ring_full` */
export function withSeal(body: string, seal: string): string {
  const text = `${body.slice(0, -1)},"seal":"${seal}"}`;
  if (utf8(text).length <= MAX_KEY_RING_BYTES) return text;
  throw new KeyRingError(
    'key_ring_full',
    `the history of the keys is longer than ${MAX_KEY_RING_BYTES} bytes`,
    {
      hint: 'Begin a new ring, and keep this one for its history.',
    },
  );
}

/** @throws {KeyRingError} `key_ring_malformed` */
export function splitSeal(text: string): { body: string; seal: string } {
  const match = BODY_AND_SEAL.exec(text);
  must(match !== null, 'seal');
  return { body: `${match[1]}}`, seal: match[2] as string };
}

/**
 * What it says; whether the seal is right is not looked at.
 * @throws {KeyRingError} `key_ring_malformed`, `key_ring_version`
 */
export function decodeKeyRing(text: string): KeyHistory {
  const { schema, use, keys, revoked, seal, ...others } = members(parsed(text), 'it');
  if (typeof schema === 'number' && schema > SCHEMA) {
    throw new KeyRingError(
      'key_ring_version',
      `the key ring has the schema ${schema}, which is newer than ${SCHEMA}`,
      {
        hint: 'Upgrade Stele.',
      },
    );
  }
  must(schema === SCHEMA && isUse(use) && isSealed(seal) && isEmpty(others), 'it');
  must(Array.isArray(keys) && keys.length >= 1 && keys.length <= MAX_KEYS, 'keys');
  must(Array.isArray(revoked), 'revoked');
  const revocations = new Map(revoked.map(readRevocation));
  must(revocations.size === revoked.length, 'revoked');
  const records = keys.map((key, i) => readKey(key, i === keys.length - 1, `keys[${i}]`, revocations));
  must(new Set(records.map((key) => key.publicKeyHex)).size === records.length, 'keys');
  return new KeyHistory(use, records, revocations);
}

function parsed(text: string): JsonValue {
  try {
    return parseJson(text, { maxBytes: MAX_KEY_RING_BYTES });
  } catch (cause) {
    throw malformed('it', cause);
  }
}

function readRevocation(value: JsonValue, i: number): [string, Revocation] {
  const { publicKeyHex, reason, revokedAt, ...others } = members(value, `revoked[${i}]`);
  must(
    isPublicKeyHex(publicKeyHex) && isReason(reason) && isTime(revokedAt) && isEmpty(others),
    `revoked[${i}]`,
  );
  return [publicKeyHex, Object.freeze({ publicKeyHex, reason, revokedAt })];
}

/** A private key belongs to those that may still sign, and to no others; only the last key was not replaced. */
function readKey(
  value: JsonValue,
  isLast: boolean,
  where: string,
  revocations: ReadonlyMap<string, Revocation>,
): KeyRecord {
  const key = members(value, where);
  const { publicKeyHex, createdAt, replacedAt, verifiesUntil, retiredAt, sealed, ...others } = key;
  must(isPublicKeyHex(publicKeyHex) && isTime(createdAt) && isEmpty(others), where);
  if (isLast) must(replacedAt === undefined && verifiesUntil === undefined && retiredAt === undefined, where);
  else
    must(
      isTime(replacedAt) && isTime(verifiesUntil) && (retiredAt === undefined || isTime(retiredAt)),
      where,
    );
  const spent = retiredAt !== undefined || revocations.has(publicKeyHex);
  must(spent ? sealed === undefined : isSealed(sealed), where);
  return key as unknown as KeyRecord;
}

function members(value: JsonValue, where: string): Record<string, JsonValue | undefined> {
  must(typeof value === 'object' && value !== null && !Array.isArray(value), where);
  return value as Record<string, JsonValue | undefined>;
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

function must(condition: boolean, where: string): asserts condition {
  if (!condition) throw malformed(where);
}

function malformed(where: string, cause?: unknown): KeyRingError {
  return new KeyRingError(
    'key_ring_malformed',
    `what the ring holds is no key ring: ${where} is not as it must be`,
    {
      cause,
      hint: 'Restore the ring from a backup.',
    },
  );
}
