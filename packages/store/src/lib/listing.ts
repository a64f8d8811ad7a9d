/** Pages of records of one kind, read as what they are. */
import type { StoreError } from '../errors.js';
import type { ListedRecord, RecordBackend, RecordKind } from '../record-backend.js';
import { unreadable } from './changes.js';

/** How many records are in memory at a time while a store is walked. */
export const BATCH = 64;
/** How many records one page looks at before it hands out a cursor. */
const MAX_EXAMINED = 10_000;

export interface PageQuery<T> {
  /** What an index can find them by. */
  readonly token: string | undefined;
  /** The test that the whole filter stands for; undefined where everything passes. */
  readonly matches: ((item: T) => boolean) | undefined;
  readonly limit: number;
  /** Begins after this id. */
  readonly after: string;
  readonly onCorrupt: OnCorrupt;
}

type OnCorrupt = ((error: StoreError) => void) | undefined;
type Decode<T> = (id: string, bytes: Uint8Array) => T;

/** A page of those that match, in order of their ids. @throws StoreError `record_corrupt` for a bad record, unless there is `onCorrupt` */
export async function listPage<T>(
  backend: RecordBackend,
  kind: RecordKind,
  decode: Decode<T>,
  { token, matches, limit, after, onCorrupt }: PageQuery<T>,
): Promise<{ items: T[]; nextCursor?: string }> {
  const items: T[] = [];
  let last = after;
  for (let examined = 0; items.length < limit && examined < MAX_EXAMINED; ) {
    const wanted = Math.min(BATCH, matches === undefined ? limit - items.length : BATCH);
    const records = await backend.list(kind, { token, after: last, limit: wanted });
    for (const record of records) {
      const item = readable(record, decode, onCorrupt);
      last = record.id;
      if (item !== undefined && matches?.(item) !== false && items.push(item) === limit) break;
    }
    if (records.length < wanted && items.length < limit) return { items };
    examined += records.length;
  }
  const [further] = await backend.list(kind, { token, after: last, limit: 1 });
  return further === undefined ? { items } : { items, nextCursor: last };
}

/** What a listed record is. Undefined for a bad one that was reported. */
export function readable<T>(record: ListedRecord, decode: Decode<T>, onCorrupt: OnCorrupt): T | undefined {
  try {
    if (record.error !== undefined) throw record.error;
    return decode(record.id, record.bytes);
  } catch (error) {
    if (onCorrupt === undefined) throw error;
    onCorrupt(unreadable(error));
    return undefined;
  }
}
