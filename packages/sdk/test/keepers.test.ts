import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildKeyContinuity,
  buildRevocationList,
  ContinuityKeeper,
  documentDigest,
  EvidenceKeeper,
  FileKeyRing,
  generateKeyPair,
  KeyManager,
  type KeyPair,
  type KeyRing,
  keyHash,
  MemoryKeyRing,
  MemoryStore,
  nextRevocationList,
  type RevocationListDocument,
  RevocationListKeeper,
  type RevocationListKeeperOptions,
  revokeCovenant,
  SqliteKeyRing,
  verifyRevocationList,
} from '../src/index.js';
import { type Cast, Clock, cast, HOUR, NOW } from './support.js';

let c: Cast;
let issuer: KeyPair, rival: KeyPair, stranger: KeyPair;
let clock: Clock;
beforeAll(async () => {
  c = await cast();
  [issuer, rival, stranger] = [await generateKeyPair(), await generateKeyPair(), await generateKeyPair()];
});
beforeEach(() => {
  clock = new Clock();
});

const covenant = (n: number) => `urn:stele:covenant:${n.toString(16).padStart(64, '0')}`;
const entry = (n: number) => ({ covenant: covenant(n), reason: 'over', revokedAt: '2026-11-20T12:00:00Z' });
const lost = (key: KeyPair) =>
  ({ key: key.did, status: 'compromised', reason: 'stolen', revokedAt: '2026-11-20T12:00:00Z' }) as const;

type ListChanges = Partial<Parameters<typeof buildRevocationList>[0]>;
const list = (number: number, changes: ListChanges = {}) =>
  buildRevocationList({
    number,
    nextUpdate: new Date(NOW + 24 * HOUR),
    signer: issuer,
    now: new Date(NOW),
    ...changes,
  });

const keeper = (ring: KeyRing, changes: Partial<RevocationListKeeperOptions> = {}) =>
  new RevocationListKeeper({
    ring,
    issuers: [issuer.did, rival.did],
    clock: clock.read,
    refreshMs: 0,
    ...changes,
  });

/** What is known as revoked, whether by the newest lists or by others. */
async function revoked(of: RevocationListKeeper): Promise<string[]> {
  const { lists, refused = [] } = await of.current();
  const all = [...lists, ...refused] as RevocationListDocument[];
  return [...new Set(all.flatMap(({ covenants }) => covenants.map((each) => each.covenant)))].sort();
}

describe('RevocationListKeeper', () => {
  it('keeps the newest list of each issuer, side by side, over a restart', async () => {
    const ring = new MemoryKeyRing();
    const lists = keeper(ring);
    expect(await lists.export(issuer.did)).toBeUndefined();
    await lists.import(await list(1, { covenants: [entry(1)] }));
    await lists.import(JSON.stringify(await list(1, { signer: rival, covenants: [entry(2)] })));
    const newest = await list(2, { covenants: [entry(1), entry(3)] });
    expect(await lists.import(newest)).toEqual(newest);
    for (const each of [lists, keeper(ring)]) {
      expect(await each.export(issuer.did)).toEqual(newest);
      expect((await each.export(rival.did))?.number).toBe(1);
      expect(await revoked(each)).toEqual([covenant(1), covenant(2), covenant(3)]);
      expect((await each.current()).lists).toHaveLength(2);
      expect((await each.current()).highestSeen?.(issuer.did)).toBe(2);
    }
  });

  it('refuses what is no list, is not signed, or is of an issuer that was not configured', async () => {
    const lists = keeper(new MemoryKeyRing());
    const good = await list(1);
    const cases: [unknown, string][] = [
      ['', 'list_malformed'],
      ['{', 'list_malformed'],
      [null, 'list_malformed'],
      [{ ...good, more: 1 }, 'list_malformed'],
      [{ ...good, number: 2 }, 'list_not_signed'],
      [await list(1, { signer: stranger, covenants: [entry(1)] }), 'list_unknown_issuer'],
    ];
    for (const [value, code] of cases) await expect(lists.import(value)).rejects.toMatchObject({ code });
    expect(await revoked(lists)).toEqual([]);
    expect((await lists.current()).refused).toEqual([]);
  });

  it('refuses a list that is not in force, and keeps what it names', async () => {
    const ring = new MemoryKeyRing();
    const lists = keeper(ring, {
      keyStatus: (hex) => (hex === rival.publicKeyHex ? 'compromised' : undefined),
    });
    await lists.import(await list(5, { covenants: [entry(5)] }));
    const day = 24 * HOUR;
    const cases: [RevocationListDocument, string][] = [
      [await list(4, { covenants: [entry(4)] }), 'list_rolled_back'],
      [await list(6, { now: new Date(NOW + HOUR), covenants: [entry(6)] }), 'list_from_the_future'],
      [await list(1, { signer: rival, covenants: [entry(1)] }), 'list_issuer_key_in_doubt'],
    ];
    for (const [value, code] of cases) await expect(lists.import(value)).rejects.toMatchObject({ code });
    expect((await lists.export(issuer.did))?.number).toBe(5);
    expect((await lists.current()).highestSeen?.(issuer.did)).toBe(5);
    expect(await revoked(keeper(ring))).toEqual([1, 4, 5, 6].map(covenant));
    const stale = await list(7, {
      now: new Date(NOW - 2 * day),
      nextUpdate: new Date(NOW),
      covenants: [entry(7)],
    });
    await expect(lists.import(stale)).rejects.toMatchObject({ code: 'list_stale' });
    // It was the newest once: the fifth is behind what was seen, and counts as rolled back.
    expect((await lists.current()).highestSeen?.(issuer.did)).toBe(7);
    await expect(lists.import(await list(5))).rejects.toMatchObject({ code: 'list_rolled_back' });
    await lists.import(await list(7));
  });

  it('refuses a list whose signer another list names as compromised, or itself', async () => {
    const lists = keeper(new MemoryKeyRing());
    await lists.import(await list(1, { keys: [lost(rival)] }));
    await expect(lists.import(await list(1, { signer: rival }))).rejects.toMatchObject({
      code: 'list_issuer_key_in_doubt',
    });
    await expect(lists.import(await list(2, { keys: [lost(issuer)] }))).rejects.toMatchObject({
      code: 'list_issuer_key_in_doubt',
    });
    // That was its last word.
    await expect(lists.import(await list(3))).rejects.toMatchObject({ code: 'list_issuer_key_in_doubt' });
  });

  it('does not let anything that was named come back', async () => {
    const lists = keeper(new MemoryKeyRing());
    await lists.import(await list(1, { covenants: [entry(1)], keys: [lost(stranger)] }));
    await lists.import(await list(2, { covenants: [entry(2)] }));
    await lists.import(await list(3));
    expect(await revoked(lists)).toEqual([covenant(1), covenant(2)]);
    await lists.import(await list(4, { covenants: [entry(1), entry(2)], keys: [lost(stranger)] }));
    // Whole again: nothing else need be kept.
    expect((await lists.current()).refused).toEqual([]);
  });

  it('relies on neither of two lists of one number', async () => {
    const ring = new MemoryKeyRing();
    const lists = keeper(ring, { issuers: [issuer.did] });
    const first = await list(1);
    await lists.import(first);
    expect(await lists.import(await list(1, { now: new Date(NOW) }))).toEqual(first);
    await expect(lists.import(await list(1, { covenants: [entry(1)] }))).rejects.toMatchObject({
      code: 'list_contradicted',
    });
    expect(await keeper(ring).export(issuer.did)).toBeUndefined();
    expect((await lists.current()).lists).toHaveLength(2);
    await expect(lists.import(await list(1, { covenants: [entry(2)] }))).rejects.toMatchObject({
      code: 'list_contradicted',
    });
    expect((await lists.current()).lists).toHaveLength(2);
    await lists.import(await list(2));
    expect((await lists.export(issuer.did))?.number).toBe(2);
    expect(await revoked(lists)).toEqual([covenant(1)]);
  });

  it('is bounded, and says so', async () => {
    const lists = keeper(new MemoryKeyRing(), { issuers: [issuer.did] });
    // Each names what none before it named, as no honest issuer's lists do.
    for (let n = 1; n <= 64; n++) await lists.import(await list(n, { covenants: [entry(n)] }));
    await expect(lists.import(await list(65, { covenants: [entry(65)] }))).rejects.toMatchObject({
      code: 'keeper_full',
    });
    expect((await lists.export(issuer.did))?.number).toBe(64);
  });

  it('takes only options that make sense', () => {
    const ring = new MemoryKeyRing();
    const wrong = [
      { ring: {} as KeyRing },
      { issuers: [] },
      { issuers: ['did:key:x'] },
      { issuers: Array.from({ length: 33 }, () => issuer.did) },
      { refreshMs: -1 },
    ];
    for (const changes of wrong) expect(() => keeper(ring, changes)).toThrow(/must|needs/);
  });

  it('agrees with a naive reading, whatever comes in whatever order', async () => {
    const all = await Promise.all(
      [1, 2, 3, 4].flatMap((n) => [
        list(n, { covenants: [entry(n)] }),
        list(n, { now: new Date(NOW - 48 * HOUR), nextUpdate: new Date(NOW), covenants: [entry(n + 10)] }),
      ]),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(all.length - 1), { maxLength: 10 }), async (order) => {
        const ring = new MemoryKeyRing();
        const named = new Set<string>();
        let highest = 0;
        for (const i of order) {
          const { number, covenants } = all[i] as RevocationListDocument;
          const holds = i % 2 === 0 && number >= highest;
          const taken = await keeper(ring)
            .import(all[i])
            .then(
              () => true,
              () => false,
            );
          expect(taken).toBe(holds);
          highest = holds || i % 2 === 1 ? Math.max(highest, number) : highest;
          for (const each of covenants) named.add(each.covenant);
          expect(await revoked(keeper(ring))).toEqual([...named].sort());
          const seen = await (await keeper(ring).current()).highestSeen?.(issuer.did);
          expect(seen ?? 0).toBe(highest);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('RevocationListKeeper.issue', () => {
  const nextUpdate = new Date(NOW + HOUR);

  it('names what a manager and a store know, and all that was named before', async () => {
    const manager = new KeyManager({ clock: clock.read, overlapPeriodMs: HOUR });
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
    await store.putRevocation(await revokeCovenant(untouched, { reason: 'mischief', signer: stranger }));
    const lists = keeper(new MemoryKeyRing());
    const first = await lists.issue({ signer: issuer, nextUpdate, manager, store });
    expect(first).toMatchObject({ number: 1, covenants: [{ covenant: document.id, reason: 'over' }] });
    expect(first.keys).toMatchObject([{ key: bad.did, status: 'compromised', reason: 'stolen' }]);
    clock.advance(2 * HOUR);
    const later = new Date(clock.now + HOUR);
    const second = await lists.issue({ signer: issuer, nextUpdate: later, manager });
    expect(second.covenants).toEqual(first.covenants);
    expect(second.number).toBe(2);
    expect(second.keys).toMatchObject([
      { key: bad.did, status: 'compromised' },
      { key: old.did, status: 'retired', revokedAt: new Date(NOW + HOUR).toISOString() },
    ]);
    expect(await lists.export(issuer.did)).toEqual(second);
  });

  it('is for the issuers of the keeper, and not with a key in doubt', async () => {
    const lists = keeper(new MemoryKeyRing());
    await expect(lists.issue({ signer: stranger, nextUpdate })).rejects.toMatchObject({
      code: 'list_unknown_issuer',
    });
    await expect(lists.issue({ signer: issuer, nextUpdate: new Date(NOW - 1) })).rejects.toMatchObject({
      code: 'list_malformed',
    });
    await expect(lists.issue({ signer: issuer, nextUpdate, keys: [lost(issuer)] })).rejects.toMatchObject({
      code: 'list_issuer_key_in_doubt',
    });
    expect(await lists.export(issuer.did)).toBeUndefined();
  });

  it('gives each of many at once a number of its own', async () => {
    const ring = new MemoryKeyRing();
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        keeper(ring).issue({ signer: issuer, nextUpdate, covenants: [entry(i)] }),
      ),
    );
    expect(made.map(({ number }) => number).sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await keeper(ring).export(issuer.did))?.covenants).toHaveLength(8);
  });

  it('works without a keeper, after a list that was kept otherwise', async () => {
    const now = new Date(NOW);
    const first = await nextRevocationList({ signer: issuer, nextUpdate, now, covenants: [entry(1)] });
    const second = await nextRevocationList({ signer: issuer, nextUpdate, now, previous: first });
    expect(second).toMatchObject({ number: 2, covenants: first.covenants });
    expect(await verifyRevocationList(second, { issuers: [issuer.did], now })).toMatchObject({ valid: true });
    const foreign = await list(1, { signer: rival });
    for (const [previous, code] of [
      [foreign, 'list_unknown_issuer'],
      [{ ...first, number: 7 }, 'list_not_signed'],
      [{ ...first, type: 'x' } as unknown as RevocationListDocument, 'list_malformed'],
    ] as const) {
      const made = nextRevocationList({ signer: issuer, nextUpdate, now, previous });
      await expect(made).rejects.toMatchObject({ code });
    }
  });

  it('takes nothing back: a compromised key stays so, and a retired one retired when it did', async () => {
    const key = { key: stranger.did, reason: 'r' } as const;
    const early = { ...key, status: 'retired', revokedAt: '2026-11-01T00:00:00Z' } as const;
    const late = { ...early, revokedAt: '2026-11-02T00:00:00Z' } as const;
    const lists = keeper(new MemoryKeyRing());
    const keysOf = async (keys: RevocationListDocument['keys']) =>
      (await lists.issue({ signer: issuer, nextUpdate, keys })).keys;
    expect(await keysOf([late])).toEqual([late]);
    expect(await keysOf([early])).toEqual([early]);
    expect(await keysOf([late])).toEqual([early]);
    expect(await keysOf([lost(stranger)])).toEqual([lost(stranger)]);
    expect(await keysOf([early])).toEqual([lost(stranger)]);
  });
});

describe('EvidenceKeeper', () => {
  const query = (document: object, at = NOW + HOUR) => ({
    digest: documentDigest(document),
    publicKeyHex: issuer.publicKeyHex,
    retiredAt: new Date(at),
  });

  it('remembers when it first saw a document, over a restart', async () => {
    const ring = new MemoryKeyRing();
    const evidence = new EvidenceKeeper({ ring, clock: clock.read });
    const document = await c.covenant('permit a on /');
    expect(await evidence.find(query(document))).toBeUndefined();
    await evidence.record([document]);
    clock.advance(HOUR);
    await evidence.record([document, { another: 'one' }]);
    for (const each of [evidence, new EvidenceKeeper({ ring, clock: clock.read })]) {
      expect(await each.find(query(document))).toEqual({ kind: 'record', at: new Date(NOW) });
      expect(await each.find(query({ another: 'one' }))).toEqual({
        kind: 'record',
        at: new Date(NOW + HOUR),
      });
    }
    // The same promise with other proofs is another document.
    expect(await evidence.find(query({ ...document, proof: [] }))).toBeUndefined();
  });

  it('is bounded, and forgets nothing to make room', async () => {
    const evidence = new EvidenceKeeper({ ring: new MemoryKeyRing(), maxRecords: 2 });
    await evidence.record([{ n: 1 }, { n: 2 }]);
    await expect(evidence.record([{ n: 3 }])).rejects.toMatchObject({ code: 'keeper_full' });
    await evidence.record([{ n: 1 }]);
    expect(await evidence.find(query({ n: 1 }))).toBeDefined();
    for (const maxRecords of [0, 1.5, 100_001])
      expect(() => new EvidenceKeeper({ ring: new MemoryKeyRing(), maxRecords })).toThrow(RangeError);
  });

  it('records no time that is none', async () => {
    const evidence = new EvidenceKeeper({ ring: new MemoryKeyRing(), clock: () => Number.NaN });
    await expect(evidence.record([{}])).rejects.toMatchObject({ code: 'keeper_unavailable' });
  });
});

describe('ContinuityKeeper', () => {
  const rotating = async () => {
    const manager = new KeyManager({ clock: clock.read, overlapPeriodMs: HOUR });
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
    const { made } = await continuity.attest(manager, { nextKeyHash: keyHash(stranger.did) });
    expect(made).toMatchObject([{ oldKey: first.did }, { newKey: manager.activeKey.did }]);
    expect(made.map(({ nextKeyHash }) => nextKeyHash)).toEqual([undefined, keyHash(stranger.did)]);
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
    clock.advance(2 * HOUR);
    expect((await continuity.attest(manager)).missing).toMatchObject([
      { because: 'revoked' },
      { oldKey: kept.did, because: 'retired' },
    ]);
    expect(await continuity.current()).toEqual([]);
  });

  it('keeps what both keys have signed, forks too, and nothing else', async () => {
    const continuity = new ContinuityKeeper({ ring: new MemoryKeyRing() });
    const statement = await buildKeyContinuity({ oldKey: issuer, newKey: rival });
    const fork = await buildKeyContinuity({ oldKey: issuer, newKey: stranger });
    const [, byNew] = statement.proof;
    const claims = [
      { ...statement, proof: [byNew, byNew] },
      { ...statement, newKey: stranger.did },
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

// ---- what all keepers share

const makers = {
  lists: (ring: KeyRing) => {
    const lists = keeper(ring);
    return { read: () => lists.current(), write: async () => lists.import(await list(1)) };
  },
  evidence: (ring: KeyRing) => {
    const evidence = new EvidenceKeeper({ ring, refreshMs: 0 });
    const query = { digest: '', publicKeyHex: '', retiredAt: new Date() };
    return { read: () => evidence.find(query), write: () => evidence.record([{ n: 1 }]) };
  },
  continuity: (ring: KeyRing) => {
    const continuity = new ContinuityKeeper({ ring, refreshMs: 0 });
    const statement = () => buildKeyContinuity({ oldKey: issuer, newKey: rival });
    return { read: () => continuity.current(), write: async () => continuity.add(await statement()) };
  },
};

describe.each(Object.entries(makers))('a keeper of %s', (name, make) => {
  const states = (text: string): KeyRing => ({
    load: async () => ({ version: 1, state: text }),
    save: async () => true,
  });

  it('refuses a state that is damaged, of another kind, or newer', async () => {
    const ring = new MemoryKeyRing();
    await make(ring).write();
    const good = (await ring.load())?.state as string;
    const parsed = JSON.parse(good) as Record<string, unknown>;
    const foreign = JSON.stringify({ ...parsed, kind: 'other' });
    const cut = good.slice(0, -2);
    const more = JSON.stringify({ ...parsed, more: 1 });
    const digits = good.replace(/"[z0-9a-f][0-9A-Za-z]{30}/, '"zzzz');
    expect(digits).not.toBe(good);
    const emptied = good.replace(/\[.*\]/, '[{}]');
    for (const text of [
      foreign,
      cut,
      more,
      digits,
      emptied,
      '[]',
      '""',
      '{"schema":1}',
      '{"schema":0}',
      ' ',
    ]) {
      await expect(make(states(text)).read()).rejects.toMatchObject({ code: 'keeper_malformed' });
      await expect(make(states(text)).write()).rejects.toMatchObject({ code: 'keeper_malformed' });
    }
    const newer = JSON.stringify({ ...parsed, schema: 2 });
    await expect(make(states(newer)).read()).rejects.toMatchObject({ code: 'keeper_version' });
    await expect(make(states(good)).read()).resolves.not.toThrow();
  });

  it('refuses a state that was put back, or is gone', async () => {
    let stored: Awaited<ReturnType<KeyRing['load']>>;
    const ring = new MemoryKeyRing();
    const kept = make({ load: async () => stored, save: (...given) => ring.save(...given) });
    await kept.write();
    stored = await ring.load();
    await kept.read();
    for (const back of [undefined, { version: 0, state: stored?.state as string }]) {
      stored = back;
      await expect(kept.read()).rejects.toMatchObject({ code: 'keeper_malformed' });
    }
    stored = await ring.load();
    await kept.read();
    expect(name).toBeDefined();
  });

  it('rejects while its ring is away, and gives up when others are always first', async () => {
    const away = new Error('away');
    const fails = async () => {
      throw away;
    };
    await expect(make({ load: fails, save: fails }).read()).rejects.toMatchObject({
      code: 'keeper_unavailable',
      cause: away,
    });
    await expect(make({ load: async () => undefined, save: fails }).write()).rejects.toMatchObject({
      code: 'keeper_unavailable',
    });
    const contended = make({ load: async () => undefined, save: async () => false });
    await expect(contended.write()).rejects.toMatchObject({ code: 'keeper_contended' });
  });
});

describe('keepers on a disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keepers-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const rings = {
    files: () => new FileKeyRing(join(folder, 'ring')),
    SQLite: () => new SqliteKeyRing(join(folder, 'ring.db'), { name: 'lists' }),
  };

  it.each(Object.entries(rings))('lose nothing when many import at once: %s', async (_, open) => {
    const given = await Promise.all(
      Array.from({ length: 12 }, (_unused, i) =>
        list(i + 1, { signer: i % 2 === 0 ? issuer : rival, covenants: [entry(i)] }),
      ),
    );
    await Promise.allSettled(given.map((each) => keeper(open()).import(each)));
    const lists = keeper(open());
    expect(await revoked(lists)).toHaveLength(12);
    expect([(await lists.export(issuer.did))?.number, (await lists.export(rival.did))?.number]).toEqual([
      11, 12,
    ]);
  });

  it('lose nothing when two processes import at once', async () => {
    const keys = [issuer, rival];
    const child = fileURLToPath(new URL('import-lists.mjs', import.meta.url));
    const given = await Promise.all(
      keys.map((signer) =>
        Promise.all([1, 2, 3, 4, 5].map((n) => list(n, { signer, covenants: [entry(n)] }))),
      ),
    );
    const path = join(folder, 'ring');
    await Promise.all(
      given.map((lists) => run(child, { path, now: NOW, issuers: keys.map(({ did }) => did), lists })),
    );
    const lists = keeper(new FileKeyRing(path));
    for (const { did } of keys) expect((await lists.export(did))?.number).toBe(5);
    expect(await revoked(lists)).toHaveLength(5);
  });

  it('deny where the file was cut', async () => {
    const path = join(folder, 'ring');
    await keeper(new FileKeyRing(path)).import(await list(1));
    const [name] = readdirSync(path).filter((each) => statSync(join(path, each)).size > 0);
    writeFileSync(join(path, name as string), '{"schema":1,');
    await expect(keeper(new FileKeyRing(path)).current()).rejects.toMatchObject({ code: 'keeper_malformed' });
  });
});

function run(module: string, task: object): Promise<void> {
  const child = fork(module, { stdio: 'inherit' });
  child.send(task);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`it ended with ${code}`))));
  });
}
