/** Private keys in files: JWK of type OKP, curve Ed25519 (RFC 8037, section 2). */
import { open } from 'node:fs/promises';
import { type KeyPair, keyPairFromPrivateKey, parseJson } from '@stele/sdk';
import { isSteleError } from '@stele/types/errors';
import { CliError } from './errors.js';
import { isRecord, reasonOf } from './input.js';

const MAX_BYTES = 16 * 1024;
const OTHERS = 0o077;

/** The private key as a JWK, for a file that only its owner can read. */
export function toJwk(pair: KeyPair): string {
  const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    kid: pair.did,
    x: encode(pair.publicKey),
    d: encode(pair.privateKey),
  };
  return `${JSON.stringify(jwk, null, 2)}\n`;
}

/**
 * The key pair of a key file. No message names the argument or anything of the content: either may be a key.
 * @throws CliError `file_unreadable`, `key_exposed` where others than the owner can read it, `key_malformed`
 */
export async function readKey(path: string): Promise<KeyPair> {
  const bytes = await readKeyFile(path);
  try {
    return await pairOf(parseJson(bytes, { maxBytes: MAX_BYTES }));
  } catch (error) {
    if (isSteleError(error) && error.code === 'key_malformed') throw error;
    throw malformed('it is not JSON');
  }
}

async function readKeyFile(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      refuseExposed((await file.stat()).mode);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_BYTES + 1));
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isSteleError(error)) throw error;
    const hint = '--key takes the name of a file that `stele keygen` wrote, never a key';
    throw new CliError('file_unreadable', `cannot read the key file: ${reasonOf(error)}`, hint);
  }
}

/** Windows keeps permissions elsewhere; what it reports as a mode says nothing. */
function refuseExposed(mode: number): void {
  if (process.platform === 'win32' || (mode & OTHERS) === 0) return;
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
