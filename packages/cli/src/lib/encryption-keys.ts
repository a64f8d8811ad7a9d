/** Keys of encrypted stores: from files that nobody else may read, or from a key ring that AWS KMS has sealed. */
import { type KeyProvider, rawKeys } from '@stele/sdk';
import type { Command } from 'commander';
import { CliError } from './errors.js';
import { type KmsRing, openKmsRing } from './kms-ring.js';
import { readSecretFile, type SecretFile } from './secret-file.js';
import { many } from './verify-flags.js';

/** The options that `addEncryptionOptions` defines, as commander hands them over. */
export interface EncryptionFlags {
  readonly encryptionKeyFile?: string;
  readonly oldEncryptionKeyFile?: string[];
  readonly encryptionKeyRing?: string;
  readonly kmsKey?: string;
}

const KEY_BYTES = 32;
const FILE: SecretFile = {
  what: 'encryption key',
  maxBytes: 128,
  exposed: ['encryption_key_exposed', 'run: chmod 600 <the file>'],
  notPlain: 'name an ordinary file',
};

export function addEncryptionOptions(command: Command): Command {
  return command
    .option(
      '--encryption-key-file <file>',
      'the key of an encrypted store, in a file that you alone may read',
    )
    .addOption(many('--old-encryption-key-file <file>', 'a key that records may still be under; repeatable'))
    .option('--encryption-key-ring <folder>', 'the keys of an encrypted store, as AWS KMS has sealed them')
    .option('--kms-key <key>', 'the id, ARN or alias of the key in AWS KMS that seals the ring');
}

export const ENCRYPTION_HELP = `
An encryption key is a file that nobody else may read: 32 bytes as they are, in hex, or in base64. Or the keys are in a folder, sealed by
AWS KMS: --encryption-key-ring with --kms-key, which needs the package @aws-sdk/client-kms, and region and credentials where the AWS SDK
finds them (the region of an ARN is taken from it).
A password in the URL of a store is never shown; other users of the machine may see it as an argument of the process all the same.`;

/**
 * The keys that the options name, the newest first; undefined where none is named.
 * @param create whether a ring that is not there is made
 * @throws CliError `usage`, `file_unreadable`, `encryption_key_exposed`, `encryption_key_malformed`, `ring_missing`, `encryption_key_unavailable`
 */
export async function readEncryptionKeys(
  flags: EncryptionFlags,
  { create = false }: { create?: boolean } = {},
): Promise<KeyProvider | undefined> {
  const ring = kmsRingOf(flags);
  if (ring !== undefined) return openKmsRing(ring, { create });
  const { encryptionKeyFile, oldEncryptionKeyFile = [] } = flags;
  if (encryptionKeyFile === undefined) {
    if (oldEncryptionKeyFile.length === 0) return undefined;
    throw new CliError('usage', 'an old key needs the present one beside it', 'give --encryption-key-file');
  }
  const [current, ...older] = await Promise.all(
    [encryptionKeyFile, ...oldEncryptionKeyFile].map(readEncryptionKey),
  );
  try {
    return rawKeys(current as Uint8Array, ...older);
  } catch {
    throw new CliError('usage', 'one encryption key is given twice, or there are more than 16 of them');
  }
}

/**
 * The ring that the options name, and nothing beside it.
 * @throws CliError `usage`
 */
export function kmsRingOf(flags: EncryptionFlags): KmsRing | undefined {
  const { encryptionKeyRing: path, kmsKey: keyId } = flags;
  if (path === undefined && keyId === undefined) return undefined;
  if (path === undefined || keyId === undefined || path === '' || keyId === '')
    throw new CliError(
      'usage',
      'a ring of encryption keys and the key in KMS that seals it go together',
      HINT,
    );
  if (flags.encryptionKeyFile !== undefined || flags.oldEncryptionKeyFile !== undefined)
    throw new CliError('usage', 'the keys are either in files or in a ring', HINT);
  return { path, keyId };
}

const HINT = 'give --encryption-key-ring <folder> and --kms-key <key>, or --encryption-key-file <file>';

async function readEncryptionKey(path: string): Promise<Uint8Array> {
  const bytes = await readSecretFile(path, FILE);
  const key = bytes.length === KEY_BYTES ? bytes : decoded(bytes.toString('latin1').replace(/\r?\n$/, ''));
  if (key !== undefined && !isTyped(key)) return key;
  throw new CliError(
    'encryption_key_malformed',
    'an encryption key must be 32 random bytes: as they are, as 64 hex digits, or in base64',
    'make one: (umask 077 && head -c 32 /dev/urandom > store.key)',
  );
}

function decoded(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[A-Za-z0-9+/]{43}=$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.toString('base64') === text ? key : undefined;
}

/** Thirty-two characters are a text: a passphrase, say, or half of a key in hex. */
const isTyped = (key: Buffer): boolean => /^[\x20-\x7e]+$/.test(key.toString('latin1'));
