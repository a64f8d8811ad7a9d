/** Every write of every change of a ring, failing. */
import { cpSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KeyRingError } from '../src/lib/key-ring.js';
import { FileKeyRing } from '../src/lib/key-ring-file.js';
import { changesOf, ground, isConsistent } from './key-ring-support/consistency.js';
import { playFault } from './key-ring-support/faults.js';
import { managerOf, OPERATIONS, perform, timeOf } from './key-ring-support/operations.js';
import { freshPath } from './key-ring-support/rings.js';
import { text } from './support.js';

const message = text('message');

describe.each(OPERATIONS)('%s', (operation) => {
  it('that fails at any write says so, and leaves a ring that opens', async () => {
    const fresh = await ground(operation);
    const changes = await changesOf(operation, fresh());
    expect(changes).toBeGreaterThan(8);
    const outcomes = new Set<string>();
    for (let n = 1; n <= changes; n++) {
      const folder = fresh();
      const manager = managerOf(folder, timeOf(operation));
      if (operation !== 'initialize') await manager.initialize();
      const fault = playFault(n, 'throw');
      const error = await perform(operation, manager)
        .catch((reason: unknown) => reason)
        .finally(fault.end);
      if (error !== undefined) {
        expect(error).toBeInstanceOf(KeyRingError);
        expect((error as KeyRingError).code).toBe('key_ring_unavailable');
        expect((error as KeyRingError).cause).toMatchObject({ code: 'EIO' });
      }
      // The same manager goes on as if nothing had been, once the disk does.
      const copy = freshPath();
      if (operation !== 'initialize' || (await new FileKeyRing(folder).load())) {
        cpSync(folder, copy, { recursive: true });
      }
      await manager.initialize();
      await perform(operation, manager);
      expect((await manager.verifyWithAnyKey(message, await manager.sign(message))).valid).toBe(true);
      const changed = await isConsistent(operation, copy);
      if (error === undefined) expect(changed).toBe(true);
      outcomes.add(
        `${error === undefined ? 'told done' : 'told failed'}, ${changed ? 'changed' : 'as before'}`,
      );
    }
    expect(outcomes).toContain('told failed, as before');
    expect(outcomes).toContain('told failed, changed');
    expect(outcomes).not.toContain('told done, as before');
  }, 60_000);
});
