/** Rings that are as full as a ring may be. */
import { describe, expect, it } from 'vitest';
import { DAY, refusedWith, saveSealed, sharing, stateOf } from './key-ring-support/rings.js';
import { rejection, text } from './support.js';

const message = text('message');

describe('a full ring', () => {
  it('remembers 10,000 keys', async () => {
    const { ring, time, open } = sharing();
    const manager = await open();
    const old = manager.signer;
    const state = await stateOf(ring);
    const [first] = state.keys as [Record<string, unknown>];
    const spent = { createdAt: 1, replacedAt: 2, verifiesUntil: 3, retiredAt: 3 };
    const others = Array.from({ length: 9_998 }, (_, i) => ({
      publicKeyHex: i.toString(16).padStart(64, '0'),
      ...spent,
    }));
    const active = { ...first, publicKeyHex: first.publicKeyHex };
    const { sealed: _, ...open1 } = first;
    state.keys = [
      others[0]!,
      { ...open1, ...spent, publicKeyHex: 'e'.repeat(64) },
      ...others.slice(1),
      active,
    ];
    await saveSealed(ring, 1, state);
    await manager.refresh();
    expect(manager.history).toHaveLength(10_000);
    expect(manager.keys).toHaveLength(32);
    const forgotten = manager.history[0]!.publicKeyHex;
    const signer = manager.signerOf(forgotten);
    time.now += DAY;
    await manager.rotate();
    expect(manager.history).toHaveLength(10_000);
    expect(manager.history[0]!.publicKeyHex).toBe('e'.repeat(64));
    expect(await rejection(signer.sign(message))).toBe('key_retired');
    await manager.revoke(forgotten, 'forgotten');
    expect(await rejection(signer.sign(message))).toBe('key_revoked');
    expect(() => manager.signerOf(forgotten)).toThrow(RangeError);
    expect((await old.sign(message)).length).toBe(64);
  });

  it('refuses to fill the ring beyond its bound, but refuses the key all the same', async () => {
    const { ring, open } = sharing();
    const manager = await open();
    const state = await stateOf(ring);
    const reason = '…'.repeat(1_024);
    for (let i = 0; i < 5_262; i++) {
      state.revoked.push({ publicKeyHex: i.toString(16).padStart(64, '0'), reason, revokedAt: 0 });
    }
    expect(await saveSealed(ring, 1, state)).toBe(true);
    await manager.refresh();
    const more = Array.from({ length: 20 }, (_, i) => i.toString(16).padStart(64, 'f'));
    const done = more.map((publicKeyHex) => manager.revoke(publicKeyHex, reason));
    for (const each of done.slice(0, 3)) await refusedWith('key_ring_full', each);
    await Promise.allSettled(done);
    expect(manager.getRevocationList()).toHaveLength(5_282);
    expect((await stateOf(ring)).revoked).toHaveLength(5_262);
  }, 60_000);
});
