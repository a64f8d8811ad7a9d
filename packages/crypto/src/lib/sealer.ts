/**
 * How secrets at rest are wrapped: by a passphrase here, by a KMS data key in `@stele/crypto/kms`.
 *
 *   0x02 ‖ cost (1) ‖ salt (32) ‖ the envelope of aead.ts (81 bytes more than the plaintext)
 *   key = scrypt(SHA-256(passphrase), salt, N = 2^cost, r = 8, p = 1, 32 bytes)
 *   associated data of the envelope = the 34 bytes before it ‖ the caller's
 *
 * The envelope commits to its key, so that no file opens under two passphrases. The passphrase is hashed first, because
 * scrypt hands it to HMAC, to which a text and the same text with zero bytes behind it are one key.
 */
import { provider } from '#provider';
import { aeadOpen, aeadSeal, decryptionFailed } from './aead.js';
import { byteLength, bytesArgument, concatBytes, copyBytes, utf8 } from './bytes.js';
import { toHex } from './encoding.js';

/** Something that seals bytes so that only it opens them again. What it makes is authenticated and commits to its key. */
export interface Sealer {
  /** @param associatedData bytes that are not in the result but must be the same to open it */
  seal(plaintext: Uint8Array, associatedData: Uint8Array): Promise<Uint8Array>;
  /** @throws {CryptoError} `decryption_failed` for anything that {@link Sealer.seal} did not make */
  open(sealed: Uint8Array, associatedData: Uint8Array): Promise<Uint8Array>;
}

/** Options of {@link passphraseSealer}. */
export interface PassphraseOptions {
  /**
   * The base-2 logarithm of scrypt's N for what is sealed, 17 to 19; 17 unless given, which takes 128 MiB and some
   * tenths of a second. What is opened may have any of these costs.
   */
  cost?: number | undefined;
}

/** The costs that are written and read. The least is what keeps guessing dear, the most what a hostile file can take. */
export const COSTS = { least: 17, most: 19 };

const FORMAT = 2;
const SALT_BYTES = 32;
const HEADER_BYTES = 2 + SALT_BYTES;
const MAX_PASSPHRASE_BYTES = 4_096;
const MAX_KEYS = 8;

/**
 * A sealer over a passphrase. It derives a key once and then keeps it: all that one sealer seals has the same scrypt
 * salt, while the envelope's own salt is fresh each time.
 * @param passphrase text (taken in Unicode's form NFC) or bytes, 1 to 4,096 of them
 * @throws {TypeError} if the passphrase is neither
 * @throws {RangeError} if its length or the cost is out of bounds
 */
export function passphraseSealer(passphrase: string | Uint8Array, options: PassphraseOptions = {}): Sealer {
  return sealerWithin(COSTS, passphrase, options.cost ?? COSTS.least);
}

/** {@link passphraseSealer} with other bounds of the cost. */
export function sealerWithin(costs: typeof COSTS, passphrase: unknown, cost: number): Sealer {
  const secret = provider.sha256(passphraseBytes(passphrase));
  const allowed = (value: number) => Number.isInteger(value) && value >= costs.least && value <= costs.most;
  if (!allowed(cost)) throw new RangeError(`cost must be an integer from ${costs.least} to ${costs.most}`);
  const ownHeader = concatBytes(Uint8Array.of(FORMAT, cost), provider.randomBytes(SALT_BYTES));
  /** Keys by their header, oldest first, as promises: who asks meanwhile waits for the same one. */
  const keys = new Map<string, Promise<Uint8Array>>();
  /** One derivation at a time: their memory would add up. */
  let last: Promise<unknown> = Promise.resolve();

  const keyOf = (header: Uint8Array): Promise<Uint8Array> => {
    const name = toHex(header);
    const known = keys.get(name);
    if (known !== undefined) return known;
    const key = last.then(() => provider.scrypt(secret, header.slice(2), 2 ** (header[1] as number), 32));
    last = key.catch(() => keys.delete(name));
    if (keys.size >= MAX_KEYS) keys.delete(keys.keys().next().value as string);
    keys.set(name, key);
    return key;
  };

  return Object.freeze({
    seal: async (plaintext: Uint8Array, associatedData: Uint8Array) => {
      const aad = concatBytes(ownHeader, bytesArgument(associatedData, 'associatedData'));
      const data = copyBytes(bytesArgument(plaintext, 'plaintext'));
      try {
        return concatBytes(ownHeader, await aeadSeal(await keyOf(ownHeader), data, aad));
      } finally {
        data.fill(0);
      }
    },
    open: async (sealed: Uint8Array, associatedData: Uint8Array) => {
      const bytes = copyBytes(bytesArgument(sealed, 'sealed'));
      const given = copyBytes(bytesArgument(associatedData, 'associatedData'));
      if (byteLength(bytes) < HEADER_BYTES || bytes[0] !== FORMAT) throw decryptionFailed();
      if (!allowed(bytes[1] as number)) throw decryptionFailed();
      const header = bytes.slice(0, HEADER_BYTES);
      return aeadOpen(await keyOf(header), bytes.slice(HEADER_BYTES), concatBytes(header, given));
    },
  });
}

function passphraseBytes(passphrase: unknown): Uint8Array {
  const bytes =
    typeof passphrase === 'string'
      ? utf8(passphrase.normalize('NFC'))
      : copyBytes(bytesArgument(passphrase, 'passphrase'));
  if (bytes.length >= 1 && bytes.length <= MAX_PASSPHRASE_BYTES) return bytes;
  throw new RangeError(`a passphrase must have 1 to ${MAX_PASSPHRASE_BYTES} bytes`);
}
