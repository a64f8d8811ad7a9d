/** Anchors for tests, and what an attacker does to a medium. */
import assert from 'node:assert/strict';
import {
  EncryptedStore,
  type RecordBackend,
  type RecordKind,
  type StoreAnchor,
  StoreError,
  type StoreWithBackend,
} from '../../src/index.js';
import { KEY } from './backends.js';

/** An anchor in memory, which many stores may share. */
export class MemoryAnchor implements StoreAnchor {
  text: string | undefined;

  async read(): Promise<string | undefined> {
    return this.text;
  }

  async advance(from: string | undefined, to: string): Promise<boolean> {
    if (this.text !== from) return false;
    this.text = to;
    return true;
  }
}

export type Snapshot = Map<string, { kind: RecordKind; id: string; bytes: Uint8Array }>;

/** Every record of a medium, past everything that looks at it. */
export async function everything(backend: RecordBackend): Promise<Snapshot> {
  const found: Snapshot = new Map();
  for (const kind of ['covenant', 'revocation'] as const) {
    for (const { id, bytes } of await backend.list(kind, { limit: 10_000 })) {
      if (bytes !== undefined) found.set(id, { kind, id, bytes: Uint8Array.from(bytes) });
    }
  }
  return found;
}

/** Brings a medium back to what it was. */
export async function bringBack(backend: RecordBackend, to: Snapshot): Promise<void> {
  for (const { kind, id } of (await everything(backend)).values()) {
    if (!to.has(id)) await backend.write([{ kind, id, expected: 'present', next: undefined }]);
  }
  for (const { kind, id, bytes } of to.values()) {
    const expected = (await backend.get(kind, id))?.version;
    await backend.write([{ kind, id, expected, next: { bytes, tokens: [] } }]);
  }
}

/** An encrypted store with an anchor. */
export const anchored = (store: StoreWithBackend, anchor: StoreAnchor) =>
  new EncryptedStore({ store, encryptionKey: KEY, anchor });

/** The code of the StoreError that a step rejects with; it says how to mend it. */
export async function codeOf(step: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await step();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof StoreError, String(error));
    assert.ok(error.hint);
    return error.code;
  }
}
