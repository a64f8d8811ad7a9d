/** Every write of every change of a ring, failing or the last that its process does. */
import { cpSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { KeyRingError } from '../src/lib/key-ring.js';
import { FileKeyRing } from '../src/lib/key-ring-file.js';
import { bundle, run } from './key-ring-support/bundle.js';
import { type Fault, playFault } from './key-ring-support/faults.js';
import {
  managerOf,
  OPERATIONS,
  type Operation,
  perform,
  prepare,
  timeOf,
} from './key-ring-support/operations.js';
import { DAY, freshPath } from './key-ring-support/rings.js';
import { text } from './support.js';

const message = text('message');

/** What a ring may look like before and after. */
const STATES: Record<Operation, readonly [string, string]> = {
  initialize: ['', 'active'],
  rotate: ['retiring active', 'retiring retiring active'],
  revoke: ['retiring active', 'retiring revoked active'],
  retireExpired: ['retired active', 'retired active'],
};

/** The ring opens, is as it was or as it was to become, and can be used and changed. @returns whether it had been changed */
async function isConsistent(operation: Operation, folder: string): Promise<boolean> {
  const stored = await new FileKeyRing(folder).load();
  const manager = managerOf(folder, timeOf(operation));
  await manager.initialize();
  const states = manager.history.map(({ state }) => state).join(' ');
  const [before, after] = STATES[operation];
  expect([before || after, after]).toContain(states);
  const signature = await manager.sign(message);
  expect(await manager.verifyWithAnyKey(message, signature)).toMatchObject({ valid: true, status: 'active' });
  const { keys } = JSON.parse((await new FileKeyRing(folder).load())?.state ?? '') as { keys: object[] };
  keys.forEach((key, i) => {
    expect('sealed' in key).toBe(!('retiredAt' in key) && manager.history[i]?.state !== 'revoked');
  });
  expect(manager.getRevocationList()).toHaveLength(states.includes('revoked') ? 1 : 0);
  const { newKey } = await manager.rotate();
  expect((await managerAfter(folder, operation)).activeKey.publicKeyHex).toBe(newKey.publicKeyHex);
  return operation === 'retireExpired' ? 'retiredAt' in keys[0]! : stored !== undefined && states === after;
}

async function managerAfter(folder: string, operation: Operation) {
  const manager = managerOf(folder, timeOf(operation) + DAY);
  await manager.initialize();
  return manager;
}

/** A copy of the ring that an operation is to change. */
async function ground(operation: Operation): Promise<() => string> {
  const original = freshPath();
  await prepare(operation, original);
  return () => {
    const folder = freshPath();
    if (operation !== 'initialize') cpSync(original, folder, { recursive: true });
    return folder;
  };
}

/** How many changes of files an operation makes. */
async function changesOf(operation: Operation, folder: string): Promise<number> {
  const manager = managerOf(folder, timeOf(operation));
  if (operation !== 'initialize') await manager.initialize();
  const counted = playFault(0, 'throw');
  try {
    await perform(operation, manager);
  } finally {
    counted.end();
  }
  return counted.count();
}

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
