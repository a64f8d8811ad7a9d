import type { ApprovalDocument, ApprovalRequest } from '@stele/core';
import type {
  ApprovalListOptions,
  ApprovalPage,
  ApprovalRecord,
  ApprovalState,
  ApprovalStore,
} from './approval-store.js';
import { StoreError } from './errors.js';
import { approvalQuery, isState } from './lib/approval-query.js';
import {
  admitApproval,
  admitRecord,
  admitRequest,
  approvalContent,
  decodeApproval,
  withSignatures,
} from './lib/approval-records.js';
import { equalBytes } from './lib/bytes.js';
import { isRecordId } from './lib/ids.js';
import { listPage } from './lib/listing.js';
import type { RecordBackend } from './record-backend.js';

const KIND = 'approval';
/** A record is written anew at most 33 times: once for each proof, and once when it is settled. */
const MAX_ATTEMPTS = 64;

/** The `ApprovalStore` of a `BackedStore`: every change of a record is a compare-and-swap. */
export class BackedApprovals implements ApprovalStore {
  readonly #backend: RecordBackend;
  readonly #assertOpen: () => void;

  /** @param assertOpen throws when the store is closed */
  constructor(backend: RecordBackend, assertOpen: () => void) {
    this.#backend = backend;
    this.#assertOpen = assertOpen;
  }

  async open(request: ApprovalRequest): Promise<void> {
    this.#assertOpen();
    const record = { request: admitRequest(request), state: 'open' } as const;
    if (!(await this.#write(record, undefined))) throw taken(record.request.id);
  }

  async get(id: string): Promise<ApprovalRecord | undefined> {
    this.#assertOpen();
    return (await this.#read(id))?.record;
  }

  async list(options: ApprovalListOptions = {}): Promise<ApprovalPage> {
    this.#assertOpen();
    const { onCorrupt } = options;
    return listPage(this.#backend, KIND, decodeApproval, { ...approvalQuery(options), onCorrupt });
  }

  async sign(document: ApprovalDocument): Promise<ApprovalRecord> {
    this.#assertOpen();
    const given = await admitApproval(document);
    const { id } = given.request;
    return this.#change(id, async (stored) => {
      if (stored === undefined) throw unknown(id);
      if (stored.state !== 'open') throw closed(id, stored.state);
      return withSignatures(stored, given);
    });
  }

  async settle(id: string, state: 'used' | 'denied' | 'void', seen?: ApprovalRecord): Promise<boolean> {
    this.#assertOpen();
    if (!isState(state) || (state as ApprovalState) === 'open')
      throw new TypeError('state must be "used", "denied" or "void"');
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const found = await this.#read(id);
      if (found?.record.state !== 'open') return false;
      if (seen !== undefined && !isSame(found.record, seen)) return false;
      if (await this.#write({ ...found.record, state }, found.version)) return true;
    }
    throw busy(id);
  }

  async delete(id: string): Promise<boolean> {
    this.#assertOpen();
    if (!isRecordId(KIND, id)) return false;
    return this.#backend.write([{ kind: KIND, id, expected: 'present', next: undefined }]);
  }

  /**
   * Stores a record of another store as it is. Where one is there the two are united: the proofs of both, and the stored state
   * unless that is `open`. So nothing that was used is ever open again.
   * @returns the record as it is then
   * @throws StoreError `approval_refused` for a record that does not verify by itself, `record_corrupt`
   */
  async put(record: ApprovalRecord): Promise<ApprovalRecord> {
    this.#assertOpen();
    const given = await admitRecord(record);
    return this.#change(given.request.id, async (stored) => {
      if (stored === undefined) return given;
      let united = stored;
      for (const document of [given.approval, given.denial])
        if (document !== undefined) united = await withSignatures(united, document);
      return stored.state === 'open' && given.state !== 'open' ? { ...united, state: given.state } : united;
    });
  }

  /** Makes of what is stored what `next` makes of it, tried again when others were faster. The same object changes nothing. */
  async #change(
    id: string,
    next: (stored: ApprovalRecord | undefined) => Promise<ApprovalRecord>,
  ): Promise<ApprovalRecord> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const found = await this.#read(id);
      const record = await next(found?.record);
      if (record === found?.record || (await this.#write(record, found?.version)))
        return Object.freeze(record);
    }
    throw busy(id);
  }

  async #read(id: string): Promise<{ record: ApprovalRecord; version: Uint8Array } | undefined> {
    this.#assertOpen();
    if (!isRecordId(KIND, id)) return undefined;
    const found = await this.#backend.get(KIND, id);
    return found && { record: decodeApproval(id, found.bytes), version: found.version };
  }

  #write(record: ApprovalRecord, expected: Uint8Array | undefined): Promise<boolean> {
    const { id } = record.request;
    return this.#backend.write([{ kind: KIND, id, expected, next: approvalContent(record) }]);
  }
}

const isSame = (one: ApprovalRecord, other: ApprovalRecord): boolean =>
  equalBytes(approvalContent(one).bytes, approvalContent(other).bytes);

function taken(id: string): StoreError {
  return new StoreError('approval_exists', `${id} is there already`, {
    id,
    hint: 'ask again, under another nonce',
  });
}

function unknown(id: string): StoreError {
  return new StoreError('approval_unknown', `there is no request ${id}`, { id });
}

function closed(id: string, state: ApprovalState): StoreError {
  return new StoreError('approval_closed', `${id} is ${state}: it takes no more signatures`, {
    id,
    hint: 'have the call made again: that opens a new request',
  });
}

function busy(id: string): StoreError {
  return new StoreError('transaction_conflict', `${id} is being written by too many at once`, {
    id,
    hint: 'try again later',
  });
}
