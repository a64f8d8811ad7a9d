import * as crypto from 'node:crypto';

/** @param oneShot more than twice as fast on short input; it came with Node 20.12 */
export const sha256By = (oneShot: typeof crypto.hash | undefined): ((bytes: Uint8Array) => string) =>
  oneShot
    ? (bytes) => oneShot('sha256', bytes, 'hex')
    : (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

/** SHA-256 as 64 lower-case hex digits. */
export const sha256Hex = sha256By(crypto.hash);

/** SHA-256 as bytes. By way of hex, because a Buffer that OpenSSL makes costs half as much again. */
export const sha256Of = (bytes: Uint8Array): Uint8Array => Buffer.from(sha256Hex(bytes), 'hex');

const SALT_BYTES = 32;
const pool = Buffer.alloc(256 * SALT_BYTES);
let next = pool.length;

/** 32 random bytes. The generator is asked for many at once: a call of it costs as much as the rest of an entry. */
export function randomSalt(): Uint8Array {
  if (next === pool.length) {
    crypto.randomFillSync(pool);
    next = 0;
  }
  const salt = new Uint8Array(SALT_BYTES);
  salt.set(pool.subarray(next, next + SALT_BYTES));
  // Nothing of it stays here: who knows a salt can guess what was committed under it.
  pool.fill(0, next, next + SALT_BYTES);
  next += SALT_BYTES;
  return salt;
}
