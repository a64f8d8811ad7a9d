/** The changes of a ring in SQLite that are cut short, each from the same ground. */
import assert from 'node:assert/strict';
import { KeyManager, rawKeySealer } from '@stele/crypto';
import { SqliteKeyRing } from '../../src/sqlite-key-ring.js';

const DAY = 24 * 60 * 60 * 1000;
const START = 1_700_000_000_000;
const MESSAGE = new Uint8Array([1, 2, 3]);

export const OPERATIONS = ['initialize', 'rotate', 'revoke', 'retireExpired'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What a ring may look like before and after. */
const STATES: Readonly<Record<Operation, readonly [string, string]>> = {
  initialize: ['', 'active'],
  rotate: ['retiring active', 'retiring retiring active'],
  revoke: ['retiring active', 'retiring revoked active'],
  retireExpired: ['retired active', 'retired active'],
};

export interface Opened {
  readonly ring: SqliteKeyRing;
  readonly manager: KeyManager;
}

/** A ring and its manager at the time of the operation, initialized unless that is the operation. */
export async function opened(operation: Operation, path: string): Promise<Opened> {
  const ring = new SqliteKeyRing(path, { driver: 'better-sqlite3' });
  const manager = managerOf(ring, START + (operation === 'retireExpired' ? 2 * DAY : 0));
  if (operation !== 'initialize') await manager.initialize();
  return { ring, manager };
}

/** Two keys, one of them in its overlap; for `initialize` the empty tables. */
export async function prepare(operation: Operation, path: string): Promise<void> {
  const ring = new SqliteKeyRing(path, { driver: 'better-sqlite3' });
  const manager = managerOf(ring, START);
  if (operation !== 'initialize') {
    await manager.initialize();
    await manager.rotate();
  }
  await ring.close();
}

export async function perform(operation: Operation, manager: KeyManager): Promise<void> {
  if (operation === 'revoke') await manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
  else await manager[operation]();
}

/** The ring opens, is as it was or as it was to become, and can be used and changed. @returns whether it had been changed */
export async function isConsistent(operation: Operation, path: string): Promise<boolean> {
  const { ring, manager } = await opened(operation, path);
  const stored = await ring.load();
  await manager.initialize();
  const keys = manager.history.map(({ state }) => state).join(' ');
  const [before, after] = STATES[operation];
  assert.ok(keys === after || keys === (before || after), keys);
  const { keys: records } = JSON.parse((await ring.load())?.state ?? '') as { keys: object[] };
  records.forEach((record, i) => {
    assert.equal('sealed' in record, !('retiredAt' in record) && manager.history[i]?.state !== 'revoked');
  });
  const found = await manager.verifyWithAnyKey(MESSAGE, await manager.sign(MESSAGE));
  assert.deepEqual([found.valid, found.status], [true, 'active']);
  assert.equal(manager.getRevocationList().length, keys.includes('revoked') ? 1 : 0);
  const { newKey } = await manager.rotate();
  await ring.close();
  const again = await opened(operation, path);
  await again.manager.initialize();
  assert.equal(again.manager.activeKey.publicKeyHex, newKey.publicKeyHex);
  await again.ring.close();
  return operation === 'retireExpired' ? 'retiredAt' in records[0]! : stored !== undefined && keys === after;
}

function managerOf(ring: SqliteKeyRing, now: number): KeyManager {
  const sealer = rawKeySealer(Uint8Array.from({ length: 32 }, (_, i) => i + 1));
  return new KeyManager({ ring, sealer, clock: () => now, overlapPeriodMs: DAY });
}
