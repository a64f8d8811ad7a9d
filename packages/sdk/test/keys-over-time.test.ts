import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildCovenant,
  buildKeyContinuity,
  buildRevocationList,
  ContinuityKeeper,
  type CovenantDocument,
  countersignCovenant,
  createMonitor,
  documentDigest,
  EvidenceKeeper,
  generateKeyPair,
  type KeyPair,
  MemoryKeyRing,
  MemoryStore,
  type Monitor,
  type MonitorOptions,
  type RevocationListDocument,
  RevocationListKeeper,
  type RevocationLists,
  reissueCovenant,
  SteleClient,
} from '../src/index.js';
import { type Cast, Clock, cast, changed, HOUR, NOW } from './support.js';

const PERMIT = 'permit orders.read on **';
const read = { action: 'orders.read', resource: '/' };

let c: Cast;
let issuer: KeyPair, rival: KeyPair, owner2: KeyPair, manager2: KeyPair, stranger: KeyPair;
let clock: Clock;
beforeAll(async () => {
  c = await cast();
  [issuer, rival, owner2, manager2, stranger] = (await Promise.all(
    Array.from({ length: 5 }, () => generateKeyPair()),
  )) as [KeyPair, KeyPair, KeyPair, KeyPair, KeyPair];
});
beforeEach(() => {
  clock = new Clock();
});

type ListChanges = Partial<Parameters<typeof buildRevocationList>[0]>;
const list = (number: number, changes: ListChanges = {}) =>
  buildRevocationList({
    number,
    nextUpdate: new Date(clock.now + 24 * HOUR),
    signer: issuer,
    now: new Date(clock.now),
    ...changes,
  });
const naming = ({ id }: CovenantDocument) => [
  { covenant: id, reason: 'over', revokedAt: '2026-11-20T12:00:00Z' },
];
const lost = (key: KeyPair) =>
  ({ key: key.did, status: 'compromised', reason: 'stolen', revokedAt: '2026-11-20T12:00:00Z' }) as const;

const monitorOf = (covenant: CovenantDocument, options: Partial<MonitorOptions> = {}) =>
  createMonitor({ covenant, trust: [c.owner.did], clock: clock.read, ...options });
const codeOf = async (monitor: Monitor) => (await monitor.check(read)).code;

describe('revocation lists in a monitor', () => {
  it('deny what they name, given as a value', async () => {
    const covenant = await c.covenant(PERMIT);
    const lists = (...given: unknown[]) => ({ issuers: [issuer.did], lists: given });
    const named = await list(1, { covenants: naming(covenant) });
    const key = await list(1, { keys: [lost(c.owner)] });
    expect(await codeOf(await monitorOf(covenant, { revocationLists: lists(await list(1)) }))).toBe(
      'permitted',
    );
    expect(await (await monitorOf(covenant, { revocationLists: lists(named) })).check(read)).toMatchObject({
      code: 'covenant_invalid',
      check: 'not_revoked',
    });
    expect(await (await monitorOf(covenant, { revocationLists: lists(key) })).check(read)).toMatchObject({
      code: 'covenant_invalid',
      check: 'key_status',
    });
    const forged = { ...named, number: 2 };
    for (const bad of [forged, '{', null])
      expect(await codeOf(await monitorOf(covenant, { revocationLists: lists(bad) }))).toBe(
        'revocation_unknown',
      );
  });

  it('bite in a monitor that was there before they came', async () => {
    const covenant = await c.covenant(PERMIT);
    const ring = new MemoryKeyRing();
    const keeper = () => new RevocationListKeeper({ ring, issuers: [issuer.did], clock: clock.read });
    const revocationLists = keeper();
    const monitor = await monitorOf(covenant, { revocationLists });
    expect(await codeOf(monitor)).toBe('permitted');
    await revocationLists.import(await list(1, { covenants: naming(covenant) }));
    expect(await codeOf(monitor)).toBe('covenant_invalid');
    expect(await codeOf(await monitorOf(covenant, { revocationLists: keeper() }))).toBe('covenant_invalid');
  });

  it('bite when another process imported them, once it is time to look again', async () => {
    const covenant = await c.covenant(PERMIT);
    const ring = new MemoryKeyRing();
    const keeper = () => new RevocationListKeeper({ ring, issuers: [issuer.did], clock: clock.read });
    const monitor = await monitorOf(covenant, { revocationLists: keeper() });
    expect(await codeOf(monitor)).toBe('permitted');
    await keeper().import(await list(1, { keys: [lost(c.owner)] }));
    clock.advance(1_000);
    expect(await codeOf(monitor)).toBe('covenant_invalid');
  });

  it('bite also when they were refused', async () => {
    const covenant = await c.covenant(PERMIT);
    const revocationLists = new RevocationListKeeper({
      ring: new MemoryKeyRing(),
      issuers: [issuer.did],
      clock: clock.read,
    });
    const monitor = await monitorOf(covenant, { revocationLists, requireRevocationList: true });
    await revocationLists.import(await list(2));
    expect(await codeOf(monitor)).toBe('permitted');
    clock.advance(24 * HOUR);
    expect(await codeOf(monitor)).toBe('revocation_unknown');
    await revocationLists.import(await list(3));
    expect(await codeOf(monitor)).toBe('permitted');
    const future = await list(9, { now: new Date(clock.now + HOUR) });
    await expect(revocationLists.import(future)).rejects.toMatchObject({ code: 'list_from_the_future' });
    expect(await codeOf(monitor)).toBe('permitted');
    const older = await list(1, { covenants: naming(covenant) });
    await expect(revocationLists.import(older)).rejects.toMatchObject({ code: 'list_rolled_back' });
    expect(await codeOf(monitor)).toBe('covenant_invalid');
  });

  it('are denied while they are required and missing, stale, rolled back, contradicted or unreachable', async () => {
    const covenant = await c.covenant(PERMIT);
    let given: () => RevocationLists | Promise<RevocationLists>;
    const lists = (...all: unknown[]) => ({ issuers: [issuer.did], lists: all });
    given = () => lists();
    const monitor = await monitorOf(covenant, {
      revocationLists: () => given(),
      requireRevocationList: true,
    });
    const first = await list(1);
    const cases: [string, () => RevocationLists | Promise<RevocationLists>][] = [
      ['revocation_unknown', () => lists()],
      ['permitted', () => lists(first)],
      ['revocation_unknown', () => ({ ...lists(first), highestSeen: () => 2 })],
      ['revocation_unknown', () => ({ ...lists(first), issuers: [] })],
      ['revocation_unknown', () => ({ ...lists(first), issuers: [issuer.did, rival.did] })],
      ['revocation_unknown', () => ({ issuers: [issuer.did], lists: [], refused: [first] })],
      ['revocation_unknown', () => Promise.reject(new Error('away'))],
      ['revocation_unknown', () => undefined as unknown as RevocationLists],
      ['revocation_unknown', () => ({ lists: [first] }) as unknown as RevocationLists],
      ['permitted', () => lists(first)],
    ];
    for (const [code, answer] of cases) {
      given = answer;
      expect(await codeOf(monitor)).toBe(code);
    }
    const other = await list(1, { covenants: naming(await c.covenant('permit a on /')) });
    given = () => lists(first, other);
    expect(await codeOf(monitor)).toBe('revocation_unknown');
    given = () => lists(first);
    clock.advance(24 * HOUR);
    expect(await codeOf(monitor)).toBe('revocation_unknown');
    expect(await codeOf(await monitorOf(covenant, { requireRevocationList: true }))).toBe(
      'revocation_unknown',
    );
  });

  it('are in doubt, required or not, when they cannot be asked for', async () => {
    const covenant = await c.covenant(PERMIT);
    let away = false;
    const revocationLists = () => {
      if (away) throw new Error('away');
      return { issuers: [issuer.did], lists: [] };
    };
    const monitor = await monitorOf(covenant, { revocationLists });
    expect(await codeOf(monitor)).toBe('permitted');
    away = true;
    expect((await monitor.check(read)).permitted).toBe(false);
  });

  it('deny when the state of their keeper was put back or damaged', async () => {
    const covenant = await c.covenant(PERMIT);
    const ring = new MemoryKeyRing();
    let stored: Awaited<ReturnType<MemoryKeyRing['load']>>;
    let isPutBack = false;
    const revocationLists = new RevocationListKeeper({
      ring: { load: async () => (isPutBack ? stored : ring.load()), save: (...given) => ring.save(...given) },
      issuers: [issuer.did],
      clock: clock.read,
      refreshMs: 0,
    });
    await revocationLists.import(await list(1));
    stored = await ring.load();
    await revocationLists.import(await list(2));
    const monitor = await monitorOf(covenant, { revocationLists, requireRevocationList: true });
    expect(await codeOf(monitor)).toBe('permitted');
    isPutBack = true;
    expect(await codeOf(monitor)).toBe('revocation_unknown');
    stored = { version: 9, state: '{' };
    expect(await codeOf(monitor)).toBe('revocation_unknown');
    isPutBack = false;
    expect(await codeOf(monitor)).toBe('permitted');
  });

  it.each(['revocationLists', 'continuity', 'keyStatus', 'evidence', 'reissues'] as const)(
    'deny while the source of %s never answers, and no longer',
    async (name) => {
      const covenant = await c.covenant(PERMIT);
      const store = new MemoryStore();
      await store.put(covenant);
      let hangs = false;
      const answers = {
        revocationLists: { issuers: [], lists: [await list(1)] },
        continuity: [],
        keyStatus: { status: 'retired', since: new Date(clock.now + 1) } as const,
        evidence: { kind: 'record', at: new Date(clock.now) } as const,
        reissues: [],
      };
      const source = (of: keyof typeof answers) => () =>
        hangs && of === name ? new Promise<never>(() => {}) : answers[of];
      const sources = Object.fromEntries(
        Object.keys(answers).map((of) => [of, source(of as keyof typeof answers)]),
      );
      const waiting = (lookupTimeoutMs: number) =>
        monitorOf(covenant, { ...sources, store, lookupTimeoutMs });
      expect(await codeOf(await waiting(600_000))).toBe('permitted');
      hangs = true;
      const decision = await (await waiting(5)).check(read);
      expect(decision).toMatchObject({ code: 'revocation_unknown', retryable: true });
    },
  );

  it('deny from the beginning while a source never answers, and a store', async () => {
    const covenant = await c.covenant(PERMIT);
    const never = () => new Promise<never>(() => {});
    const store = new MemoryStore();
    store.getRevocations = never;
    for (const options of [{ revocationLists: never, requireRevocationList: true }, { store }])
      expect(await codeOf(await monitorOf(covenant, { ...options, lookupTimeoutMs: 5 }))).toBe(
        'revocation_unknown',
      );
  });

  it('are not waited for a time that is none', async () => {
    const covenant = await c.covenant(PERMIT);
    for (const lookupTimeoutMs of [0, 1.5, Number.NaN, 600_001])
      await expect(monitorOf(covenant, { lookupTimeoutMs })).rejects.toThrow(RangeError);
  });

  it('take no part in what a stranger says', async () => {
    const covenant = await c.covenant(PERMIT);
    const foreign = await list(1, { signer: stranger, covenants: naming(covenant), keys: [lost(c.owner)] });
    const revocationLists = { issuers: [issuer.did], lists: [foreign] };
    expect(await codeOf(await monitorOf(covenant, { revocationLists }))).toBe('permitted');
  });

  it('are options of the right type', async () => {
    const covenant = await c.covenant(PERMIT);
    const wrong = [
      { revocationLists: { issuers: 'x', lists: [] } },
      { revocationLists: 7 },
      { continuity: 'x' },
      { requireRevocationList: 'yes' },
      { followContinuity: 1 },
    ] as unknown as Partial<MonitorOptions>[];
    for (const options of wrong) await expect(monitorOf(covenant, options)).rejects.toThrow(TypeError);
  });
});

describe('continuity in a monitor', () => {
  const joined = (oldKey: KeyPair, newKey: KeyPair) =>
    buildKeyContinuity({ oldKey, newKey, now: new Date(NOW) });

  /** A covenant for the manager, and a child by the manager's successor. */
  async function byHeir(): Promise<[CovenantDocument, CovenantDocument]> {
    const [parent] = await c.chain(PERMIT, PERMIT);
    const child = await buildCovenant({
      beneficiary: { id: c.agent.did },
      constraints: PERMIT,
      parent,
      continuity: [await joined(c.manager, manager2)],
      signer: manager2,
      now: new Date(NOW),
    });
    return [parent, child];
  }

  it('lets a successor delegate, and ends with a second successor', async () => {
    const covenant = await byHeir();
    const continuity = new ContinuityKeeper({ ring: new MemoryKeyRing(), clock: clock.read });
    const monitor = await createMonitor({ covenant, continuity, trust: [c.owner.did], clock: clock.read });
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'chain' });
    const statement = await joined(c.manager, manager2);
    const [, byNew] = statement.proof;
    const oneSided = { ...statement, proof: [byNew, byNew] };
    const given = await createMonitor({ covenant, continuity: [oneSided], clock: clock.read });
    expect(await given.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'chain' });
    await continuity.add(statement);
    expect(await codeOf(monitor)).toBe('permitted');
    await continuity.add(await joined(c.manager, stranger));
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'chain' });
  });

  it('ends when the old key turns out to be compromised', async () => {
    const covenant = await byHeir();
    const revocationLists = new RevocationListKeeper({
      ring: new MemoryKeyRing(),
      issuers: [issuer.did],
      clock: clock.read,
    });
    const continuity = [await joined(c.manager, manager2)];
    const monitor = await createMonitor({ covenant, continuity, revocationLists, clock: clock.read });
    expect(await codeOf(monitor)).toBe('permitted');
    await revocationLists.import(await list(1, { keys: [lost(c.manager)] }));
    expect((await monitor.check(read)).permitted).toBe(false);
  });

  it('extends trust only where that is wanted', async () => {
    const covenant = await c.covenant(PERMIT, { signer: owner2 });
    const continuity = [await joined(c.owner, owner2)];
    expect(await codeOf(await monitorOf(covenant, { continuity }))).toBe('covenant_invalid');
    expect(await codeOf(await monitorOf(covenant, { continuity, followContinuity: true }))).toBe('permitted');
  });

  it('is not known while it cannot be asked for', async () => {
    const covenant = await byHeir();
    let away = false;
    const statement = await joined(c.manager, manager2);
    const continuity = () => {
      if (away) throw new Error('away');
      return [statement];
    };
    const monitor = await createMonitor({ covenant, continuity, clock: clock.read });
    expect(await codeOf(monitor)).toBe('permitted');
    away = true;
    expect((await monitor.check(read)).permitted).toBe(false);
  });
});

describe('evidence', () => {
  it('lets count what was seen before its key retired, and nothing that was not', async () => {
    const store = new MemoryStore();
    let retiredAt: Date | undefined;
    const keyStatus = (hex: string) =>
      hex === c.owner.publicKeyHex && retiredAt !== undefined
        ? ({ status: 'retired', since: retiredAt } as const)
        : undefined;
    const evidence = new EvidenceKeeper({ ring: new MemoryKeyRing(), clock: clock.read });
    const trust = [c.owner.did];
    const client = new SteleClient({ store, signer: c.owner, trust, keyStatus, evidence });
    const issued = await client.issue({
      beneficiary: { id: c.agent.did },
      constraints: PERMIT,
      now: new Date(NOW),
    });
    const [parent, child] = await c.chain(PERMIT, PERMIT);
    for (const each of [parent, child]) await store.put(each);
    const now = new Date(NOW);
    expect((await client.verify(child.id, { now })).valid).toBe(true);
    const unseen = await c.covenant(PERMIT);
    await store.put(unseen);
    const monitors = await Promise.all(
      [issued, child, unseen].map((covenant) =>
        createMonitor({ covenant, store, trust, keyStatus, evidence, clock: clock.read }),
      ),
    );
    const codes = () => Promise.all(monitors.map(codeOf));
    expect(await codes()).toEqual(['permitted', 'permitted', 'permitted']);
    clock.advance(HOUR);
    retiredAt = new Date(clock.now);
    clock.advance(HOUR);
    expect(await codes()).toEqual(['permitted', 'permitted', 'covenant_invalid']);
    // Seeing it now, or claiming an earlier time, makes no evidence.
    await evidence.record([unseen]);
    await client.verify(unseen.id, { now });
    expect(await codes()).toEqual(['permitted', 'permitted', 'covenant_invalid']);
  });

  it('is none while it cannot be looked up, nor of another kind', async () => {
    const covenant = await c.covenant(PERMIT);
    const keyStatus = () => ({ status: 'retired', since: new Date(NOW + HOUR) }) as const;
    const away = () => {
      throw new Error('away');
    };
    const inclusion = () => ({ kind: 'inclusion', at: new Date(NOW) }) as unknown as undefined;
    for (const evidence of [undefined, away, inclusion]) {
      const monitor = await monitorOf(covenant, {
        keyStatus,
        ...(evidence === undefined ? {} : { evidence }),
      });
      expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'key_status' });
    }
  });

  it('is recorded by a monitor of the client, and refused when there is no room', async () => {
    const store = new MemoryStore();
    const evidence = new EvidenceKeeper({ ring: new MemoryKeyRing(), maxRecords: 2, clock: clock.read });
    const client = new SteleClient({ store, signer: c.owner, evidence });
    const now = new Date(NOW);
    const constraints = PERMIT;
    const { id } = await client.issue({ beneficiary: { id: c.agent.did }, constraints, now });
    const given = await c.covenant(PERMIT);
    await client.monitor(given, { clock: clock.read });
    const query = { digest: documentDigest(given), publicKeyHex: '', retiredAt: now };
    expect(await evidence.find(query)).toEqual({ kind: 'record', at: now });
    await client.monitor(id, { clock: clock.read });
    await expect(client.issue({ beneficiary: { id: c.agent.did }, constraints, now })).rejects.toMatchObject({
      code: 'keeper_full',
    });
    expect(await store.count()).toBe(1);
  });
});

describe('a reissue in a monitor', () => {
  /** A covenant with every member, a child of it, and its genuine reissue. */
  async function family() {
    const now = new Date(NOW);
    const top = await c.covenant(PERMIT, {
      beneficiary: { id: c.owner.did },
      delegation: { maxDepth: 3 },
      signer: issuer,
    });
    const draft = await c.covenant(PERMIT, {
      issuer: { name: 'Acme' },
      beneficiary: { id: c.manager.did, name: 'manager' },
      activatesAt: now,
      expiresAt: new Date(NOW + 24 * HOUR),
      parent: top,
      delegation: { maxDepth: 2 },
      requiredCountersigners: [rival.did],
      approvers: { 'human.approval': { keys: [rival.did], threshold: 1 } },
      metadata: { team: 'payments' },
    });
    const parent = await countersignCovenant(draft, rival, { now });
    const child = await c.covenant(PERMIT, { parent, signer: c.manager, expiresAt: new Date(NOW + HOUR) });
    const continuity = [await buildKeyContinuity({ oldKey: c.owner, newKey: owner2, now })];
    const renewed = await reissueCovenant(parent, { signer: owner2, continuity, now });
    return { top, parent, child, continuity, reissue: await countersignCovenant(renewed, rival, { now }) };
  }

  it('that is laxer, or differs in anything else, stands in for nothing', async () => {
    const { top, parent, child, continuity, reissue } = await family();
    const keyStatus = (hex: string) =>
      hex === c.owner.publicKeyHex ? ({ status: 'retired', since: new Date(NOW) } as const) : undefined;
    const answers = async (with_: CovenantDocument, signedBy?: unknown[]) => {
      const store = new MemoryStore();
      for (const each of [top, parent, child, with_]) await store.put(each);
      const options = { keyStatus, continuity: signedBy ?? continuity };
      const trust = [issuer.did];
      const client = new SteleClient({ store, trust, ...options });
      const made = await client.monitor(child.id, { clock: clock.read });
      const direct = await createMonitor({ covenant: child, store, trust, clock: clock.read, ...options });
      const { valid } = await client.verify(child, { now: new Date(NOW) });
      return [valid, (await made.check(read)).permitted, (await direct.check(read)).permitted];
    };
    expect(await answers(reissue)).toEqual([true, true, true]);
    const changes: Record<string, unknown>[] = [
      { constraints: 'permit ** on **' },
      { constraints: `${PERMIT}\n` },
      { beneficiary: { id: c.agent.did, name: 'manager' } },
      { beneficiary: { id: c.manager.did } },
      { activatesAt: undefined },
      { activatesAt: '2026-11-21T02:59:59Z' },
      { expiresAt: undefined },
      { expiresAt: '2027-11-21T03:00:00Z' },
      { delegation: { maxDepth: 3 } },
      { delegation: undefined },
      { requiredCountersigners: undefined },
      { requiredCountersigners: [owner2.did] },
      { approvers: undefined },
      { approvers: { 'human.approval': { keys: [rival.did, owner2.did], threshold: 1 } } },
      { metadata: undefined },
      { metadata: { team: 'payments', explain: true } },
      { parent: undefined },
      { parent: child.id },
      { reissues: child.id },
      { reissues: undefined },
    ];
    const genuine = await changed(reissue, {}, [owner2, rival]);
    expect(await answers(genuine)).toEqual([true, true, true]);
    for (const change of changes) {
      const laxer = await changed(reissue, change, [owner2, rival]);
      expect({ change, answers: await answers(laxer) }).toEqual({ change, answers: [false, false, false] });
    }
    const byStranger = await changed(reissue, { issuer: { id: stranger.did, name: 'Acme' } }, [
      stranger,
      rival,
    ]);
    expect(await answers(byStranger)).toEqual([false, false, false]);
    expect(await answers(reissue, [])).toEqual([false, false, false]);
    const fork = await buildKeyContinuity({ oldKey: c.owner, newKey: stranger, now: new Date(NOW) });
    expect(await answers(reissue, [...continuity, fork])).toEqual([false, false, false]);
  });

  it('is looked for once a second at most, and not at all where none could count', async () => {
    const [parent, child] = await c.chain(PERMIT, PERMIT);
    let searched = 0;
    class Counting extends MemoryStore {
      override list(...options: Parameters<MemoryStore['list']>) {
        searched++;
        return super.list(...options);
      }
    }
    const store = new Counting();
    for (const each of [parent, child]) await store.put(each);
    const trust = [c.owner.did];
    const plain = await createMonitor({ covenant: child, store, trust, clock: clock.read });
    for (let i = 0; i < 3; i++) expect(await codeOf(plain)).toBe('permitted');
    expect(searched).toBe(0);
    const keyed = await createMonitor({ covenant: child, store, trust, continuity: [], clock: clock.read });
    for (let i = 0; i < 3; i++) expect(await codeOf(keyed)).toBe('permitted');
    expect(searched).toBe(2);
    clock.advance(1_000);
    expect(await codeOf(keyed)).toBe('permitted');
    expect(searched).toBe(4);
  });

  it('denies while it cannot be looked for', async () => {
    const [parent, child] = await c.chain(PERMIT, PERMIT);
    const store = new MemoryStore();
    for (const each of [parent, child]) await store.put(each);
    let away = false;
    const reissues = () => {
      if (away) throw new Error('away');
      return [];
    };
    const monitor = await createMonitor({
      covenant: child,
      store,
      trust: [c.owner.did],
      reissues,
      clock: clock.read,
    });
    expect(await codeOf(monitor)).toBe('permitted');
    away = true;
    expect(await codeOf(monitor)).toBe('revocation_unknown');
  });
});

it('a list document is what the type says', async () => {
  const document: RevocationListDocument = await list(1);
  expect(document.type).toBe('SteleRevocationList');
});
