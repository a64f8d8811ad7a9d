/** What is to hold of a ring whose change was cut short. */
import { cpSync } from 'node:fs';
import { expect } from 'vitest';
import { FileKeyRing } from '../../src/lib/key-ring-file.js';
import { text } from '../support.js';
import { playFault } from './faults.js';
import { managerOf, type Operation, perform, prepare, timeOf } from './operations.js';
import { DAY, freshPath } from './rings.js';

const message = text('message');

/** What a ring may look like before and after. */
const STATES: Record<Operation, readonly [string, string]> = {
  initialize: ['', 'active'],
  rotate: ['retiring active', 'retiring retiring active'],
  revoke: ['retiring active', 'retiring revoked active'],
  retireExpired: ['retired active', 'retired active'],
};

/** The ring opens, is as it was or as it was to become, and can be used and changed. @returns whether it had been changed */
export async function isConsistent(operation: Operation, folder: string): Promise<boolean> {
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
export async function ground(operation: Operation): Promise<() => string> {
  const original = freshPath();
  await prepare(operation, original);
  return () => {
    const folder = freshPath();
    if (operation !== 'initialize') cpSync(original, folder, { recursive: true });
    return folder;
  };
}

/** How many changes of files an operation makes. */
export async function changesOf(operation: Operation, folder: string): Promise<number> {
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
