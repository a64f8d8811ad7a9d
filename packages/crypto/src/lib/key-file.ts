/**
 * The text of a key file: one Ed25519 key under a passphrase, or under any other {@link Sealer}.
 *
 *   { "type": "SteleKeyFile", "version": 1, "did": "did:key:z6Mk…", "use": "covenant", "sealed": "…" }
 *
 * `sealed` is base64url of the sealed 32-byte seed; its associated data is the canonical JSON of all the other
 * members, so that none of them can be exchanged.
 */
import { provider } from '#provider';
import { constantTimeEqual, isBytes, utf8 } from './bytes.js';
import { fromBase64Url, toBase64Url } from './encoding.js';
import { CryptoError } from './errors.js';
import { canonicalizeJson } from './json/canonical.js';
import { parseJson } from './json/parse.js';
import { type KeyPair, keyPairFromPrivateKey } from './keys.js';
import { type PassphraseOptions, passphraseSealer, type Sealer } from './sealer.js';
import { isKeyUse, type KeyUse, type Signer, toSigner } from './signer.js';

/** Options of {@link sealKeyFile}. */
export interface KeyFileOptions extends PassphraseOptions {
  /** The one use of the key; whoever opens the file gets a signer bound to it. */
  use?: KeyUse | undefined;
}

/** What a key file held. Printing or serialising it never shows the private key. */
export interface KeyFile {
  readonly keyPair: KeyPair;
  /** A signer over the pair, bound to `use`. */
  readonly signer: Signer;
  readonly use?: KeyUse;
}

/** Bytes that a key file has at most. */
export const MAX_KEY_FILE_BYTES = 16_384;

const TYPE = 'SteleKeyFile';
const VERSION = 1;

/** The members beside `sealed`. */
interface Head {
  readonly type: typeof TYPE;
  readonly version: typeof VERSION;
  readonly did: string;
  readonly use?: KeyUse;
}

/**
 * The text of a key file.
 * @param secret a passphrase of 1 to 4,096 bytes, or a sealer
 * @throws {TypeError} if the key pair or the secret is none
 * @throws {RangeError} if the passphrase's length or its cost is out of bounds
 * @throws {CryptoError} `too_large` if what the sealer made is too long
 */
export async function sealKeyFile(
  keyPair: KeyPair,
  secret: string | Uint8Array | Sealer,
  options: KeyFileOptions = {},
): Promise<string> {
  const sealer = sealerOf(secret, options);
  const own = await keyPairFromPrivateKey(keyPair.privateKey);
  try {
    const { use } = toSigner(own, options.use);
    if (!constantTimeEqual(own.publicKey, keyPair.publicKey)) {
      throw new TypeError('the public key does not belong to the private key');
    }
    const head: Head = { type: TYPE, version: VERSION, did: own.did, ...(use === undefined ? {} : { use }) };
    const sealed = await sealer.seal(own.privateKey, associatedData(head));
    return fitting(`${JSON.stringify({ ...head, sealed: toBase64Url(sealed) }, undefined, 2)}\n`);
  } finally {
    provider.forget(own.privateKey);
    own.privateKey.fill(0);
  }
}

/**
 * Opens what {@link sealKeyFile} made.
 * @throws {CryptoError} `key_file_unreadable`: one error for a wrong passphrase and for a file cut or changed
 * @throws {TypeError} if an argument has the wrong type
 */
export async function openKeyFile(text: string, secret: string | Uint8Array | Sealer): Promise<KeyFile> {
  if (typeof text !== 'string') throw new TypeError('text must be a string');
  const sealer = sealerOf(secret, {});
  const { head, sealed } = readText(text);
  const seed = await open(sealer, sealed, associatedData(head));
  try {
    const keyPair = await keyPairFromPrivateKey(seed);
    if (keyPair.did !== head.did) throw unreadable();
    const { use } = head;
    return Object.freeze({ keyPair, signer: toSigner(keyPair, use), ...(use === undefined ? {} : { use }) });
  } finally {
    seed.fill(0);
  }
}

function readText(text: string): { head: Head; sealed: Uint8Array } {
  try {
    fitting(text);
    const { type, version, did, use, sealed, ...others } = parseJson(text) as Record<string, unknown>;
    const shaped = type === TYPE && version === VERSION && typeof did === 'string';
    if (!shaped || (use !== undefined && !isKeyUse(use)) || Object.keys(others).length > 0)
      throw unreadable();
    return {
      head: { type, version, did, ...(use === undefined ? {} : { use }) },
      sealed: fromBase64Url(sealed as string),
    };
  } catch {
    throw unreadable();
  }
}

function fitting(text: string): string {
  // A character takes a byte at least: the first comparison keeps the second one cheap.
  if (text.length <= MAX_KEY_FILE_BYTES && utf8(text).length <= MAX_KEY_FILE_BYTES) return text;
  throw new CryptoError('too_large', `a key file has at most ${MAX_KEY_FILE_BYTES} bytes`);
}

async function open(sealer: Sealer, sealed: Uint8Array, aad: Uint8Array): Promise<Uint8Array> {
  let seed: Uint8Array;
  try {
    seed = await sealer.open(sealed, aad);
  } catch (error) {
    if (error instanceof CryptoError && error.code === 'decryption_failed') throw unreadable();
    throw error;
  }
  if (seed.length !== 32) throw unreadable();
  return seed;
}

function associatedData(head: Head): Uint8Array {
  return utf8(canonicalizeJson(head));
}

function sealerOf(secret: string | Uint8Array | Sealer, options: PassphraseOptions): Sealer {
  if (typeof secret === 'string' || isBytes(secret)) return passphraseSealer(secret, options);
  if (typeof secret?.seal === 'function' && typeof secret.open === 'function') return secret;
  throw new TypeError('expected a passphrase or a sealer');
}

function unreadable(): CryptoError {
  return new CryptoError('key_file_unreadable', 'the key file could not be opened', {
    hint: 'The passphrase is another one, or the file was cut or changed.',
  });
}
