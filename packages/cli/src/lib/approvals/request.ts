/** One request for approval, named on the command line, and the store that it is in. */
import type { ApprovalRecord, BackedStore } from '@stele/store';
import type { Command } from 'commander';
import { addEncryptionOptions, type EncryptionFlags, readEncryptionKeys } from '../encryption-keys.js';
import { CliError } from '../errors.js';
import { STORE_ARGUMENT } from '../store/flags.js';
import { openNamedStore } from '../stores.js';

/** What every command over requests takes. */
export interface ApprovalFlags extends EncryptionFlags {
  readonly store: string;
  readonly json?: true;
}

export const REQUEST_ARGUMENT = 'the id of the request: urn:stele:approval:…';

export function addStoreOption(command: Command): Command {
  return addEncryptionOptions(command.requiredOption('--store <store>', `the store: ${STORE_ARGUMENT}`));
}

/**
 * Does something with the store that the options name.
 * @throws CliError as `openNamedStore`; StoreError
 */
export async function withStore<T>(
  flags: ApprovalFlags,
  act: (store: BackedStore, shown: string) => Promise<T>,
): Promise<T> {
  const keys = await readEncryptionKeys(flags);
  const { store, shown } = await openNamedStore(flags.store, { keys });
  try {
    return await act(store, shown);
  } finally {
    await store.close();
  }
}

/**
 * The request of this id. Its content hashes to the id; what was changed in the store is `record_corrupt`.
 * @throws CliError `usage`, `approval_unknown`; StoreError
 */
export async function readRequest({ approvals }: BackedStore, id: string): Promise<ApprovalRecord> {
  if (!/^urn:stele:approval:[0-9a-f]{64}$/.test(id))
    throw new CliError('usage', 'a request is named by its id', 'see: stele approvals list');
  const record = await approvals.get(id);
  if (record !== undefined) return record;
  throw new CliError(
    'approval_unknown',
    `there is no request ${id}`,
    'see: stele approvals list --state all',
  );
}

/** Whether no answer to it counts any more. */
export const isExpired = ({ request }: ApprovalRecord, now = Date.now()): boolean =>
  now >= Date.parse(request.expiresAt);
