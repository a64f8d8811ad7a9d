import { beforeEach, describe, expect, it } from 'vitest';
import { buildKeyContinuity, ContinuityKeeper, KeyManager, keyHash, MemoryKeyRing } from '../../src/index.js';
import { HOUR } from '../support.js';
import { Scene } from './support.js';

let s: Scene;
beforeEach(async () => {
  s = await Scene.make();
});

describe('ContinuityKeeper', () => {
  const rotating = async () => {
    const manager = new KeyManager({ clock: s.clock.read, overlapPeriodMs: HOUR });
    await manager.initialize();
    return manager;
  };

  it('makes a statement of each rotation, once', async () => {
    const ring = new MemoryKeyRing();
    const continuity = new ContinuityKeeper({ ring, refreshMs: 0 });
    const manager = await rotating();
    expect(await continuity.attest(manager)).toEqual({ made: [], missing: [] });
    const first = (await manager.rotate()).oldKey;
    await manager.rotate();
    const { made } = await continuity.attest(manager, { nextKeyHash: keyHash(s.stranger.did) });
    expect(made).toMatchObject([{ oldKey: first.did }, { newKey: manager.activeKey.did }]);
    expect(made.map(({ nextKeyHash }) => nextKeyHash)).toEqual([undefined, keyHash(s.stranger.did)]);
    expect(await continuity.attest(manager)).toEqual({ made: [], missing: [] });
    expect(await new ContinuityKeeper({ ring }).current()).toEqual(made);
  });

  it('makes one statement also where two processes do it at once', async () => {
    const ring = new MemoryKeyRing();
    const manager = await rotating();
    await manager.rotate();
    const two = [new ContinuityKeeper({ ring }), new ContinuityKeeper({ ring })];
    await Promise.all(two.map((each) => each.attest(manager)));
    expect(await new ContinuityKeeper({ ring }).current()).toHaveLength(1);
  });

  it('makes none of a revoked key, nor of one that signs no more, and says so', async () => {
    const continuity = new ContinuityKeeper({ ring: new MemoryKeyRing() });
    const manager = await rotating();
    const stolen = manager.activeKey;
    await manager.revoke(stolen.publicKeyHex, 'stolen');
    const kept = manager.activeKey;
    expect(await continuity.attest(manager)).toEqual({
      made: [],
      missing: [{ oldKey: stolen.did, newKey: kept.did, because: 'revoked' }],
    });
    await manager.rotate();
    s.clock.advance(2 * HOUR);
    expect((await continuity.attest(manager)).missing).toMatchObject([
      { because: 'revoked' },
      { oldKey: kept.did, because: 'retired' },
    ]);
    expect(await continuity.current()).toEqual([]);
  });

  it('keeps what both keys have signed, forks too, and nothing else', async () => {
    const continuity = new ContinuityKeeper({ ring: new MemoryKeyRing() });
    const statement = await buildKeyContinuity({ oldKey: s.issuer, newKey: s.rival });
    const fork = await buildKeyContinuity({ oldKey: s.issuer, newKey: s.stranger });
    const [, byNew] = statement.proof;
    const claims = [
      { ...statement, proof: [byNew, byNew] },
      { ...statement, newKey: s.stranger.did },
      '',
      null,
    ];
    for (const claim of claims)
      await expect(continuity.add(claim)).rejects.toMatchObject({ code: 'continuity_refused' });
    await continuity.add(statement);
    await continuity.add(JSON.stringify(statement));
    await continuity.add(fork);
    expect(await continuity.current()).toEqual([statement, fork]);
  });
});
