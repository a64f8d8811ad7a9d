/** Rings with a past: made by a manager whose clock is set, since the command goes by the real one. */
import { KeyManager, passphraseSealer } from '@stele/crypto';
import { FileKeyRing } from '@stele/crypto/node';
import { PASSPHRASE } from './support.js';

export const DAY = 86_400_000;

/** One for all of them: it derives its key once. */
const sealer = passphraseSealer(PASSPHRASE);

/** A manager over a ring whose clock stands `daysAgo`; `time` may be moved on. */
export async function managerAt(path: string, daysAgo: number, use = 'covenant') {
  const time = { now: Date.now() - daysAgo * DAY };
  const manager = new KeyManager({
    use,
    ring: new FileKeyRing(path),
    sealer,
    clock: () => time.now,
  });
  await manager.initialize();
  return { manager, time };
}
