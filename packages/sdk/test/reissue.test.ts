import { beforeEach, describe, expect, it } from 'vitest';
import {
  buildCovenant,
  buildKeyContinuity,
  buildRevocationList,
  type CovenantDocument,
  type CovenantStore,
  checkReissue,
  countersignCovenant,
  createMonitor,
  generateKeyPair,
  type KeyLookup,
  type KeyPair,
  lineOf,
  MemoryLimits,
  MemoryStore,
  type ReissueProgress,
  type ReissueReport,
  reissueCovenant,
  SteleClient,
  type SteleClientOptions,
} from '../src/index.js';

const CONSTRAINTS = 'permit orders.read on **';
const read = { action: 'orders.read', resource: '/' };

let first: KeyPair, second: KeyPair, third: KeyPair, manager: KeyPair, agent: KeyPair, other: KeyPair;
let continuity: unknown[];
let store: MemoryStore;
let old: SteleClient;

beforeEach(async () => {
  const pairs = await Promise.all(Array.from({ length: 6 }, () => generateKeyPair()));
  [first, second, third, manager, agent, other] = pairs as [
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
  ];
  continuity = [
    await buildKeyContinuity({ oldKey: first, newKey: second }),
    await buildKeyContinuity({ oldKey: second, newKey: third }),
  ];
  store = new MemoryStore();
  old = new SteleClient({ store, signer: first });
});

/** The owner after the rotation. */
const after = (options: Partial<SteleClientOptions> = {}) =>
  new SteleClient({
    store,
    signer: second,
    continuity,
    trust: [first.did],
    followContinuity: true,
    ...options,
  });

const issue = (changes: Partial<Parameters<SteleClient['issue']>[0]> = {}) =>
  old.issue({ beneficiary: { id: agent.did }, constraints: CONSTRAINTS, ...changes });

/** A covenant of the owner for a manager, with a child of the manager for the agent. */
async function delegated(): Promise<[CovenantDocument, CovenantDocument]> {
  const parent = await issue({ beneficiary: { id: manager.did }, delegation: { maxDepth: 1 } });
  const child = await buildCovenant({
    beneficiary: { id: agent.did },
    constraints: CONSTRAINTS,
    parent,
    signer: manager,
  });
  await store.put(child);
  return [parent, child];
}

/** A covenant of the owner for itself, with one for the agent under it. */
async function ownFamily(): Promise<[CovenantDocument, CovenantDocument]> {
  const parent = await issue({ beneficiary: { id: first.did }, delegation: { maxDepth: 1 } });
  return [parent, await issue({ parent })];
}

/** What is known of one key; of others nothing. */
const statusOf = (key: KeyPair, status: 'retired' | 'compromised'): KeyLookup => {
  return (hex) => (hex === key.publicKeyHex ? { status, since: new Date() } : undefined);
};

const reissueOf = (report: ReissueReport, { id }: CovenantDocument): string => {
  const result = report.results.find(({ covenant }) => covenant === id);
  return result !== undefined && 'reissue' in result ? result.reissue : 'none';
};

async function reissuesOf(id: string, within: CovenantStore = store): Promise<CovenantDocument[]> {
  const found: CovenantDocument[] = [];
  for await (const document of within.iterate()) if (document.reissues === id) found.push(document);
  return found;
}

describe('client.reissue', () => {
  it('issues everything of the old key again, once, and says so', async () => {
    const documents = [await issue(), await issue(), await issue()];
    const client = after();
    const progress: ReissueProgress[] = [];
    const report = await client.reissue(undefined, { onProgress: (each) => void progress.push(each) });
    expect(report).toMatchObject({ reissued: 3, already: 0, skipped: 0, failed: 0 });
    expect(progress.map(({ done, total }) => [done, total])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(progress.map(({ current }) => current)).toEqual(report.results);
    for (const document of documents) {
      const id = reissueOf(report, document);
      expect(await client.verify(id)).toMatchObject({ valid: true, covenant: { reissues: document.id } });
      expect(await reissuesOf(document.id)).toHaveLength(1);
    }
    expect(await client.reissue()).toMatchObject({ reissued: 0, already: 3, failed: 0 });
    expect(await store.count()).toBe(6);
  });

  it('takes ids, documents, and what yields them', async () => {
    const [one, two, three] = [await issue(), await issue(), await issue()];
    const client = after();
    expect((await client.reissue([one.id, one])).results).toHaveLength(1);
    async function* more() {
      yield two;
      yield three.id;
    }
    expect(await client.reissue(more())).toMatchObject({ reissued: 2 });
    expect(await client.reissue([])).toMatchObject({ results: [] });
  });

  it('puts children under the reissue of their parent, in whatever order they come', async () => {
    const [parent, child] = await ownFamily();
    const report = await after().reissue([child, parent]);
    expect(report).toMatchObject({ reissued: 2 });
    const renewed = await store.get(reissueOf(report, child));
    expect(renewed?.parent).toBe(reissueOf(report, parent));
    expect((await after().verify(reissueOf(report, child))).valid).toBe(true);
  });

  it('reissues what stands under a covenant of another owner', async () => {
    const above = new SteleClient({ store, signer: other });
    const parent = await above.issue({
      beneficiary: { id: first.did },
      constraints: CONSTRAINTS,
      delegation: { maxDepth: 1 },
    });
    const child = await issue({ parent });
    const client = after({ trust: [other.did] });
    const report = await client.reissue();
    expect(report).toMatchObject({ reissued: 1 });
    expect((await store.get(reissueOf(report, child)))?.parent).toBe(parent.id);
    expect((await client.verify(reissueOf(report, child))).valid).toBe(true);
  });

  it('leaves a parent that is not to be reissued as it is', async () => {
    const [parent, child] = await ownFamily();
    const report = await after().reissue([child]);
    expect((await store.get(reissueOf(report, child)))?.parent).toBe(parent.id);
    expect((await after().verify(reissueOf(report, child))).valid).toBe(true);
    expect(await after().reissue()).toMatchObject({ reissued: 1, already: 1 });
  });

  it('skips what has ended, is revoked, or is not of an old key', async () => {
    const now = new Date(Date.now() + 10_000);
    const ended = await issue({ expiresAt: new Date(now.getTime() - 5_000) });
    const revoked = await issue();
    await old.revoke(revoked, 'over');
    const foreign = await new SteleClient({ store, signer: other }).issue({
      beneficiary: { id: agent.did },
      constraints: CONSTRAINTS,
    });
    const client = after();
    const current = await client.issue({ beneficiary: { id: agent.did }, constraints: CONSTRAINTS });
    const { results } = await client.reissue([ended, revoked, foreign, current], { now });
    expect(results).toEqual([
      { covenant: ended.id, status: 'skipped', reason: 'ended' },
      { covenant: revoked.id, status: 'skipped', reason: 'revoked' },
      { covenant: foreign.id, status: 'skipped', reason: 'not_ours' },
      { covenant: current.id, status: 'skipped', reason: 'current' },
    ]);
  });

  it('reissues what has not begun yet', async () => {
    const later = await issue({ activatesAt: new Date(Date.now() + 3_600_000) });
    expect(await after().reissue([later])).toMatchObject({ reissued: 1 });
    const undated = await issue({ now: new Date(Date.now() + 3_600_000) });
    expect((await after().reissue([undated])).results).toMatchObject([{ status: 'failed', check: 'active' }]);
  });

  it('reissues nothing while a required list is missing, or when one names the old key', async () => {
    const document = await issue();
    const required = after({ requireRevocationList: true });
    expect((await required.reissue()).results).toMatchObject([
      { status: 'failed', code: 'revocation_unknown' },
    ]);
    const status = { status: 'compromised', reason: 'stolen', revokedAt: '2026-11-20T12:00:00Z' } as const;
    const list = await buildRevocationList({
      number: 1,
      nextUpdate: new Date(Date.now() + 3_600_000),
      keys: [{ key: first.did, ...status }],
      signer: other,
    });
    const warned = after({ revocationLists: { issuers: [other.did], lists: [list] } });
    expect((await warned.reissue()).results).toMatchObject([{ status: 'failed', check: 'key_status' }]);
    expect(await reissuesOf(document.id)).toEqual([]);
  });

  it('does not take one id for a list of them', async () => {
    const { id } = await issue();
    await expect(after().reissue(id)).rejects.toThrow(TypeError);
  });

  it('goes on after a failure, and says what failed', async () => {
    const missing = `urn:stele:covenant:${'0'.repeat(64)}`;
    const orphan = await issue({
      parent: await buildCovenant({
        beneficiary: { id: first.did },
        constraints: CONSTRAINTS,
        delegation: { maxDepth: 1 },
        signer: other,
      }),
    });
    const good = await issue();
    const report = await after().reissue([missing, orphan, good]);
    expect(report).toMatchObject({
      failed: 2,
      reissued: 1,
      results: [
        { status: 'failed', code: 'covenant_missing' },
        { status: 'failed', code: 'covenant_invalid', check: 'chain' },
        { status: 'reissued' },
      ],
    });
  });

  it('needs a key, and statements that lead to it', async () => {
    const document = await issue();
    const reader = new SteleClient({ store, trust: [first.did] });
    await expect(reader.reissue()).rejects.toMatchObject({ code: 'no_signer' });
    expect(await after({ continuity: [] }).reissue([document])).toMatchObject({
      results: [{ status: 'skipped', reason: 'not_ours' }],
    });
    const fork = await buildKeyContinuity({ oldKey: first, newKey: other });
    expect(await after({ continuity: [...continuity, fork] }).reissue([document])).toMatchObject({
      results: [{ status: 'skipped', reason: 'not_ours' }],
    });
    expect(await after({ continuity: [...continuity, fork] }).reissue()).toMatchObject({ results: [] });
  });

  it('follows a key over two rotations, and reissues what is newest of each line', async () => {
    const [one, two] = [await issue(), await issue()];
    const between = await after().reissue([one]);
    const latest = after({ signer: third });
    const report = await latest.reissue();
    // The one's reissue is reissued; the one itself stands where that stands.
    expect(report).toMatchObject({ reissued: 2, already: 1, failed: 0 });
    expect(await reissuesOf(one.id)).toHaveLength(1);
    expect(await reissuesOf(reissueOf(between, one))).toHaveLength(1);
    expect(await reissuesOf(two.id)).toHaveLength(1);
    const covenant = (await latest.verify(reissueOf(report, one))).covenant;
    expect(covenant && lineOf(covenant)).toBe(one.id);
    expect(await latest.reissue()).toMatchObject({ reissued: 0, already: 3 });
  });

  it('asks for the countersignatures that are required, and reports those that it has not got', async () => {
    const draft = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: CONSTRAINTS,
      requiredCountersigners: [other.did],
      signer: first,
    });
    const document = await countersignCovenant(draft, other);
    await store.put(document);
    const without = await after().reissue();
    expect(without.results).toMatchObject([
      { status: 'failed', code: 'countersignatures_missing', missing: [other.did] },
    ]);
    expect(await reissuesOf(document.id)).toHaveLength(0);
    const forged = await after().reissue(undefined, {
      countersign: async (reissue) => ({ ...reissue, nonce: 'x' }),
    });
    expect(forged).toMatchObject({ failed: 1 });
    const swapped = await after().reissue(undefined, { countersign: async () => document });
    expect(swapped.results).toMatchObject([{ status: 'failed', code: 'not_reissuable' }]);
    const another = await reissueCovenant(document, { signer: second, continuity });
    const replaced = async () => countersignCovenant(another, other);
    expect((await after().reissue(undefined, { countersign: replaced })).results).toMatchObject([
      { status: 'failed', code: 'not_reissuable' },
    ]);
    const asked: unknown[] = [];
    const countersign = async (reissue: CovenantDocument, missing: readonly string[]) => {
      asked.push(missing);
      return countersignCovenant(reissue, other);
    };
    const report = await after().reissue(undefined, { countersign });
    expect(report).toMatchObject({ reissued: 1 });
    expect(asked).toEqual([[other.did]]);
    expect((await after().verify(reissueOf(report, document))).valid).toBe(true);
    // Countersigned by hand and put into the store, a draft counts just as well.
    expect(await after().reissue()).toMatchObject({ already: 1 });
  });

  it('makes nothing of what a retired key cannot prove to have signed in time', async () => {
    const document = await issue();
    const client = after({ keyStatus: statusOf(first, 'retired') });
    expect((await client.reissue([document])).results).toMatchObject([
      { status: 'failed', code: 'covenant_invalid', check: 'key_status' },
    ]);
  });

  it('ends when the one who is told of progress throws, and goes on in another run', async () => {
    await issue();
    await issue();
    const stop = new Error('stop');
    const onProgress = () => {
      throw stop;
    };
    await expect(after().reissue(undefined, { onProgress })).rejects.toBe(stop);
    expect(await after().reissue()).toMatchObject({ reissued: 1, already: 1 });
  });
});

/** A store whose machine dies at its n-th write: before it takes effect, or after it did and nobody was told. */
function dying(at: number, when: 'before' | 'after'): CovenantStore {
  let writes = 0;
  const put = async (document: CovenantDocument) => {
    if (++writes >= at) {
      if (writes === at && when === 'after') await store.put(document);
      throw new Error('the machine is gone');
    }
    await store.put(document);
  };
  return new Proxy(store as CovenantStore, {
    get: (target, name) => {
      if (name === 'put') return put;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('a run that was cut short', () => {
  const WRITES = 6;

  describe.each(['before', 'after'] as const)('%s a write', (when) => {
    it.each(Array.from({ length: WRITES }, (_, i) => i + 1))('number %i is resumed', async (at) => {
      const families = [await delegated(), await delegated()];
      const own = [await ownFamily(), await ownFamily()];
      const originals = [...families.map(([parent]) => parent), ...own.flat()];
      expect(originals).toHaveLength(WRITES);
      await after({ store: dying(at, when) }).reissue();
      const resumed = await after().reissue();
      expect(resumed.failed).toBe(0);
      expect(resumed.reissued).toBe(WRITES - at + (when === 'before' ? 1 : 0));
      for (const original of originals) {
        const [reissue, ...more] = await reissuesOf(original.id);
        expect(more).toEqual([]);
        const options = { continuity: continuity as object[], resolve: (id: string) => store.get(id) };
        expect(await checkReissue(reissue, original, options)).toEqual({ valid: true });
        expect((await after().verify(reissue as CovenantDocument)).valid).toBe(true);
      }
      // The old key has retired: the children of others stand on the reissues.
      const later = after({ keyStatus: statusOf(first, 'retired') });
      for (const [, child] of families) expect((await later.verify(child)).valid).toBe(true);
      expect(await after().reissue()).toMatchObject({ reissued: 0, already: WRITES });
    });
  });
});

describe('children of others', () => {
  it('keep their permits through the reissue, also in a monitor that was there before', async () => {
    const [, child] = await delegated();
    let status: 'active' | 'retired' = 'active';
    let now = Date.now();
    const since = new Date(now);
    const options = {
      keyStatus: (hex: string) => (hex === first.publicKeyHex ? { status, since } : undefined),
      clock: () => now,
    };
    const client = after({ keyStatus: options.keyStatus });
    const monitor = await client.monitor(child.id, { clock: options.clock });
    expect((await monitor.check(read)).code).toBe('permitted');
    status = 'retired';
    now += 2_000;
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'key_status' });
    status = 'active';
    expect(await client.reissue()).toMatchObject({ reissued: 1 });
    status = 'retired';
    now += 2_000;
    expect((await monitor.check(read)).code).toBe('permitted');
    expect((await client.verify(child)).valid).toBe(true);
  });

  it('stand also on a reissue that stands under another reissue', async () => {
    const top = await issue({ beneficiary: { id: first.did }, delegation: { maxDepth: 2 } });
    const middle = await issue({
      beneficiary: { id: manager.did },
      parent: top,
      delegation: { maxDepth: 1 },
    });
    const child = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: CONSTRAINTS,
      parent: middle,
      signer: manager,
    });
    await store.put(child);
    let retired = false;
    let now = Date.now();
    const since = new Date(now);
    const keyStatus = (hex: string) =>
      retired && hex === first.publicKeyHex ? ({ status: 'retired', since } as const) : undefined;
    const client = after({ keyStatus });
    const monitor = await client.monitor(child.id, { clock: () => now });
    expect(await client.reissue()).toMatchObject({ reissued: 2 });
    retired = true;
    now += 2_000;
    expect((await monitor.check(read)).code).toBe('permitted');
  });

  it('end when the reissue is revoked', async () => {
    const [parent, child] = await delegated();
    const client = after();
    let now = Date.now();
    const monitor = await client.monitor(child.id, { clock: () => now });
    const report = await client.reissue();
    now += 2_000;
    expect((await monitor.check(read)).code).toBe('permitted');
    await client.revoke(reissueOf(report, parent), 'over');
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'not_revoked' });
  });
});

describe('a compromised key', () => {
  it('is followed by nobody: nothing stands in without a trust anchor', async () => {
    const [parent, child] = await delegated();
    await after().reissue();
    const keyStatus = statusOf(first, 'compromised');
    // Trust follows continuity, and continuity by this key is void.
    const client = after({ keyStatus });
    expect((await client.verify(child)).valid).toBe(false);
    expect(await (await client.monitor(child.id)).check(read)).toMatchObject({ permitted: false });
    expect((await client.reissue([parent])).results).toMatchObject([
      { status: 'skipped', reason: 'not_ours' },
    ]);
  });

  it('has its covenants reissued by name, by an anchor', async () => {
    const [parent, child] = await delegated();
    const keyStatus = statusOf(first, 'compromised');
    const compromised = [first.did];
    const anchored = after({ keyStatus, trust: [second.did], continuity: [] });
    await expect(anchored.reissue(undefined, { compromised })).rejects.toMatchObject({
      code: 'covenants_not_named',
    });
    expect((await anchored.verify(child)).valid).toBe(false);
    expect(await anchored.reissue([parent], { compromised })).toMatchObject({ reissued: 1 });
    expect((await anchored.verify(child)).valid).toBe(true);
    expect(await anchored.reissue([parent], { compromised })).toMatchObject({ already: 1 });
  });

  it('needs the anchor to sign where the new key is none', async () => {
    const [parent, child] = await delegated();
    const keyStatus = statusOf(first, 'compromised');
    const compromised = [first.did];
    const client = after({ keyStatus, trust: [other.did], continuity: [] });
    expect((await client.reissue([parent], { compromised })).results).toMatchObject([
      { status: 'failed', code: 'not_reissuable' },
    ]);
    const countersign = (reissue: CovenantDocument) => countersignCovenant(reissue, other);
    expect(await client.reissue([parent], { compromised, countersign })).toMatchObject({ reissued: 1 });
    const checks = (await client.verify(child)).checks.filter(({ passed }) => !passed);
    expect(checks.map(({ name }) => name)).not.toContain('key_status');
  });
});

describe('limits', () => {
  it('count on through a reissue', async () => {
    const document = await issue({ constraints: `${CONSTRAINTS}\nlimit orders.read 2 per 1 hours` });
    const limits = new MemoryLimits();
    const client = after();
    const before = await client.monitor(document.id, { limits });
    expect((await before.check(read)).code).toBe('permitted');
    const renewed = await client.monitor(reissueOf(await client.reissue(), document), { limits });
    expect((await renewed.check(read)).code).toBe('permitted');
    expect((await renewed.check(read)).code).toBe('limit_exceeded');
    expect((await before.check(read)).code).toBe('limit_exceeded');
  });

  it('do not begin anew where the statements cannot be had', async () => {
    const document = await issue({ constraints: `${CONSTRAINTS}\nlimit orders.read 1 per 1 hours` });
    const report = await after().reissue();
    const renewed = (await store.get(reissueOf(report, document))) as CovenantDocument;
    let answer: () => readonly unknown[] = () => {
      throw new Error('away');
    };
    const limits = new MemoryLimits();
    const monitor = await createMonitor({
      covenant: renewed,
      store,
      trust: [second.did],
      continuity: () => answer(),
      limits,
    });
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'chain' });
    answer = () => continuity;
    expect((await monitor.check(read)).code).toBe('permitted');
    const before = await createMonitor({ covenant: document, store, trust: [first.did], limits });
    expect((await before.check(read)).code).toBe('limit_exceeded');
  });
});
