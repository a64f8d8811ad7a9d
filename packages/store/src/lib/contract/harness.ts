import assert from 'node:assert/strict';
import type { CovenantStore } from '../../covenant-store.js';
import type { StoreWithBackend } from '../../encrypted-store.js';
import { ID_PREFIXES } from '../ids.js';

/** Registers one test, which gets a store of its own that is empty. */
export type Case = (title: string, body: (store: CovenantStore) => Promise<void>) => void;

/** Asserts that a promise is rejected with a StoreError of this code. @returns the error */
export async function rejectsWith(
  promise: Promise<unknown>,
  code: string,
  what = '',
): Promise<{ check?: string; id?: string }> {
  let thrown: unknown;
  const isWanted = (error: unknown) => {
    thrown = error;
    return (error as { name?: unknown }).name === 'StoreError' && (error as { code?: unknown }).code === code;
  };
  await (what === '' ? assert.rejects(promise, isWanted) : assert.rejects(promise, isWanted, what));
  return thrown as { check?: string; id?: string };
}

/** Everything that an async iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Asserts that a store which cannot do something says so. */
export async function isUnsupported(promise: Promise<unknown>): Promise<void> {
  await rejectsWith(promise, 'unsupported');
}

/** Spoils the record of a covenant or of an approval. @returns false for a store that does not show its backend */
export async function spoil(store: CovenantStore, id: string): Promise<boolean> {
  const { backend } = store as Partial<StoreWithBackend>;
  if (backend === undefined) return false;
  const bytes = new TextEncoder().encode('spoilt');
  const kind = id.startsWith(ID_PREFIXES.approval) ? 'approval' : 'covenant';
  return backend.write([{ kind, id, expected: 'present', next: { bytes, tokens: [] } }]);
}
