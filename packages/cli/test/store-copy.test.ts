/** Copying in process: media that fail at any write, and media without transactions. */
import { MemoryStore } from '@stele/sdk';
import { BackedStore, type RecordBackend, StoreError } from '@stele/store';
import { describe, expect, it } from 'vitest';
import { compareStores } from '../src/lib/store/compare.js';
import { copyMissing } from '../src/lib/store/copy.js';
import { fill } from './store-support.js';

/** The backend of a store, of which some members are others. */
function changed(backend: RecordBackend, changes: Partial<RecordBackend>): RecordBackend {
  return new Proxy(backend, {
    get(target, name) {
      const member = Reflect.get(name in changes ? changes : target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

const hooks = { onFailure: () => expect.unreachable(), onProgress: () => undefined };

async function differences(from: BackedStore, to: BackedStore): Promise<string[]> {
  const found: string[] = [];
  await compareStores(from, to, {
    onDifference: ({ kind }, difference) => found.push(`${kind} ${difference}`),
    onCorruptFrom: () => expect.unreachable(),
    onCorruptTo: () => expect.unreachable(),
    onProgress: () => undefined,
  });
  return found;
}

describe('a copy', () => {
  it('goes on wherever the medium has failed, and has no covenant before its revocation', async () => {
    const from = new MemoryStore();
    await fill(from, 70);
    let failures = 0;
    for (let allowed = 0; ; allowed++) {
      const medium = new MemoryStore();
      let left = allowed;
      const write: RecordBackend['write'] = async (changes) => {
        if (left-- > 0) return medium.backend.write(changes);
        throw new StoreError('store_unavailable', 'full');
      };
      const failing = new BackedStore(changed(medium.backend, { write }));
      const error = await copyMissing(from, failing, hooks).catch((reason: unknown) => reason);
      if (!(error instanceof StoreError)) break;
      failures++;
      expect(error.code).toBe('store_unavailable');
      const missing = await differences(from, medium);
      expect(missing.length).toBeGreaterThan(0);
      if ((await medium.count()) > 0) expect(missing).not.toContain('revocation only_in_source');
      await copyMissing(from, medium, hooks);
      expect(await differences(from, medium)).toEqual([]);
    }
    expect(failures).toBeGreaterThanOrEqual(4); // two revocations, two batches
  });

  it('goes one by one where there are no transactions', async () => {
    const from = new MemoryStore();
    await fill(from, 70);
    const supports = { transaction: false, watch: false };
    const to = new BackedStore(changed(new MemoryStore().backend, { supports }));
    const done: number[] = [];
    const { covenants } = await copyMissing(from, to, {
      ...hooks,
      onProgress: (passed) => done.push(passed),
    });
    expect(covenants).toEqual({ copied: 70, already: 0, failed: 0 });
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(72);
    expect(await differences(from, to)).toEqual([]);
  });
});
