/** Folders of records for the tests of the store of files. */
import { join } from 'node:path';
import { FileBackend } from '../../src/lib/file-backend.js';
import type { RecordChange } from '../../src/record-backend.js';
import { covenantIdOf, memoryFolder } from './backends.js';
import { putRecord } from './records.js';

/** A path in memory that nothing is at. */
export const freshFolder = (): string => join(memoryFolder(), 'records');

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The n-th record, found by the rest of n by three. */
export const record = (n: number, tokens: string[] = [`t:${n % 3}`]) =>
  ({ kind: 'covenant', id: covenantIdOf(n), bytes: bytesOf(String(n)), tokens }) as const;

export const put = (backend: FileBackend, n: number): Promise<boolean> =>
  putRecord(backend, record(n), undefined);

/** A store of the first so many records. */
export async function filled(folder: string, count: number): Promise<FileBackend> {
  const backend = new FileBackend(folder);
  for (let n = 0; n < count; n++) await put(backend, n);
  return backend;
}

/** What the feed tells now of what came after a token. */
export async function changesAfter(backend: FileBackend, after: string): Promise<RecordChange[]> {
  const end = await backend.latestChange();
  const changes: RecordChange[] = [];
  if (end === after) return changes;
  for await (const change of backend.changes(after, new AbortController().signal)) {
    changes.push(change);
    if (change.token === end) break;
  }
  return changes;
}
