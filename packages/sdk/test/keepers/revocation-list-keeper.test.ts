import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type KeyRing, MemoryKeyRing, type RevocationListDocument } from '../../src/index.js';
import { HOUR, NOW } from '../support.js';
import { covenant, entry, lost, revoked, Scene } from './support.js';

let s: Scene;
beforeEach(async () => {
  s = await Scene.make();
});

describe('RevocationListKeeper', () => {
  it('keeps the newest list of each s.issuer, side by side, over a restart', async () => {
    const ring = new MemoryKeyRing();
    const lists = s.keeper(ring);
    expect(await lists.export(s.issuer.did)).toBeUndefined();
    await lists.import(await s.list(1, { covenants: [entry(1)] }));
    await lists.import(JSON.stringify(await s.list(1, { signer: s.rival, covenants: [entry(2)] })));
    const newest = await s.list(2, { covenants: [entry(1), entry(3)] });
    expect(await lists.import(newest)).toEqual(newest);
    for (const each of [lists, s.keeper(ring)]) {
      expect(await each.export(s.issuer.did)).toEqual(newest);
      expect((await each.export(s.rival.did))?.number).toBe(1);
      expect(await revoked(each)).toEqual([covenant(1), covenant(2), covenant(3)]);
      expect((await each.current()).lists).toHaveLength(2);
      expect((await each.current()).highestSeen?.(s.issuer.did)).toBe(2);
    }
  });

  it('refuses what is no list, is not signed, or is of an s.issuer that was not configured', async () => {
    const lists = s.keeper(new MemoryKeyRing());
    const good = await s.list(1);
    const cases: [unknown, string][] = [
      ['', 'list_malformed'],
      ['{', 'list_malformed'],
      [null, 'list_malformed'],
      [{ ...good, more: 1 }, 'list_malformed'],
      [{ ...good, number: 2 }, 'list_not_signed'],
      [await s.list(1, { signer: s.stranger, covenants: [entry(1)] }), 'list_unknown_issuer'],
    ];
    for (const [value, code] of cases) await expect(lists.import(value)).rejects.toMatchObject({ code });
    expect(await revoked(lists)).toEqual([]);
    expect((await lists.current()).refused).toEqual([]);
  });

  it('refuses a list that is not in force, and keeps what it names', async () => {
    const ring = new MemoryKeyRing();
    const lists = s.keeper(ring, {
      keyStatus: (hex) => (hex === s.rival.publicKeyHex ? 'compromised' : undefined),
    });
    await lists.import(await s.list(5, { covenants: [entry(5)] }));
    const day = 24 * HOUR;
    const cases: [RevocationListDocument, string][] = [
      [await s.list(4, { covenants: [entry(4)] }), 'list_rolled_back'],
      [await s.list(6, { now: new Date(NOW + HOUR), covenants: [entry(6)] }), 'list_from_the_future'],
      [await s.list(1, { signer: s.rival, covenants: [entry(1)] }), 'list_issuer_key_in_doubt'],
    ];
    for (const [value, code] of cases) await expect(lists.import(value)).rejects.toMatchObject({ code });
    expect((await lists.export(s.issuer.did))?.number).toBe(5);
    expect((await lists.current()).highestSeen?.(s.issuer.did)).toBe(5);
    expect(await revoked(s.keeper(ring))).toEqual([1, 4, 5, 6].map(covenant));
    const stale = await s.list(7, {
      now: new Date(NOW - 2 * day),
      nextUpdate: new Date(NOW),
      covenants: [entry(7)],
    });
    await expect(lists.import(stale)).rejects.toMatchObject({ code: 'list_stale' });
    // It was the newest once: the fifth is behind what was seen, and counts as rolled back.
    expect((await lists.current()).highestSeen?.(s.issuer.did)).toBe(7);
    await expect(lists.import(await s.list(5))).rejects.toMatchObject({ code: 'list_rolled_back' });
    // Another one of its number contradicts it, stale as it is.
    await expect(lists.import(await s.list(7))).rejects.toMatchObject({ code: 'list_contradicted' });
    await lists.import(await s.list(8));
    expect((await lists.export(s.issuer.did))?.number).toBe(8);
  });

  it('refuses a list whose signer another list names as compromised, or itself', async () => {
    const lists = s.keeper(new MemoryKeyRing());
    await lists.import(await s.list(1, { keys: [lost(s.rival)] }));
    await expect(lists.import(await s.list(1, { signer: s.rival }))).rejects.toMatchObject({
      code: 'list_issuer_key_in_doubt',
    });
    await expect(lists.import(await s.list(2, { keys: [lost(s.issuer)] }))).rejects.toMatchObject({
      code: 'list_issuer_key_in_doubt',
    });
    // That was its last word.
    await expect(lists.import(await s.list(3))).rejects.toMatchObject({ code: 'list_issuer_key_in_doubt' });
  });

  it('does not let anything that was named come back', async () => {
    const lists = s.keeper(new MemoryKeyRing());
    await lists.import(await s.list(1, { covenants: [entry(1)], keys: [lost(s.stranger)] }));
    await lists.import(await s.list(2, { covenants: [entry(2)] }));
    await lists.import(await s.list(3));
    expect(await revoked(lists)).toEqual([covenant(1), covenant(2)]);
    await lists.import(await s.list(4, { covenants: [entry(1), entry(2)], keys: [lost(s.stranger)] }));
    // Whole again: nothing else need be kept.
    expect((await lists.current()).refused).toEqual([]);
  });

  it('relies on neither of two lists of one number', async () => {
    const ring = new MemoryKeyRing();
    const lists = s.keeper(ring, { issuers: [s.issuer.did] });
    const first = await s.list(1);
    await lists.import(first);
    expect(await lists.import(await s.list(1, { now: new Date(NOW) }))).toEqual(first);
    await expect(lists.import(await s.list(1, { covenants: [entry(1)] }))).rejects.toMatchObject({
      code: 'list_contradicted',
    });
    expect(await s.keeper(ring).export(s.issuer.did)).toBeUndefined();
    expect((await lists.current()).lists).toHaveLength(2);
    await expect(lists.import(await s.list(1, { covenants: [entry(2)] }))).rejects.toMatchObject({
      code: 'list_contradicted',
    });
    expect((await lists.current()).lists).toHaveLength(2);
    await lists.import(await s.list(2));
    expect((await lists.export(s.issuer.did))?.number).toBe(2);
    expect(await revoked(lists)).toEqual([covenant(1)]);
  });

  it('is bounded, and says so', async () => {
    const lists = s.keeper(new MemoryKeyRing(), { issuers: [s.issuer.did] });
    // Each names what none before it named, as no honest issuer's lists do.
    for (let n = 1; n <= 64; n++) await lists.import(await s.list(n, { covenants: [entry(n)] }));
    await expect(lists.import(await s.list(65, { covenants: [entry(65)] }))).rejects.toMatchObject({
      code: 'keeper_full',
    });
    expect((await lists.export(s.issuer.did))?.number).toBe(64);
  });

  it('refuses a state whose numbers and issuers do not fit', async () => {
    const [one, two, three] = [await s.list(1), await s.list(2), await s.list(2, { covenants: [entry(1)] })];
    const { did: issuer } = s.issuer;
    const good = { issuer, highest: 2, newest: [two, three], others: [one] };
    const bad = [
      { ...good, highest: 1 },
      { ...good, highest: 2.5 },
      { ...good, highest: -1 },
      { ...good, newest: [one, two] },
      { ...good, newest: [two, two, two] },
      { ...good, newest: two },
      { ...good, others: [{ ...one, number: 2 }] },
      { ...good, issuer: s.rival.did },
      { ...good, more: 1 },
    ];
    const read = (...issuers: object[]) => {
      const state = JSON.stringify({ schema: 1, kind: 'revocation-lists', issuers });
      return s.keeper({ load: async () => ({ version: 1, state }), save: async () => false }).current();
    };
    expect((await read(good)).lists).toHaveLength(2);
    for (const each of [...bad.map((state) => [state]), [good, good], [null as unknown as object]])
      await expect(read(...each)).rejects.toMatchObject({ code: 'keeper_malformed' });
  });

  it('takes no list of a key that another list names as retired, whatever the host says', async () => {
    const keyStatus = () => ({ status: 'active', since: new Date(0) }) as const;
    const lists = s.keeper(new MemoryKeyRing(), { keyStatus });
    const retired = { ...lost(s.rival), status: 'retired' } as const;
    await lists.import(await s.list(1, { keys: [retired] }));
    await expect(lists.import(await s.list(1, { signer: s.rival }))).rejects.toMatchObject({
      code: 'list_issuer_key_in_doubt',
    });
  });

  it('takes only options that make sense', () => {
    const ring = new MemoryKeyRing();
    const wrong = [
      { ring: {} as KeyRing },
      { issuers: [] },
      { issuers: ['did:key:x'] },
      { issuers: Array.from({ length: 33 }, () => s.issuer.did) },
      { refreshMs: -1 },
    ];
    for (const changes of wrong) expect(() => s.keeper(ring, changes)).toThrow(/must|needs/);
  });

  it('agrees with a naive reading, whatever comes in whatever order', async () => {
    const all = await Promise.all(
      [1, 2, 3, 4].flatMap((n) => [
        s.list(n, { covenants: [entry(n)] }),
        s.list(n, { now: new Date(NOW - 48 * HOUR), nextUpdate: new Date(NOW), covenants: [entry(n + 10)] }),
      ]),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(all.length - 1), { maxLength: 10 }), async (order) => {
        const ring = new MemoryKeyRing();
        const named = new Set<string>();
        const before = new Set<number>();
        let highest = 0;
        for (const i of order) {
          const { number, covenants } = all[i] as RevocationListDocument;
          const inForce = i % 2 === 0 && number >= highest;
          const holds = inForce && !before.has(i + 1); // the stale one of its number
          before.add(i);
          const taken = await s
            .keeper(ring)
            .import(all[i])
            .then(
              () => true,
              () => false,
            );
          expect(taken).toBe(holds);
          highest = inForce || i % 2 === 1 ? Math.max(highest, number) : highest;
          for (const each of covenants) named.add(each.covenant);
          expect(await revoked(s.keeper(ring))).toEqual([...named].sort());
          const seen = await (await s.keeper(ring).current()).highestSeen?.(s.issuer.did);
          expect(seen ?? 0).toBe(highest);
        }
      }),
      { numRuns: 25 },
    );
  });
});
