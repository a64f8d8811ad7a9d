/** Every write of every change of a ring, the last that its process does. */
import { beforeAll, describe, expect, it } from 'vitest';
import { bundle, run } from './key-ring-support/bundle.js';
import { changesOf, ground, isConsistent } from './key-ring-support/consistency.js';
import type { Fault } from './key-ring-support/faults.js';
import { OPERATIONS } from './key-ring-support/operations.js';

describe('a process killed', () => {
  let victim = '';
  beforeAll(async () => {
    victim = await bundle('victim.ts');
  });

  it.each(OPERATIONS)(
    'at any write of %s leaves a ring that opens',
    async (operation) => {
      const fresh = await ground(operation);
      const changes = await changesOf(operation, fresh());
      const outcomes = new Set<boolean>();
      const points = Array.from({ length: changes }, (_, i) => [i + 1, 'kill before'] as [number, Fault]);
      points.push([changes, 'kill after']);
      for (const [n, fault] of points) {
        const folder = fresh();
        const { signal, output } = await run(victim, [folder, operation, String(n), fault]);
        expect([signal, output]).toEqual(['SIGKILL', '']);
        outcomes.add(await isConsistent(operation, folder));
      }
      expect(outcomes).toEqual(new Set([false, true]));
    },
    120_000,
  );
});
