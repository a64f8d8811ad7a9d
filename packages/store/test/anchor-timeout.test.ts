/** An anchor that does not answer: nobody waits longer than the time-out, and nothing goes wrong for it. */
import assert from 'node:assert/strict';
import type { CovenantDocument } from '@stele/core';
import { afterEach, describe, it, vi } from 'vitest';
import { EncryptedStore, MemoryStore, type StoreAnchor, StoreError } from '../src/index.js';
import { AnchoredBackend } from '../src/lib/anchored-backend.js';
import { sampleCovenant, sampleCovenants } from '../src/lib/contract/samples.js';
import { MemoryBackend } from '../src/lib/memory-backend.js';
import { MemoryAnchor } from './support/anchors.js';
import { covenantIdOf, KEY } from './support/backends.js';
import { putRecord } from './support/records.js';

/** An anchor in memory that answers does so before any timer: a time-out this short strikes none but the mute one. */
const SOON_MS = 5;

/** An anchor that stops answering when it is told to, before or after it has done what it was asked. */
class MuteAnchor implements StoreAnchor {
  mute: 'no' | 'read' | 'before' | 'after' = 'no';
  asked = 0;

  constructor(private readonly inner = new MemoryAnchor()) {}

  async read(): Promise<string | undefined> {
    if (this.mute === 'read') return this.#never();
    return this.inner.read();
  }

  async advance(from: string | undefined, to: string): Promise<boolean> {
    if (this.mute === 'before') return this.#never();
    const done = await this.inner.advance(from, to);
    return this.mute === 'after' ? this.#never() : done;
  }

  #never<T>(): Promise<T> {
    this.asked++;
    return new Promise(() => {});
  }
}

/** What a call rejects with once so much time has passed; a call that is still on its way after it is none of these. */
async function failed(call: Promise<unknown>, afterMs: number): Promise<string> {
  let outcome = 'pending';
  call.then(
    () => (outcome = 'done'),
    (error: unknown) =>
      (outcome = error instanceof StoreError ? `${error.code}: ${error.message}` : String(error)),
  );
  await vi.advanceTimersByTimeAsync(afterMs - 1);
  assert.equal(outcome, 'pending');
  await vi.advanceTimersByTimeAsync(1);
  return outcome;
}

const LATE = (ms: number) => `store_unavailable: the anchor of the store has not answered within ${ms} ms`;

const rejectsLate = (call: Promise<unknown>) =>
  assert.rejects(call, { code: 'store_unavailable', message: LATE(SOON_MS).replace(/^.*: /, '') });

const open = (anchor: StoreAnchor, anchorTimeoutMs: number | undefined) =>
  new EncryptedStore({ store: new MemoryStore(), encryptionKey: KEY, anchor, anchorTimeoutMs });

afterEach(() => void vi.useRealTimers());

describe('an anchor that never answers', () => {
  it('fails a write and a read after ten seconds, unless it is told otherwise', async () => {
    const covenant = await sampleCovenant();
    vi.useFakeTimers();
    for (const [anchorTimeoutMs, ms] of [
      [undefined, 10_000],
      [25, 25],
    ] as const) {
      const anchor = new MuteAnchor();
      const store = open(anchor, anchorTimeoutMs);
      anchor.mute = 'read';
      for (const call of [
        () => store.get(covenant.id),
        () => store.getRevocations(covenant.id),
        () => store.verify(),
        () => store.reanchor(),
        () => store.probe(),
      ])
        assert.equal(await failed(call(), ms), LATE(ms));
    }
  });

  it('loses nothing, whichever step it is late at, and the store goes on when it answers again', async () => {
    const [first, second, third] = (await sampleCovenants(3)) as [
      CovenantDocument,
      CovenantDocument,
      CovenantDocument,
    ];
    for (const mute of ['read', 'before', 'after'] as const) {
      const anchor = new MuteAnchor();
      const store = open(anchor, SOON_MS);
      await store.put(first);
      anchor.mute = mute;
      await rejectsLate(store.put(second));
      anchor.mute = 'no';
      await store.put(third);
      await store.verify();
      assert.deepEqual(await store.get(first.id), first);
      assert.deepEqual(await store.get(third.id), third);
      await store.put(second);
      assert.equal(await store.count(), 3);
    }
  });

  it('lets those who wait behind one another wait no longer than the first', async () => {
    const anchor = new MuteAnchor();
    const backend = new AnchoredBackend(new MemoryBackend(), anchor, { timeoutMs: SOON_MS });
    const put = (n: number) =>
      putRecord(backend, { kind: 'covenant', id: covenantIdOf(n), bytes: Buffer.from('x') }, undefined);
    await put(0);
    anchor.mute = 'before';
    await Promise.all(Array.from({ length: 20 }, (_, n) => rejectsLate(put(n + 1))));
    assert.equal(anchor.asked, 1);
  });

  it('has a time-out that can be', () => {
    for (const anchorTimeoutMs of [0, -1, 1.5, Number.NaN, 600_001, '5' as never])
      assert.throws(
        () => new EncryptedStore({ store: new MemoryStore(), encryptionKey: KEY, anchorTimeoutMs }),
        RangeError,
      );
  });
});
