import type { StoreEvent, WatchOptions } from '../covenant-store.js';
import { StoreError } from '../errors.js';
import type { RecordBackend, RecordChange } from '../record-backend.js';

/** @throws TypeError */
export function watchOptions({ after, signal }: WatchOptions): {
  after: string | undefined;
  signal: AbortSignal;
} {
  if (after !== undefined && typeof after !== 'string') throw new TypeError('after must be a string');
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new TypeError('signal must be an AbortSignal');
  return { after, signal: signal ?? new AbortController().signal };
}

/** @throws StoreError `unsupported` */
export async function latestToken(backend: RecordBackend): Promise<string> {
  if (!backend.supports.watch || backend.latestChange === undefined)
    throw unsupported('has no feed of changes');
  return backend.latestChange();
}

/** The changes of a backend after a token. @throws StoreError `unsupported` */
export function changesOf(
  backend: RecordBackend,
  after: string,
  signal: AbortSignal,
): AsyncIterable<RecordChange> {
  if (!backend.supports.watch || backend.changes === undefined) throw unsupported('has no feed of changes');
  return backend.changes(after, signal);
}

/** The events of a backend after a token. @throws StoreError `unsupported` */
export async function* events(
  backend: RecordBackend,
  after: Promise<string>,
  signal: AbortSignal,
): AsyncGenerator<StoreEvent, void, undefined> {
  for await (const change of changesOf(backend, await after, signal)) {
    // Approvals are no covenants' doing, and nobody is told of them.
    if (change.kind !== 'approval') yield eventOf(change);
  }
}

export function unsupported(what: string): StoreError {
  return new StoreError('unsupported', `this store ${what}`, {
    hint: 'ask `supports` first, or choose another store',
  });
}

function eventOf({ kind, id, deleted, token }: RecordChange): StoreEvent {
  if (kind === 'covenant') return { type: deleted ? 'delete' : 'put', id, token };
  return { type: 'revoke', id: id.slice(0, id.indexOf('/')), token };
}
