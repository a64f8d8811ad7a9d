import { documentDigest, type EvidenceQuery, type SignatureEvidence } from '@stele/core';
import type { JsonObject } from '@stele/crypto';
import { KeeperError } from '../errors.js';
import { type Format, type KeeperOptions, Kept, onlyArray } from './kept.js';

const MAX_RECORDS = 100_000;
const DIGEST = /^[0-9a-f]{64}$/;
const MAX_TIME = 8.64e15;

export interface EvidenceKeeperOptions extends KeeperOptions {
  /** How many documents are remembered, 1 to 100,000; 10,000 when not given. */
  readonly maxRecords?: number;
}

/** When each document was first seen, in milliseconds since 1970, by its digest. */
type Records = ReadonlyMap<string, number>;

/**
 * The verifier's own record of the documents that it has seen, for when their keys have retired: the `evidence` of a client or
 * monitor. A client given it records what it issues and verifies. Times are those of the keeper's own clock.
 *
 * Another kind of evidence, inclusion in an audit log (`logEvidence`), can stand beside it: `evidence` may be any function.
 */
export class EvidenceKeeper {
  readonly #kept: Kept<Records>;
  readonly #maxRecords: number;

  /** @throws TypeError, RangeError for options of the wrong type */
  constructor({ maxRecords = 10_000, ...options }: EvidenceKeeperOptions) {
    if (!(Number.isInteger(maxRecords) && maxRecords >= 1 && maxRecords <= MAX_RECORDS))
      throw new RangeError(`maxRecords must be a whole number from 1 to ${MAX_RECORDS}`);
    this.#kept = new Kept(options, RECORDS);
    this.#maxRecords = maxRecords;
  }

  /**
   * Records that these exact documents, proofs included, exist now. Only what was verified is to be handed over. What was
   * recorded before keeps its time. No record is dated before another one that was there, also when the clock was set back.
   * @throws KeeperError, `keeper_full` when there is no room: nothing is forgotten to make some
   */
  async record(documents: readonly object[]): Promise<void> {
    const digests = documents.map(documentDigest);
    const isNew = (records: Records) => digests.some((digest) => !records.has(digest));
    if (!isNew(await this.#kept.value())) return;
    await this.#kept.change((records) => {
      if (!isNew(records)) return records;
      const at = notBefore(records, this.#kept.now());
      const next = new Map(records);
      for (const digest of digests) if (!next.has(digest)) next.set(digest, at);
      if (next.size > this.#maxRecords)
        throw new KeeperError('keeper_full', `there is room for ${this.#maxRecords} records`);
      return next;
    });
  }

  /**
   * What `evidence` of `verifyCovenant` is to answer.
   * @throws KeeperError
   */
  async find({ digest }: EvidenceQuery): Promise<SignatureEvidence | undefined> {
    const at = (await this.#kept.value()).get(digest);
    return at === undefined ? undefined : { kind: 'record', at: new Date(at) };
  }
}

/** A clock that was set back must not date a record before those that were there: too late proves less, too early too much. */
function notBefore(records: Records, now: number): number {
  if (!isTime(now)) throw new KeeperError('keeper_unavailable', 'the clock gives no time to record');
  let newest = now;
  for (const at of records.values()) newest = Math.max(newest, at);
  return newest;
}

const isTime = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= MAX_TIME;

const RECORDS: Format<Records> = {
  kind: 'evidence',
  empty: new Map(),
  write: (records) => ({ records: [...records] }),
  read: readRecords,
  continues: (records, earlier) => [...earlier].every(([digest, at]) => records.get(digest) === at),
};

function readRecords(members: JsonObject): Records {
  const records = new Map<string, number>();
  for (const record of onlyArray(members, 'records', MAX_RECORDS)) {
    const [digest, at, ...others] = record as unknown[];
    if (typeof digest !== 'string' || !DIGEST.test(digest) || !isTime(at) || others.length > 0)
      throw new TypeError('a record is not as it must be');
    if (records.has(digest)) throw new TypeError('a document is recorded twice');
    records.set(digest, at);
  }
  return records;
}
