/** From one store into another, whatever keeps them. */
import { StoreError } from '@stele/sdk';
import type { ApprovalRecord, BackedStore } from '@stele/store';
import {
  approvalsOf,
  type Covenant,
  covenantsOf,
  type OnCorrupt,
  proofsOf,
  revocationsOf,
  sideBySide,
} from './walk.js';

/** The most that is put at once. */
const BATCH = 64;
const BATCH_CHARACTERS = 4_000_000;
/** What is wrong with one document, and not with the store. */
const OF_ONE = [
  'document_refused',
  'revocation_refused',
  'revocation_limit',
  'approval_refused',
  'record_corrupt',
  'transaction_conflict',
];

/** What became of the records of one kind. */
export interface Copied {
  copied: number;
  /** Was there with every proof. */
  already: number;
  failed: number;
}

export interface CopyHooks {
  /** Told of each document that the target does not take. */
  readonly onFailure: OnCorrupt;
  /** Told after every step, of how many records were passed. */
  readonly onProgress: (done: number) => void;
}

/**
 * Puts into a store what it lacks of another. Covenants come last: none must be there before what revokes it, and before what is
 * known of the approvals that were used under it.
 * Records that cannot be read are passed over; comparing the stores finds them.
 * @throws StoreError when a store fails as a whole
 */
export async function copyMissing(
  from: BackedStore,
  to: BackedStore,
  hooks: CopyHooks,
): Promise<{ covenants: Copied; revocations: Copied; approvals: Copied }> {
  const after = (...before: Copied[]): CopyHooks => ({
    ...hooks,
    onProgress: (done) => hooks.onProgress(before.map(passed).reduce((sum, each) => sum + each, done)),
  });
  const revocations = await copyRevocations(from, to, hooks);
  const approvals = await copyApprovals(from, to, after(revocations));
  const covenants = await copyCovenants(from, to, after(revocations, approvals));
  return { covenants, revocations, approvals };
}

const passed = ({ copied, already, failed }: Copied): number => copied + already + failed;

/** What was used in either store is used in the second afterwards. */
async function copyApprovals(from: BackedStore, to: BackedStore, hooks: CopyHooks): Promise<Copied> {
  const result = { copied: 0, already: 0, failed: 0 };
  for await (const pair of sideBySide(approvalsOf(from, ignore), approvalsOf(to, ignore))) {
    if (pair.from === undefined) continue;
    const { id, document } = pair.from;
    if (pair.to !== undefined && addsNothing(pair.to.document, document)) result.already++;
    else if (await puts(() => to.approvals.put(document), id, hooks)) result.copied++;
    else result.failed++;
    hooks.onProgress(passed(result));
  }
  return result;
}

/** Whether a put of the second changes nothing. */
function addsNothing(stored: ApprovalRecord, given: ApprovalRecord): boolean {
  if (stored.state === 'open' && given.state !== 'open') return false;
  const signers = ({ approval, denial }: ApprovalRecord) =>
    [approval, denial].flatMap((each) =>
      (each?.proof ?? []).map((proof) => `${each?.verdict} ${proof.verificationMethod}`),
    );
  const known = new Set(signers(stored));
  return signers(given).every((signer) => known.has(signer));
}

async function copyRevocations(from: BackedStore, to: BackedStore, hooks: CopyHooks): Promise<Copied> {
  const result = { copied: 0, already: 0, failed: 0 };
  for await (const pair of sideBySide(revocationsOf(from, ignore), revocationsOf(to, ignore))) {
    if (pair.from === undefined) continue;
    const { id, document } = pair.from;
    if (pair.to !== undefined) result.already++;
    else if (await puts(() => to.putRevocation(document), id, hooks)) result.copied++;
    else result.failed++;
    hooks.onProgress(passed(result));
  }
  return result;
}

async function copyCovenants(from: BackedStore, to: BackedStore, hooks: CopyHooks): Promise<Copied> {
  const result = { copied: 0, already: 0, failed: 0 };
  const waiting: Covenant[] = [];
  let characters = 0;
  const flush = async () => {
    const failed = await putAll(waiting.splice(0), to, hooks);
    result.failed += failed.failed;
    result.copied += failed.copied;
    characters = 0;
    hooks.onProgress(passed(result));
  };
  for await (const pair of sideBySide(covenantsOf(from, ignore), covenantsOf(to, ignore))) {
    if (pair.from === undefined) continue;
    if (pair.to !== undefined && hasProofsOf(pair.to.document, pair.from.document)) {
      result.already++;
      hooks.onProgress(passed(result));
      continue;
    }
    waiting.push(pair.from.document);
    characters += JSON.stringify(pair.from.document).length;
    if (waiting.length >= BATCH || characters >= BATCH_CHARACTERS) await flush();
  }
  if (waiting.length > 0) await flush();
  return result;
}

/** As one batch; where that is refused because of one of them, one by one. */
async function putAll(
  documents: readonly Covenant[],
  to: BackedStore,
  hooks: CopyHooks,
): Promise<Pick<Copied, 'copied' | 'failed'>> {
  if (to.supports.transaction) {
    try {
      await to.putBatch(documents);
      return { copied: documents.length, failed: 0 };
    } catch (error) {
      if (!isOfOne(error)) throw error;
    }
  }
  let copied = 0;
  for (const document of documents) if (await puts(() => to.put(document), document.id, hooks)) copied++;
  return { copied, failed: documents.length - copied };
}

/** @returns whether the store took it */
async function puts(put: () => Promise<unknown>, id: string, { onFailure }: CopyHooks): Promise<boolean> {
  try {
    await put();
    return true;
  } catch (error) {
    if (!isOfOne(error)) throw error;
    const { code, message, check } = error;
    onFailure(new StoreError(code, message, { id, check, cause: error }));
    return false;
  }
}

/** Whether a put of the second would add nothing: a proof by the same key stays as it is stored. */
function hasProofsOf(stored: Covenant, given: Covenant): boolean {
  const signers = new Set(proofsOf(stored).map((proof) => proof?.verificationMethod));
  return proofsOf(given).every((proof) => signers.has(proof?.verificationMethod));
}

function isOfOne(error: unknown): error is StoreError {
  return error instanceof StoreError && OF_ONE.includes(error.code);
}

const ignore = (): void => {};
