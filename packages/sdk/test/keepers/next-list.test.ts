import { beforeEach, describe, expect, it } from 'vitest';
import {
  KeyManager,
  MemoryKeyRing,
  MemoryStore,
  nextRevocationList,
  type RevocationListDocument,
  revokeCovenant,
  verifyRevocationList,
} from '../../src/index.js';
import { type Cast, cast, HOUR, NOW } from '../support.js';
import { entry, lost, Scene } from './support.js';

let s: Scene;
let c: Cast;
beforeEach(async () => {
  s = await Scene.make();
  c = await cast();
});

describe('RevocationListKeeper.issue', () => {
  const nextUpdate = new Date(NOW + HOUR);

  it('names what a manager and a store know, and all that was named before', async () => {
    const manager = new KeyManager({ clock: s.clock.read, overlapPeriodMs: HOUR });
    await manager.initialize();
    const bad = manager.activeKey;
    await manager.revoke(bad.publicKeyHex, 'stolen');
    const old = manager.activeKey;
    await manager.rotate();
    const store = new MemoryStore();
    const [document, untouched] = [await c.covenant('permit a on /'), await c.covenant('permit b on /')];
    for (const each of [document, untouched]) await store.put(each);
    await store.putRevocation(await revokeCovenant(document, { reason: 'over', signer: c.owner }));
    // A stranger's must not gain a right by being listed.
    await store.putRevocation(await revokeCovenant(untouched, { reason: 'mischief', signer: s.stranger }));
    const lists = s.keeper(new MemoryKeyRing());
    const first = await lists.issue({ signer: s.issuer, nextUpdate, manager, store });
    expect(first).toMatchObject({ number: 1, covenants: [{ covenant: document.id, reason: 'over' }] });
    expect(first.keys).toMatchObject([{ key: bad.did, status: 'compromised', reason: 'stolen' }]);
    s.clock.advance(2 * HOUR);
    const later = new Date(s.clock.now + HOUR);
    const second = await lists.issue({ signer: s.issuer, nextUpdate: later, manager });
    expect(second.covenants).toEqual(first.covenants);
    expect(second.number).toBe(2);
    expect(second.keys).toMatchObject([
      { key: bad.did, status: 'compromised' },
      { key: old.did, status: 'retired', revokedAt: new Date(NOW + HOUR).toISOString() },
    ]);
    expect(await lists.export(s.issuer.did)).toEqual(second);
  });

  it('names what was revoked by an issuer above, and numbers on from what was seen', async () => {
    const store = new MemoryStore();
    const [root, child] = await c.chain('permit a on /', 'permit a on /');
    for (const each of [root, child]) await store.put(each);
    await store.putRevocation(await revokeCovenant(child, { reason: 'over', signer: c.owner }));
    await store.putRevocation(await revokeCovenant(root, { reason: 'mischief', signer: c.manager }));
    const lists = s.keeper(new MemoryKeyRing());
    const early = lists.import(await s.list(9, { now: new Date(NOW + HOUR), covenants: [entry(1)] }));
    await expect(early).rejects.toMatchObject({ code: 'list_from_the_future' });
    const made = await lists.issue({ signer: s.issuer, nextUpdate, store });
    expect(made).toMatchObject({ number: 10, covenants: [entry(1), { covenant: child.id }] });
  });

  it('is for the issuers of the keeper, and not with a key in doubt', async () => {
    const lists = s.keeper(new MemoryKeyRing());
    await expect(lists.issue({ signer: s.stranger, nextUpdate })).rejects.toMatchObject({
      code: 'list_unknown_issuer',
    });
    await expect(lists.issue({ signer: s.issuer, nextUpdate: new Date(NOW - 1) })).rejects.toMatchObject({
      code: 'list_malformed',
    });
    await expect(lists.issue({ signer: s.issuer, nextUpdate, keys: [lost(s.issuer)] })).rejects.toMatchObject(
      {
        code: 'list_issuer_key_in_doubt',
      },
    );
    expect(await lists.export(s.issuer.did)).toBeUndefined();
  });

  it('gives each of many at once a number of its own', async () => {
    const ring = new MemoryKeyRing();
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        s.keeper(ring).issue({ signer: s.issuer, nextUpdate, covenants: [entry(i)] }),
      ),
    );
    expect(made.map(({ number }) => number).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await s.keeper(ring).export(s.issuer.did))?.covenants).toHaveLength(8);
  });

  it('works without a keeper, after a list that was kept otherwise', async () => {
    const now = new Date(NOW);
    const first = await nextRevocationList({ signer: s.issuer, nextUpdate, now, covenants: [entry(1)] });
    const second = await nextRevocationList({ signer: s.issuer, nextUpdate, now, previous: first });
    expect(second).toMatchObject({ number: 2, covenants: first.covenants });
    expect(await verifyRevocationList(second, { issuers: [s.issuer.did], now })).toMatchObject({
      valid: true,
    });
    const foreign = await s.list(1, { signer: s.rival });
    for (const [previous, code] of [
      [foreign, 'list_unknown_issuer'],
      [{ ...first, number: 7 }, 'list_not_signed'],
      [{ ...first, type: 'x' } as unknown as RevocationListDocument, 'list_malformed'],
    ] as const) {
      const made = nextRevocationList({ signer: s.issuer, nextUpdate, now, previous });
      await expect(made).rejects.toMatchObject({ code });
    }
  });

  it('takes nothing back: a compromised key stays so, and a retired one retired when it did', async () => {
    const key = { key: s.stranger.did, reason: 'r' } as const;
    const early = { ...key, status: 'retired', revokedAt: '2026-11-01T00:00:00Z' } as const;
    const late = { ...early, revokedAt: '2026-11-02T00:00:00Z' } as const;
    const lists = s.keeper(new MemoryKeyRing());
    const keysOf = async (keys: RevocationListDocument['keys']) =>
      (await lists.issue({ signer: s.issuer, nextUpdate, keys })).keys;
    expect(await keysOf([late])).toEqual([late]);
    expect(await keysOf([early])).toEqual([early]);
    expect(await keysOf([late])).toEqual([early]);
    expect(await keysOf([lost(s.stranger)])).toEqual([lost(s.stranger)]);
    expect(await keysOf([early])).toEqual([lost(s.stranger)]);
  });
});
