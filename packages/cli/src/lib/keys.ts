/**
 * Private keys: key files under a passphrase, key rings, and JWKs in clear of type OKP, curve Ed25519 (RFC 8037, section 2).
 * No message names the argument or anything of the content: either may be a key.
 */
import { open, stat } from 'node:fs/promises';
import { openKeyFile } from '@stele/crypto';
import { type KeyPair, keyPairFromPrivateKey, parseJson, type Signer } from '@stele/sdk';
import { isSteleError } from '@stele/types/errors';
import type { Cli } from './cli.js';
import { CliError } from './errors.js';
import { isExposed } from './files.js';
import { isRecord, reasonOf } from './input.js';
import { type PassphraseFlags, readPassphrase, refusePassphrase } from './passphrase.js';
import { openRing } from './ring.js';

const MAX_BYTES = 16 * 1024;

/** What may stand behind `--key`. */
export const KEY_OPTION = 'a key file, a key ring (its active key signs) or a JWK';

const publicJwk = ({ did, publicKey }: Pick<KeyPair, 'did' | 'publicKey'>) => ({
  kty: 'OKP',
  crv: 'Ed25519',
  kid: did,
  x: Buffer.from(publicKey).toString('base64url'),
});

/** The private key as a JWK, for a file that only its owner can read. */
export function toJwk(pair: KeyPair): string {
  const jwk = { ...publicJwk(pair), d: Buffer.from(pair.privateKey).toString('base64url') };
  return `${JSON.stringify(jwk, null, 2)}\n`;
}

/** A public key as a JWK for whoever verifies. */
export function toPublicJwk(did: string, publicKeyHex: string): object {
  return { ...publicJwk({ did, publicKey: Buffer.from(publicKeyHex, 'hex') }), alg: 'EdDSA', use: 'sig' };
}

/**
 * What signs with the key of a key file, with the active key of a ring, or with a JWK.
 * @throws CliError `file_unreadable`, `key_exposed` where others than the owner can read it, `key_malformed`, and as
 *   `readPassphrase` and `openRing`; CryptoError `key_file_unreadable` for another passphrase
 */
export async function readSigner(path: string, flags: PassphraseFlags, cli: Cli): Promise<KeyPair | Signer> {
  if (await isFolder(path)) return (await openRing(path, flags, cli)).manager.signer;
  const { text, value } = await readKeyFile(path);
  if (isKeyFile(value)) {
    const passphrase = await readPassphrase(flags, cli, { what: 'key file' });
    return (await openKeyFile(text, passphrase)).signer;
  }
  refusePassphrase(flags);
  return pairOf(value);
}

/**
 * The key pair of a JWK in clear.
 * @throws CliError as `readSigner`
 */
export async function readJwk(path: string): Promise<KeyPair> {
  const { value } = await readKeyFile(path);
  if (isKeyFile(value))
    throw new CliError('usage', 'this key file is under a passphrase already', 'use it as it is');
  return pairOf(value);
}

const isKeyFile = (value: unknown) => isRecord(value) && value.type === 'SteleKeyFile';

const isFolder = (path: string) =>
  stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );

async function readKeyFile(path: string): Promise<{ text: string; value: unknown }> {
  const bytes = await readSecretFile(path);
  try {
    return { text: bytes.toString('utf8'), value: parseJson(bytes, { maxBytes: MAX_BYTES }) };
  } catch {
    throw malformed('it is not JSON');
  }
}

async function readSecretFile(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      refuseExposed(await file.stat());
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES + 1));
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isSteleError(error)) throw error;
    const hint = 'name a key file or a key ring, never a key itself';
    throw new CliError('file_unreadable', `cannot read the key file: ${reasonOf(error)}`, hint);
  }
}

function refuseExposed(stats: { readonly mode: number }): void {
  if (!isExposed(stats)) return;
  throw new CliError(
    'key_exposed',
    'others than its owner can read the key file',
    'run: chmod 600 <the key file>',
  );
}

async function pairOf(jwk: unknown): Promise<KeyPair> {
  if (!isRecord(jwk) || jwk.kty !== 'OKP' || jwk.crv !== 'Ed25519')
    throw malformed('it is no JWK with "kty": "OKP" and "crv": "Ed25519"');
  const pair = await keyPairFromPrivateKey(decode(jwk.d));
  if (jwk.x !== undefined && !pair.publicKey.every((byte, i) => byte === decode(jwk.x)[i]))
    throw malformed('its "x" does not belong to its "d"');
  const { kid } = jwk;
  if (typeof kid === 'string' && kid.startsWith('did:key:') && kid.split('#')[0] !== pair.did)
    throw malformed('its "kid" names another key');
  return pair;
}

/** 32 bytes in base64url without padding, in their one canonical spelling. */
function decode(value: unknown): Buffer {
  const bytes =
    typeof value === 'string' && value.length === 43 ? Buffer.from(value, 'base64url') : Buffer.alloc(0);
  if (bytes.length !== 32 || bytes.toString('base64url') !== value)
    throw malformed('its "d" and "x" must be 32 bytes in base64url');
  return bytes;
}

const malformed = (why: string) =>
  new CliError(
    'key_malformed',
    `the key file cannot be used: ${why}`,
    'make a key with `stele keygen --out FILE`',
  );
