/** From key to key: what is under which, and sealing anew what is under an old one. */
import { StoreError } from '../errors.js';
import {
  type Content,
  type ListedRecord,
  RECORD_KINDS,
  type RecordBackend,
  type RecordKind,
} from '../record-backend.js';
import { STATE_ID } from './anchor-state.js';
import { unreadable } from './changes.js';
import { covenantContent, decodeCovenant } from './documents.js';
import { type Contents, type Label, labelOf, sealedTokens } from './encrypted-envelope.js';
import type { Keys } from './encrypted-keys.js';
import type { OwnRecord } from './encrypted-own-record.js';
import type { SealedRecords } from './encrypted-records.js';

const BATCH = 64;
const NONE = new Uint8Array();
const MAX_ATTEMPTS = 64;

/** How many records are sealed under a key. */
export interface KeyUsage {
  /** Undefined: they name no key, because they are damaged or were never sealed. */
  readonly keyId: string | undefined;
  /** Whether what is written now goes under it. */
  readonly current: boolean;
  readonly records: number;
}

/** How far a re-encryption is. */
export interface ReencryptProgress {
  /** Records looked at. */
  readonly examined: number;
  /** Of these, those that were sealed anew. */
  readonly reencrypted: number;
  /** Of these, those that cannot be read. */
  readonly corrupt: number;
}

export interface ReencryptOptions {
  /** Told after every 64 records at most. */
  readonly onProgress?: ((progress: ReencryptProgress) => void) | undefined;
  /** Told of each record that cannot be read, which then stays as it is. Without it the first one ends the re-encryption. */
  readonly onCorrupt?: ((error: StoreError) => void) | undefined;
  /** Ends it between two records. Run it again to go on: what is done is passed over. */
  readonly signal?: AbortSignal | undefined;
}

/** What a re-encryption works on. */
export interface Rotation {
  readonly inner: RecordBackend;
  readonly keys: Keys;
  readonly own: OwnRecord;
  readonly records: SealedRecords;
}

/** Counts by what the records say of themselves. */
export async function keyUsage(inner: RecordBackend, keys: Keys): Promise<KeyUsage[]> {
  const ids = await keys.ids();
  const counts = new Map<string | undefined, number>(ids.map((id) => [id, 0]));
  for await (const { record } of everyRecord(inner)) {
    const keyId = record.bytes && labelOf(record.bytes)?.keyId;
    counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
  }
  return [...counts].map(([keyId, records]) => ({ keyId, current: keyId === ids[0], records }));
}

/** Seals every record anew that is under an older key or in an older format, each by compare and set. */
export async function reencrypt(rotation: Rotation, options: ReencryptOptions): Promise<ReencryptProgress> {
  const { inner, keys, own } = rotation;
  const { onProgress, onCorrupt, signal } = options;
  signal?.throwIfAborted();
  await own.admit(await keys.current());
  const progress = { examined: 0, reencrypted: 0, corrupt: 0 };
  /** What the records that could not be read say of themselves. */
  const left: (Label | undefined)[] = [];
  for await (const { kind, record, last } of everyRecord(inner)) {
    signal?.throwIfAborted();
    if (record.id !== own.id) {
      progress.examined++;
      try {
        if (await renew(rotation, kind, record)) progress.reencrypted++;
      } catch (error) {
        const { bytes } = record;
        const corrupt = unreadable(error);
        if (onCorrupt === undefined) throw corrupt;
        progress.corrupt++;
        left.push(bytes && labelOf(bytes));
        onCorrupt(corrupt);
      }
    }
    if (last) {
      onProgress?.({ ...progress });
      await turn();
    }
  }
  await finish(rotation, left);
  return progress;
}

/** Lets others have their turn: over a medium that answers at once nothing else, not even an abort, would be heard to the end. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Writes down what is true now that every record has been looked at, under the current key. */
async function finish({ keys, own }: Rotation, left: readonly (Label | undefined)[]): Promise<void> {
  const ids = await keys.ids();
  await own.update(await keys.current(), (state) => ({
    ...state,
    keys: state.keys.filter((id) => ids.includes(id) || left.some((label) => label?.keyId === id)),
    legacy: state.legacy && left.some((label) => label?.format !== 2),
  }));
}

/** @returns whether the record had to be sealed anew, and was */
async function renew(rotation: Rotation, kind: RecordKind, listed: ListedRecord): Promise<boolean> {
  if (listed.error !== undefined) throw listed.error;
  const { inner, keys, records } = rotation;
  const { id } = listed;
  if (await isCurrent(keys, listed.bytes)) return false;
  for (let n = 0; n < MAX_ATTEMPTS; n++) {
    const found = await inner.get(kind, id);
    if (found === undefined || (await isCurrent(keys, found.bytes))) return false;
    const contents = await records.open(kind, id, found.bytes);
    const seal = await records.sealer();
    const next = await seal(kind, id, contentOf(kind, id, contents));
    if (await inner.write([{ kind, id, expected: found.version, next }])) return true;
  }
  throw new StoreError('store_unavailable', `${id} is being written by too many at once`, {
    id,
    hint: 'try again',
  });
}

async function isCurrent(keys: Keys, sealed: Uint8Array): Promise<boolean> {
  const label = labelOf(sealed);
  return label?.format === 2 && label.keyId === (await keys.current()).id;
}

/** In format 1 the tokens were not sealed with the bytes, so they are made of the document. There were no approvals then. */
function contentOf(kind: RecordKind, id: string, contents: Contents): Content {
  const { bytes } = contents;
  const tokens = sealedTokens(contents);
  if (tokens !== undefined) return { bytes, tokens };
  return kind === 'covenant' ? covenantContent(decodeCovenant(id, bytes)) : { bytes, tokens: [] };
}

/** Every record, the store's own too, and whether it ends a batch. The state for an anchor, which is not sealed here, is none. */
async function* everyRecord(
  inner: RecordBackend,
): AsyncGenerator<{ kind: RecordKind; record: ListedRecord; last: boolean }, void, undefined> {
  for (const kind of RECORD_KINDS) {
    for (let after = '', more = true; more; ) {
      const listed = await inner.list(kind, { after, limit: BATCH });
      const records = listed.filter(({ id, bytes }) => id !== STATE_ID || labelOf(bytes ?? NONE));
      for (const [n, record] of records.entries()) {
        yield { kind, record, last: n === records.length - 1 };
      }
      after = listed.at(-1)?.id ?? after;
      more = listed.length === BATCH;
    }
  }
}
