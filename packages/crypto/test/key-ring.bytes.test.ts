/** Every byte of a ring, changed. */
import { describe, expect, it } from 'vitest';
import { KeyRingError, MemoryKeyRing } from '../src/lib/key-ring.js';
import { sharing } from './key-ring-support/rings.js';

describe('a ring that somebody else wrote', () => {
  it('is refused with any byte changed', async () => {
    const memory = new MemoryKeyRing();
    const { open } = sharing(memory);
    const manager = await open();
    await manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
    await manager.rotate();
    const state = Buffer.from((await memory.load())!.state);
    const changed = Buffer.from(state);
    const ring = { load: async () => ({ version: 3, state: changed.toString() }), save: async () => false };
    const codes = new Set<unknown>();
    for (let i = 0; i < state.length; i++) {
      changed[i] = state[i]! ^ (1 << (i % 7));
      const error: unknown = await open({ ring }).catch((reason: unknown) => reason);
      codes.add(error instanceof KeyRingError ? error.code : `byte ${i}: ${error}`);
      changed[i] = state[i]!;
    }
    expect([...codes].sort()).toEqual([
      'key_ring_locked',
      'key_ring_malformed',
      'key_ring_use',
      'key_ring_version',
    ]);
    expect((await open({ ring })).history).toHaveLength(3);
  }, 60_000);
});
