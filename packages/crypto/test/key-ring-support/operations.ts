/** The changes of a ring whose every write is made to fail, each on a ring of its own kind. */
import { KeyManager } from '../../src/lib/key-manager.js';
import { FileKeyRing } from '../../src/lib/key-ring-file.js';
import { rawKeySealer } from '../../src/lib/key-ring-sealer.js';

const DAY = 24 * 60 * 60 * 1000;
const START = 1_700_000_000_000;

export const OPERATIONS = ['initialize', 'rotate', 'revoke', 'retireExpired'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A manager of the folder's ring, not initialized. */
export function managerOf(folder: string, now: number): KeyManager {
  return new KeyManager({
    ring: new FileKeyRing(folder),
    sealer: rawKeySealer(Uint8Array.from({ length: 32 }, (_, i) => i + 1)),
    clock: () => now,
    overlapPeriodMs: DAY,
  });
}

/** Two keys, one of them in its overlap; nothing for `initialize`. */
export async function prepare(operation: Operation, folder: string): Promise<void> {
  if (operation === 'initialize') return;
  const manager = managerOf(folder, START);
  await manager.initialize();
  await manager.rotate();
}

/** When the operation happens: `retireExpired` once the overlap has ended. */
export const timeOf = (operation: Operation): number => START + (operation === 'retireExpired' ? 2 * DAY : 0);

export async function perform(operation: Operation, manager: KeyManager): Promise<void> {
  if (operation === 'revoke') await manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
  else await manager[operation]();
}
