/** Keys of encrypted stores in a folder, sealed by AWS KMS: a data key of its own for each change, unsealed once for each run. */
import { SealedKeys } from '@stele/sdk';
import { isSteleError } from '@stele/types/errors';
import { CliError } from './errors.js';
import { printable } from './output.js';

/** A ring, and what seals it. */
export interface KmsRing {
  /** The folder of a `FileKeyRing`. */
  readonly path: string;
  /** The id, ARN or alias of a key in AWS KMS. */
  readonly keyId: string;
}

/**
 * Opens a ring, so that a key in KMS that does not do is noticed before a store is touched.
 * @throws CliError `ring_missing`, `encryption_key_unavailable`
 */
export async function openKmsRing(
  { path, keyId }: KmsRing,
  { create }: { create: boolean },
): Promise<SealedKeys> {
  const { FileKeyRing } = await import('@stele/crypto/node');
  const { kmsClient, kmsSealer } = await import('@stele/crypto/kms');
  const ring = new FileKeyRing(path);
  const keys = new SealedKeys({
    ring,
    sealer: kmsSealer({ client: kmsClient({ region: regionOf(keyId) }), keyId }),
  });
  try {
    if ((await ring.load()) !== undefined) await keys.ids();
    else if (create) await keys.rotate();
    else throw new CliError('ring_missing', `there are no encryption keys at ${printable(path)}`, MISSING);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      'encryption_key_unavailable',
      `the encryption keys at ${printable(path)} cannot be used: ${whyOf(error)}`,
      hintOf(error),
    );
  }
  return keys;
}

/** What an ARN says of its region; an id and an alias say nothing. */
const regionOf = (keyId: string): string | undefined => /^arn:[^:]*:kms:([^:]+):/.exec(keyId)?.[1];

/** What lies deepest of our own errors says what the service said of itself. */
function whyOf(error: unknown): string {
  const { message, cause } = error as Error;
  return isSteleError(cause) ? whyOf(cause) : message;
}

/** How to mend it, as what lies deepest says. */
function hintOf(error: unknown): string | undefined {
  if (!isSteleError(error)) return undefined;
  return hintOf(error.cause) ?? error.hint;
}

const MISSING =
  'a copy into a new store makes them: stele store copy <from> <to> --to-encryption-key-ring <folder>';
