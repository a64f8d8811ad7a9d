/** Statements that the newest key of a ring follows the one before, signed by both. */
import { buildKeyContinuity, type KeyContinuityDocument } from '@stele/core';
import { CryptoError, type KeyDescription, type KeyManager } from '@stele/crypto';
import { CliError } from './errors.js';
import { writeNewText } from './files.js';

/** @throws CryptoError `key_revoked`, `key_retired` if the old key does not sign any more */
export function continuityOf(
  manager: KeyManager,
  oldKey: Pick<KeyDescription, 'publicKeyHex'>,
  newKey: Pick<KeyDescription, 'publicKeyHex'>,
): Promise<KeyContinuityDocument> {
  return buildKeyContinuity({
    oldKey: manager.signerOf(oldKey.publicKeyHex),
    newKey: manager.signerOf(newKey.publicKeyHex),
  });
}

/** @throws CliError `file_exists`, `file_unwritable`: a statement is never written over another one */
export function writeContinuity(path: string, statement: KeyContinuityDocument): Promise<void> {
  return writeNewText(path, `${JSON.stringify(statement, null, 2)}\n`);
}

/**
 * The key that the newest one follows: the last before it that was not revoked, since a revoked one hands over to nobody.
 * @throws CliError `key_unknown` where there is none; CryptoError `key_retired` where it does not sign any more
 */
export function predecessor({ history }: KeyManager): KeyDescription {
  const key = history.slice(0, -1).findLast(({ state }) => state !== 'revoked');
  if (key === undefined)
    throw new CliError('key_unknown', 'the newest key of the ring follows no key that could sign');
  if (key.state === 'retiring') return key;
  throw new CryptoError('key_retired', `the overlap of ${key.did} has ended: it signs nothing any more`, {
    hint: 'sign the statement while both keys are there: stele keys rotate --continuity <file>',
  });
}
