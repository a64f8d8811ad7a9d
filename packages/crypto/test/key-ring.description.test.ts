/** What a ring says without its sealer, beside what its manager says. */
import { describe, expect, it } from 'vitest';
import { describeKeyRing, type KeyRing, KeyRingError, type StoredKeyRing } from '../src/index.js';
import { DAY, sharing } from './key-ring-support/rings.js';

const stateOf = async (ring: KeyRing) => ((await ring.load()) as StoredKeyRing).state;

describe('describeKeyRing', () => {
  it('says what the manager says', async () => {
    const { ring, time, open } = sharing();
    const manager = await open();
    await manager.rotate();
    time.now += 8 * DAY;
    await manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
    await manager.revoke('b'.repeat(64), 'of someone else');
    await manager.rotate();
    const { use, keys, revoked } = describeKeyRing(await stateOf(ring), time.now);
    expect({ use, keys, revoked }).toEqual({
      use: manager.use,
      keys: manager.history,
      revoked: manager.getRevocationList(),
    });
    expect(keys.map(({ state }) => state)).toEqual(['retired', 'revoked', 'retiring', 'active']);
  });

  it('goes by the time that it is given', async () => {
    const { ring, time, open } = sharing();
    await (await open()).rotate();
    const states = async (now: number) =>
      describeKeyRing(await stateOf(ring), now).keys.map(({ state }) => state);
    expect(await states(time.now)).toEqual(['retiring', 'active']);
    expect(await states(time.now + 7 * DAY)).toEqual(['retired', 'active']);
  });

  it('tells nothing sealed, and cannot be changed', async () => {
    const { ring, open } = sharing();
    await open();
    const state = await stateOf(ring);
    const { sealed } = JSON.parse(state).keys[0];
    const description = describeKeyRing(state);
    expect(JSON.stringify(description)).not.toContain(sealed);
    expect(
      [description, description.keys, description.keys[0], description.revoked].every(Object.isFrozen),
    ).toBe(true);
  });

  it.each(['', '{}', '[]', '{"schema":1}', 'sealed'])('refuses %j', (state) => {
    expect(() => describeKeyRing(state)).toThrow(KeyRingError);
  });
});
