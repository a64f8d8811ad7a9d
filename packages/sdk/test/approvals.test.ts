import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { enforceToolCall } from '../src/adapters.js';
import {
  type ApprovalRecord,
  type ApprovalStore,
  CalledTool,
  CovenantDeniedError,
  createMonitor,
  type Decision,
  denialOf,
  generateKeyPair,
  type KeyPair,
  MemoryLimits,
  type Monitor,
  type MonitorOptions,
  revokeCovenant,
  SqliteStore,
  signApproval,
  toolDigest,
} from '../src/index.js';
import { AUDIENCE, RULES, refund, type Scene, scene } from './approval-support.js';
import { HOUR, NOW } from './support.js';

let s: Scene;
beforeEach(async () => {
  s = await scene();
});

const refundTool = (description: string) => new CalledTool('refund', () => ({ name: 'refund', description }));

const WAITING = { permitted: false, code: 'obligation_pending' };
const UNMET = { permitted: false, code: 'obligation_unmet' };

/** The store with some of its methods changed. */
const changed = (store: ApprovalStore, changes: Partial<ApprovalStore>): ApprovalStore => ({
  open: (request) => store.open(request),
  get: (id) => store.get(id),
  list: (options) => store.list(options),
  sign: (document) => store.sign(document),
  settle: (id, state, seen) => store.settle(id, state, seen),
  delete: (id) => store.delete(id),
  ...changes,
});

describe('a call that needs approval', () => {
  it('waits, passes once when it is signed, and waits again', async () => {
    const monitor = await s.monitor();
    const asked = await monitor.check(refund());
    expect(asked).toMatchObject({
      ...WAITING,
      retryable: true,
      line: 3,
      approval: { id: expect.stringMatching(/^urn:stele:approval:[0-9a-f]{64}$/) },
      pending: [{ name: 'human.approval', line: 3, covenant: s.covenant.id }],
    });
    expect(denialOf(asked).approval).toEqual(asked.approval);
    expect(asked.approval?.expiresAt).toBe('2026-11-21T04:00:00Z');
    // The same call is the same request.
    expect((await monitor.check(refund())).approval).toEqual(asked.approval);
    await s.answer(asked, s.anna);
    expect(await monitor.check(refund())).toMatchObject({ permitted: true, approval: asked.approval });
    const next = await monitor.check(refund());
    expect(next).toMatchObject(WAITING);
    expect(next.approval?.id).not.toBe(asked.approval?.id);
    expect((await s.approvals.get(asked.approval?.id as string))?.state).toBe('used');
    await monitor.close();
    const kinds = ['approval.requested', 'approval.given', 'approval.requested'];
    expect(s.events()).toEqual(kinds);
    expect(s.sink.events[1]).toMatchObject({
      approval: asked.approval?.id,
      agent: s.c.agent.did,
      covenant: s.covenant.id,
      audience: AUDIENCE,
      by: [s.anna.did],
    });
    // No value of the call stands in an event.
    expect(JSON.stringify(s.sink.events)).not.toContain('amount');
  });

  it('says in a request all that is judged', async () => {
    const call = { ...refund(), context: { ...refund().context, tool: { name: 'refund' } } };
    const { approval } = await (await s.monitor()).check(call, { tool: refundTool('Pays back.') });
    const { request } = (await s.approvals.get(approval?.id as string)) as ApprovalRecord;
    expect(request).toMatchObject({
      audience: AUDIENCE,
      agent: s.c.agent.did,
      covenants: [s.covenant.id],
      obligations: [{ name: 'human.approval', covenant: s.covenant.id, line: 3 }],
      action: 'refund',
      resource: '/orders/7',
      context: call.context,
      toolDigest: toolDigest({ name: 'refund', description: 'Pays back.' }),
    });
  });

  it('is told of in the error, too', async () => {
    const monitor = await s.monitor();
    const error = (await monitor
      .enforce(refund(), () => 'ran')
      .catch((e: unknown) => e)) as CovenantDeniedError;
    expect(error).toBeInstanceOf(CovenantDeniedError);
    expect(error.denial.approval?.id).toMatch(/^urn:/);
    expect(error.message).toContain(error.denial.approval?.id);
    await s.answer(error.decision, s.anna);
    expect(await monitor.enforce(refund(), () => 'ran')).toBe('ran');
  });

  it('costs and asks nothing where no obligation applies', async () => {
    const untouched = changed(s.approvals, {
      list: () => Promise.reject(new Error('asked')),
      open: () => Promise.reject(new Error('asked')),
    });
    const monitor = await s.monitor({}, { store: untouched });
    expect(await monitor.check(refund(5))).toMatchObject({ permitted: true });
    expect(await monitor.check({ action: 'delete', resource: '/' })).toMatchObject({
      code: 'no_matching_permit',
    });
    expect(await monitor.check(refund(5000))).toMatchObject({ code: 'no_matching_permit' });
    expect(s.problems).toEqual([]);
  });
});

describe('who may approve', () => {
  const who: [string, (s: Scene) => Promise<Parameters<Scene['answer']>[1]>][] = [
    ['a stranger', async () => generateKeyPair()],
    ['the agent', async ({ c }) => c.agent],
    ['the issuer, whom nobody named', async ({ c }) => c.owner],
  ];
  it.each(who)('not %s', async (_name, signer) => {
    const monitor = await s.monitor();
    const asked = await monitor.check(refund());
    await s.answer(asked, await signer(s));
    expect(await monitor.check(refund())).toMatchObject({ ...WAITING, approval: asked.approval });
    await s.answer(asked, await signer(s), 'deny').catch(() => undefined);
    expect(await monitor.check(refund())).toMatchObject({ ...WAITING, approval: asked.approval });
  });

  it('not the agent, not a delegate, even where they are named: at once unmet', async () => {
    const { c } = s;
    for (const key of [c.agent, c.manager]) {
      const approvers = { 'human.approval': { keys: [key.did], threshold: 1 } };
      const chain = await c.chain(RULES, RULES, { root: { approvers }, leaf: { approvers } });
      const monitor = await s.monitor({ covenant: chain });
      expect(await monitor.check(refund())).toMatchObject({ ...UNMET, retryable: false });
    }
    expect(await s.approvals.list({ state: 'open' })).toMatchObject({ items: [] });
  });

  it('not the requester, named by the host or by what is asked', async () => {
    const both = { keys: [s.anna.did, s.bert.did], threshold: 1 };
    const asking = await s.c.covenant(RULES, { approvers: { 'human.approval': both } });
    const requester = (request: { context?: Record<string, unknown> }) =>
      (request.context?.session as { user?: string } | undefined)?.user === 'anna' ? s.anna.did : undefined;
    for (const each of [s.anna.did, requester]) {
      const monitor = await s.monitor(
        { covenant: asking },
        { requester: each, audience: String(typeof each) },
      );
      const asked = await monitor.check(refund());
      await s.answer(asked, s.anna);
      expect(await monitor.check(refund())).toMatchObject({ ...WAITING, approval: asked.approval });
      await s.answer(asked, s.bert);
      expect(await monitor.check(refund())).toMatchObject({ permitted: true });
    }
    const failing = await s.monitor(
      { covenant: asking },
      {
        requester: () => {
          throw new Error('who?');
        },
      },
    );
    expect(await failing.check(refund())).toMatchObject({ ...UNMET, retryable: true });
    const odd = await s.monitor({ covenant: asking }, { requester: (() => 7) as never });
    expect(await odd.check(refund())).toMatchObject(UNMET);
  });

  it('nobody where the requester is named by anything but a did:key: it would keep nobody from approving', async () => {
    const both = { keys: [s.anna.did, s.bert.did], threshold: 1 };
    const covenant = await s.c.covenant(RULES, { approvers: { 'human.approval': both } });
    const keyId = `${s.anna.did}#${s.anna.did.slice('did:key:'.length)}`;
    for (const named of [keyId, ` ${s.anna.did}`, 'anna', '']) {
      const monitor = await s.monitor({ covenant }, { requester: () => named });
      expect(await monitor.check(refund())).toMatchObject(UNMET);
      await expect(s.monitor({ covenant }, { requester: named })).rejects.toThrow(TypeError);
    }
  });

  it('those of the host where the covenant names none; the covenant’s prevail', async () => {
    const approvers = { 'human.approval': { keys: [s.bert.did], threshold: 1 } };
    const monitor = await s.monitor({}, { approvers });
    const asked = await monitor.check(refund());
    await s.answer(asked, s.bert);
    expect(await monitor.check(refund())).toMatchObject(WAITING);
    const silent = await s.c.covenant(RULES);
    const other = await s.monitor({ covenant: silent }, { approvers });
    const second = await other.check(refund());
    await s.answer(second, s.bert);
    expect(await other.check(refund())).toMatchObject({ permitted: true });
    // Nobody at all, and no handler.
    expect(await (await s.monitor({ covenant: silent })).check(refund())).toMatchObject(UNMET);
  });

  it('m of n: the same key twice is one, and each obligation counts its own', async () => {
    const carl = await generateKeyPair();
    const rules = `${RULES}\nrequire quorum.approval for refund on /orders/** when args.amount > 40`;
    const approvers = {
      'human.approval': { keys: [s.anna.did], threshold: 1 },
      'quorum.approval': { keys: [s.anna.did, s.bert.did, carl.did], threshold: 2 },
    };
    const covenant = await s.c.covenant(rules, { approvers });
    const monitor = await s.monitor({ covenant });
    const asked = await monitor.check(refund());
    expect(asked.pending?.map(({ name }) => name)).toEqual(['human.approval', 'quorum.approval']);
    await s.answer(asked, s.bert);
    await s.answer(asked, carl);
    // Two of the quorum, and nobody for the other.
    expect(await monitor.check(refund())).toMatchObject({ ...WAITING, approval: asked.approval });
    await s.answer(asked, s.anna);
    expect(await monitor.check(refund())).toMatchObject({ permitted: true });
    const again = await monitor.check(refund());
    await s.answer(again, s.anna);
    await s.answer(again, s.anna);
    expect(await monitor.check(refund())).toMatchObject(WAITING);
  });

  it('a store that holds one proof twice makes nobody two', async () => {
    const approvers = { 'human.approval': { keys: [s.anna.did, s.bert.did], threshold: 2 } };
    const covenant = await s.c.covenant(RULES, { approvers });
    const doubled = changed(s.approvals, {
      list: async (options = {}) => {
        const page = await s.approvals.list(options);
        const items = page.items.map((item) =>
          item.approval === undefined
            ? item
            : {
                ...item,
                approval: { ...item.approval, proof: [...item.approval.proof, ...item.approval.proof] },
              },
        );
        return { ...page, items };
      },
    });
    const monitor = await s.monitor({ covenant }, { store: doubled });
    await s.answer(await monitor.check(refund()), s.anna);
    expect(await monitor.check(refund())).toMatchObject(WAITING);
  });

  it('nobody whose key is revoked or retired, also after it has signed; one in doubt is asked for again', async () => {
    let status: unknown = 'active';
    const keyStatus = (key: string) => {
      if (key !== s.anna.publicKeyHex) return 'active';
      if (status === 'away') throw new Error('away');
      return status;
    };
    const monitor = await s.monitor({ keyStatus: keyStatus as MonitorOptions['keyStatus'] });
    await s.answer(await monitor.check(refund()), s.anna);
    for (const bad of ['compromised', 'retired']) {
      status = bad;
      expect(await monitor.check(refund())).toMatchObject({ ...UNMET, retryable: false });
    }
    status = 'away';
    expect(await monitor.check(refund())).toMatchObject({ ...UNMET, retryable: true });
    status = 'active';
    expect(await monitor.check(refund())).toMatchObject({ permitted: true });
  });
});

describe('a refusal', () => {
  it('by one prevails over all approvals, and is over with that request', async () => {
    const approvers = { 'human.approval': { keys: [s.anna.did, s.bert.did], threshold: 1 } };
    const monitor = await s.monitor({ covenant: await s.c.covenant(RULES, { approvers }) });
    const asked = await monitor.check(refund());
    await s.answer(asked, s.anna);
    await s.answer(asked, s.bert, 'deny');
    expect(await monitor.check(refund())).toMatchObject({ ...UNMET, retryable: false });
    expect((await s.approvals.get(asked.approval?.id as string))?.state).toBe('denied');
    const next = await monitor.check(refund());
    expect(next).toMatchObject(WAITING);
    expect(next.approval?.id).not.toBe(asked.approval?.id);
    await monitor.close();
    expect(s.events()).toEqual(['approval.requested', 'approval.denied', 'approval.requested']);
    expect(s.sink.events[1]).toMatchObject({ approval: asked.approval?.id, by: [s.bert.did] });
  });
});

describe('an approval counts for nothing else', () => {
  it('not for a tool that has changed since, or of which nothing can be told', async () => {
    const monitor = await s.monitor();
    const known = { tool: refundTool('Pays back.') };
    await s.answer(await monitor.check(refund(), known), s.anna);
    const untold = new CalledTool('refund', () => {
      throw new Error('nobody knows');
    });
    for (const tool of [refundTool('Pays anybody.'), untold, undefined, 'none'] as const)
      expect(await monitor.check(refund(), { tool })).toMatchObject(WAITING);
    expect(await monitor.check(refund(), known)).toMatchObject({ permitted: true });
  });

  const others: [
    string,
    (s: Scene) => Promise<{
      options?: Partial<MonitorOptions>;
      asked?: object;
      asking?: { tool: CalledTool };
      call?: object;
    }>,
  ][] = [
    ['other arguments', async () => ({ call: refund(51) })],
    ['another resource', async () => ({ call: refund(50, '8') })],
    [
      'another fact',
      async () => ({ call: { ...refund(), context: { ...refund().context, session: { user: 'mallory' } } } }),
    ],
    [
      'a fact more',
      async () => ({ call: { ...refund(), context: { ...refund().context, facts: { vip: true } } } }),
    ],
    [
      'another tool',
      async () => ({ asking: { tool: new CalledTool('refund', () => ({ name: 'refund' })) } }),
    ],
    ['another covenant', async ({ c, anna }) => ({ options: { covenant: await approvedBy(c, anna.did) } })],
    [
      'other rules',
      async ({ c, anna }) => ({
        options: { covenant: await approvedBy(c, anna.did, `${RULES}\npermit more on /`) },
      }),
    ],
    [
      'another agent',
      async ({ covenant }) => ({ options: { covenant: [covenant, covenant], agent: 'urn:other' } }),
    ],
    ['another audience', async () => ({ asked: { audience: 'acme.example/shop' } })],
  ];
  const approvedBy = (c: Scene['c'], did: string, rules = RULES) =>
    c.covenant(rules, { approvers: { 'human.approval': { keys: [did], threshold: 1 } } });

  it.each(others)('not for %s', async (_name, other) => {
    const first = await s.monitor();
    await s.answer(await first.check(refund()), s.anna);
    const { options, asked, asking, call = refund() } = await other(s);
    const monitor = await s.monitor(options, asked);
    const decision = await monitor.check(call as ReturnType<typeof refund>, asking);
    expect(decision.permitted).toBe(false);
    expect(['obligation_pending', 'wrong_agent']).toContain(decision.code);
    // It is still there for what it was given for.
    expect(await first.check(refund())).toMatchObject({ permitted: true });
  });

  it('the action is a part of it', async () => {
    const rules = 'permit ** on **\nrequire human.approval for ** on **';
    const monitor = await s.monitor({ covenant: await approvedBy(s.c, s.anna.did, rules) });
    await s.answer(await monitor.check({ action: 'look', resource: '/' }), s.anna);
    expect(await monitor.check({ action: 'drop', resource: '/' })).toMatchObject(WAITING);
    expect(await monitor.check({ action: 'look', resource: '/' })).toMatchObject({ permitted: true });
  });

  it('the time is none: it is judged anew', async () => {
    const rules = `${RULES}\ndeny refund on ** when time.hour >= 18`;
    const monitor = await s.monitor({ covenant: await approvedBy(s.c, s.anna.did, rules) });
    const at = (hour: number) => ({ ...refund(), context: { ...refund().context, time: { hour } } });
    await s.answer(await monitor.check(at(9)), s.anna);
    expect(await monitor.check(at(18))).toMatchObject({ code: 'denied_by_rule' });
    expect(await monitor.check(at(17))).toMatchObject({ permitted: true });
  });

  it('what must be asked for later as well was not asked for', async () => {
    const rules = `${RULES}\nrequire night.approval for refund on ** when time.hour >= 18`;
    const approvers = {
      'human.approval': { keys: [s.anna.did], threshold: 1 },
      'night.approval': { keys: [s.anna.did], threshold: 1 },
    };
    const monitor = await s.monitor({ covenant: await s.c.covenant(rules, { approvers }) });
    const at = (hour: number) => ({ ...refund(), context: { ...refund().context, time: { hour } } });
    const day = await monitor.check(at(9));
    await s.answer(day, s.anna);
    const night = await monitor.check(at(18));
    expect(night).toMatchObject(WAITING);
    expect(night.approval?.id).not.toBe(day.approval?.id);
    // More was asked for than must be.
    await s.answer(night, s.anna);
    expect((await monitor.check(at(9))).permitted).toBe(true);
    expect((await monitor.check(at(9))).permitted).toBe(true);
  });

  it('a document of another request that a store holds under this one is reported, and does not count', async () => {
    const monitor = await s.monitor();
    const cheap = await monitor.check(refund(11));
    const dear = await monitor.check(refund(999));
    const signed = await s.answer(cheap, s.anna);
    const { request } = (await s.approvals.get(dear.approval?.id as string)) as ApprovalRecord;
    const forged = [
      signed,
      { ...signed, request },
      { ...signed, request: { ...signed.request, context: request.context } },
      { ...signed, verdict: 'deny' as const },
      { ...signed, proof: [] },
      { junk: true } as never,
    ];
    for (const approval of forged) {
      const lying = changed(s.approvals, {
        list: async () => ({ items: [{ request, state: 'open', approval }] }),
        open: () => Promise.reject(new Error('opened')),
      });
      const liar = await s.monitor({}, { store: lying });
      expect(await liar.check(refund(999))).toMatchObject({ ...WAITING, approval: dear.approval });
    }
    expect(s.problems.length).toBe(forged.length);
    // Nor does a request that is changed to fit what was signed.
    const dressed = { ...signed.request, context: request.context };
    const lying = changed(s.approvals, {
      list: async () => ({ items: [{ request: dressed, state: 'open', approval: signed }] }),
    });
    expect((await (await s.monitor({}, { store: lying })).check(refund(999))).permitted).toBe(false);
  });
});

describe('time', () => {
  it('an approval expires between signing and use, and is void', async () => {
    const monitor = await s.monitor({}, { expiresInMs: 60_000 });
    const asked = await monitor.check(refund());
    s.clock.advance(59_000);
    await s.answer(asked, s.anna);
    s.clock.advance(1_000);
    const late = await monitor.check(refund());
    expect(late).toMatchObject(WAITING);
    expect(late.approval?.id).not.toBe(asked.approval?.id);
    await monitor.close();
    expect(s.events()).toEqual(['approval.requested', 'approval.void', 'approval.requested']);
    expect(s.sink.events[1]).toMatchObject({ because: 'expired' });
  });

  it('also while it is looked at: the last word is at its use', async () => {
    const slow = changed(s.approvals, {
      list: async (options = {}) => {
        const page = await s.approvals.list(options);
        if (s.clock.now === NOW && page.items.some(({ approval }) => approval !== undefined))
          s.clock.advance(HOUR);
        return page;
      },
    });
    const limits = new MemoryLimits({ clock: s.clock.read });
    const monitor = await s.monitor({ limits }, { store: slow });
    const asked = await monitor.check(refund());
    await s.answer(asked, s.anna);
    const late = await monitor.check(refund());
    expect(late).toMatchObject(WAITING);
    expect(late.approval?.id).not.toBe(asked.approval?.id);
    // The charge was given back: three are left.
    for (let i = 0; i < 3; i++) expect((await monitor.check(refund(5))).permitted).toBe(true);
  });

  it('a request that a monitor with a slower clock used while it was found to be expired stays used', async () => {
    const asked = await (await s.monitor({}, { expiresInMs: 60_000 })).check(refund());
    const id = asked.approval?.id as string;
    const store = changed(s.approvals, {
      list: async (options = {}) => {
        const page = await s.approvals.list(options);
        await s.approvals.settle(id, 'used');
        return page;
      },
    });
    const monitor = await s.monitor({}, { store });
    s.clock.advance(60_000);
    expect(await monitor.check(refund())).toMatchObject(WAITING);
    expect((await s.approvals.get(id))?.state).toBe('used');
  });

  it.each([59_999, 7 * 24 * HOUR + 1, 1.5, Number.NaN])('refuses an expiry of %s ms', async (expiresInMs) => {
    await expect(s.monitor({}, { expiresInMs })).rejects.toThrow(RangeError);
  });
});

describe('between the look at the signatures and their use', () => {
  /** Limits that take as long as it takes somebody to do something. */
  const slowLimits = (meanwhile: () => Promise<unknown>): MemoryLimits => {
    const limits = new MemoryLimits({ clock: s.clock.read });
    const reserve = limits.reserve.bind(limits);
    limits.reserve = async (...given) => {
      await meanwhile();
      return reserve(...given);
    };
    return limits;
  };

  it('a denial still prevails, and the charge is given back', async () => {
    let asked: Decision | undefined;
    const meanwhile = async () => asked && s.answer(asked, s.anna, 'deny');
    const monitor = await s.monitor({ limits: slowLimits(meanwhile) });
    asked = await monitor.check(refund());
    await s.answer(asked, s.anna);
    expect(await monitor.check(refund())).toMatchObject({
      ...UNMET,
      reason: expect.stringContaining('refused'),
    });
    expect((await s.approvals.get(asked.approval?.id as string))?.state).toBe('denied');
    asked = undefined;
    for (let i = 0; i < 3; i++) expect((await monitor.check(refund(5))).permitted).toBe(true);
  });

  /** Somebody signs while the approval is on its way to be used. */
  async function signedAtLast(by: () => KeyPair, verdict: 'approve' | 'deny') {
    let asked: Decision | undefined;
    const store = changed(s.approvals, {
      settle: async (id, state, seen) => {
        const given = asked;
        asked = undefined;
        if (given !== undefined) await s.answer(given, by(), verdict);
        return s.approvals.settle(id, state, seen);
      },
    });
    const monitor = await s.monitor({}, { store });
    const first = await monitor.check(refund());
    await s.answer(first, s.anna);
    asked = first;
    const decision = await monitor.check(refund());
    return { decision, state: (await s.approvals.get(first.approval?.id as string))?.state };
  }

  it('a denial prevails that comes in at the very moment of the use', async () => {
    const { decision, state } = await signedAtLast(() => s.anna, 'deny');
    expect(decision).toMatchObject({ ...UNMET, reason: expect.stringContaining('refused') });
    expect(state).toBe('denied');
  });

  it.each(['approve', 'deny'] as const)(
    'what a stranger signs at that moment (%s) keeps nobody waiting',
    async (verdict) => {
      const { decision, state } = await signedAtLast(() => s.bert, verdict);
      expect([decision.code, state]).toEqual(['permitted', 'used']);
    },
  );

  it('a key that is revoked counts no more', async () => {
    let isRevoked = false;
    const keyStatus = (key: string) => (key === s.anna.publicKeyHex && isRevoked ? 'compromised' : 'active');
    const limits = slowLimits(async () => {
      isRevoked = true;
    });
    const monitor = await s.monitor({ limits, keyStatus });
    await s.answer(await monitor.check(refund()), s.anna);
    expect(await monitor.check(refund())).toMatchObject(UNMET);
  });
});

describe('one approval, many calls', () => {
  it('of a thousand at once exactly one passes, and no charge is left behind', async () => {
    const monitors = [await s.monitor(), await s.monitor()];
    const asked = await (monitors[0] as (typeof monitors)[0]).check(refund());
    await s.answer(asked, s.anna);
    let ran = 0;
    const calls = Array.from({ length: 1_000 }, (_, i) =>
      (monitors[i % 2] as (typeof monitors)[0])
        .enforce(refund(), () => ran++)
        .catch((error: CovenantDeniedError) => error.decision),
    );
    const denied = (await Promise.all(calls)).filter((one): one is Decision => typeof one === 'object');
    expect(ran).toBe(1);
    expect(denied).toHaveLength(999);
    const seen = new Set(denied.map(({ code }) => code));
    // Where more than three had charged at the same moment the rest found the limit used up.
    seen.delete('limit_exceeded');
    seen.delete('obligation_unmet');
    expect([...seen]).toEqual(['obligation_pending']);
    const left = new Set(denied.flatMap(({ approval }) => approval?.id ?? []));
    left.delete(asked.approval?.id as string);
    expect(left.size).toBeLessThanOrEqual(2);
    // One of three is used.
    const monitor = monitors[0] as (typeof monitors)[0];
    for (const expected of [true, true, false])
      expect((await monitor.check(refund(5))).permitted).toBe(expected);
  }, 30_000);

  it('a thousand calls at once that nobody has approved open one request', async () => {
    const monitor = await s.monitor();
    const decisions = await Promise.all(Array.from({ length: 1_000 }, () => monitor.check(refund())));
    expect(new Set(decisions.map(({ approval }) => approval?.id)).size).toBe(1);
  });

  it.each([
    ['agent', 100],
    ['audience', 1_000],
  ] as const)('too many requests of one %s: unmet until there is room', async (of, most) => {
    let crowded = true;
    const store = changed(s.approvals, {
      list: async (options = {}) => {
        const page = await s.approvals.list(options);
        const [first] = page.items;
        if (!crowded || first === undefined || (options.agent === undefined) !== (of === 'audience'))
          return page;
        return { items: Array.from({ length: most }, () => first) };
      },
    });
    const fresh = () => s.monitor({}, { store });
    const known = await (await fresh()).check(refund(11));
    expect(known).toMatchObject(WAITING);
    expect(await (await fresh()).check(refund(12))).toMatchObject({ ...UNMET, retryable: true });
    expect(await (await fresh()).check(refund(11))).toMatchObject({ ...WAITING, approval: known.approval });
    crowded = false;
    expect(await (await fresh()).check(refund(12))).toMatchObject(WAITING);
  });

  it('many different calls at once open a hundred requests, and no more', async () => {
    const monitor = await s.monitor();
    const calls = Array.from({ length: 110 }, (_, i) => monitor.check(refund(11 + i)));
    const decisions = await Promise.all(calls);
    expect(decisions.filter(({ code }) => code === 'obligation_pending')).toHaveLength(100);
    s.clock.advance(HOUR);
    expect(await monitor.check(refund(500))).toMatchObject(WAITING);
    expect((await s.approvals.list({ state: 'open' })).items).toHaveLength(1);
  }, 30_000);

  it('few large ones of one agent: reading them is work for every call', async () => {
    const monitor = await s.monitor();
    const large = (amount: number) => {
      const call = refund(amount);
      return { ...call, context: { ...call.context, text: 'x'.repeat(250 * 1024) } };
    };
    for (let i = 0; i < 8; i++) expect(await monitor.check(large(20 + i))).toMatchObject(WAITING);
    expect(await monitor.check(large(50))).toMatchObject({ ...UNMET, retryable: true });
    // What is open is still found, and what is small finds room.
    expect(await monitor.check(large(20))).toMatchObject(WAITING);
    expect(await monitor.check(refund(60))).toMatchObject(WAITING);
  });

  it('one that is too large to be signed', async () => {
    const monitor = await s.monitor();
    const call = refund();
    const context = { ...call.context, facts: { text: 'x'.repeat(300_000) } };
    expect(await monitor.check({ ...call, context })).toMatchObject({ ...UNMET, retryable: false });
  });
});

describe('a revoked covenant', () => {
  it('makes its requests void, and what was approved is denied', async () => {
    const monitor = await s.monitor();
    const open = await monitor.check(refund(20));
    const signed = await monitor.check(refund());
    await s.answer(signed, s.anna);
    const other = await s.monitor({}, { audience: 'acme.example/shop' });
    const elsewhere = await other.check(refund());
    await s.store.putRevocation(
      await revokeCovenant(s.covenant, { reason: 'enough', signer: s.c.owner, now: new Date(NOW) }),
    );
    expect(await monitor.check(refund())).toMatchObject({ code: 'covenant_invalid', check: 'not_revoked' });
    const state = async ({ approval }: Decision) => (await s.approvals.get(approval?.id as string))?.state;
    await vi.waitFor(async () => expect([await state(open), await state(signed)]).toEqual(['void', 'void']));
    // What another monitor asked for is that one's.
    expect(await state(elsewhere)).toBe('open');
    await monitor.close();
    expect(s.events().filter((kind) => kind === 'approval.void')).toHaveLength(2);
    await expect(s.answer(open, s.anna)).rejects.toMatchObject({ code: 'approval_closed' });
  });
});

describe('a store that fails', () => {
  const away = () => Promise.reject(new Error('away'));
  it.each(['list', 'open', 'settle'] as const)(
    'in %s: unmet, may be tried again, nothing runs',
    async (method) => {
      let broken = true;
      const store = changed(s.approvals, {
        [method]: (...given: never[]) =>
          broken ? away() : (s.approvals[method] as (...all: never[]) => Promise<unknown>)(...given),
      });
      const healthy = await s.monitor();
      const monitor = await s.monitor({}, { store });
      if (method === 'settle') await s.answer(await healthy.check(refund()), s.anna);
      const decision = await monitor.check(refund());
      expect(decision).toMatchObject({ ...UNMET, retryable: true });
      expect(decision.reason).not.toContain('away');
      expect(s.problems.length).toBeGreaterThan(0);
      broken = false;
      if (method !== 'settle') await s.answer(await monitor.check(refund()), s.anna);
      expect(await monitor.check(refund())).toMatchObject({ permitted: true });
      // The charge of the call that failed was given back.
      for (const expected of [true, true, false])
        expect((await monitor.check(refund(5))).permitted).toBe(expected);
    },
  );

  it('that never answers holds nothing up for ever', async () => {
    const store = changed(s.approvals, { list: () => new Promise(() => undefined) });
    const monitor = await s.monitor({ lookupTimeoutMs: 5 }, { store });
    expect(await monitor.check(refund())).toMatchObject({ ...UNMET, retryable: true });
  });

  it('nor do keys of which nobody ever says how they stand', async () => {
    const never = new Promise<undefined>(() => undefined);
    const keyStatus = (key: string) => (key === s.anna.publicKeyHex ? never : undefined);
    const monitor = await s.monitor({ keyStatus, lookupTimeoutMs: 5 });
    expect(await monitor.check(refund())).toMatchObject({ ...UNMET, retryable: true });
  });

  it('a record that cannot be read is reported, and does not stand in the way of others', async () => {
    const broken = new Error('record_corrupt');
    const store = changed(s.approvals, {
      list: async (options = {}) => {
        options.onCorrupt?.(broken as never);
        return s.approvals.list(options);
      },
    });
    const monitor = await s.monitor({}, { store });
    await s.answer(await monitor.check(refund()), s.anna);
    expect(await monitor.check(refund())).toMatchObject({ permitted: true });
    expect(s.problems).toContain(broken);
  });

  it('whoever is told of problems may fail', async () => {
    for (const onProblem of [
      () => {
        throw new Error('no');
      },
      async () => {
        throw new Error('no');
      },
    ]) {
      const monitor = await s.monitor({}, { store: changed(s.approvals, { list: away }), onProblem });
      expect(await monitor.check(refund())).toMatchObject(UNMET);
    }
  });

  it('a sink that fails after the approval was used: it is used, and the charge is given back', async () => {
    let full = false;
    const limits = new MemoryLimits({ clock: s.clock.read });
    const sink = {
      append: async (entry: { kind: string; decision?: string }) => {
        if (full && entry.decision === 'permit') throw new Error('disk full');
        return { seq: 0 };
      },
      close: async () => undefined,
    };
    const monitor = await s.monitor({ sink, limits });
    const asked = await monitor.check(refund());
    await s.answer(asked, s.anna);
    full = true;
    expect(await monitor.check(refund())).toMatchObject({ code: 'record_failed' });
    full = false;
    expect((await s.approvals.get(asked.approval?.id as string))?.state).toBe('used');
    expect(await monitor.check(refund())).toMatchObject(WAITING);
    for (let i = 0; i < 3; i++) expect((await monitor.check(refund(5))).permitted).toBe(true);
  });
});

describe('handlers beside approvals', () => {
  it('are asked besides, and both must hold', async () => {
    for (const [answer, expected] of [
      [true, 'permitted'],
      [false, 'obligation_unmet'],
      ['pending', 'obligation_pending'],
    ] as const) {
      const audience = `about ${answer}`;
      const monitor = await s.monitor({}, { audience });
      await s.answer(await monitor.check(refund()), s.anna);
      const handled = await s.monitor({ obligations: { 'human.approval': () => answer } }, { audience });
      expect((await handled.check(refund())).code).toBe(expected);
    }
  });

  it('one that says yes is no signature', async () => {
    const monitor = await s.monitor({ obligations: { 'human.approval': () => true } });
    expect(await monitor.check(refund())).toMatchObject(WAITING);
  });

  it('one that says no opens no request', async () => {
    const monitor = await s.monitor({ obligations: { 'human.approval': () => false } });
    expect(await monitor.check(refund())).toMatchObject(UNMET);
    expect((await s.approvals.list({ state: 'open' })).items).toEqual([]);
  });

  it('meet by themselves what has no approvers', async () => {
    const rules = `${RULES}\nrequire second.look for refund on **`;
    const approvers = { 'human.approval': { keys: [s.anna.did], threshold: 1 } };
    const covenant = await s.c.covenant(rules, { approvers });
    const monitor = await s.monitor({ covenant, obligations: { 'second.look': () => true } });
    expect(await monitor.check(refund(5))).toMatchObject({ permitted: true });
    const asked = await monitor.check(refund());
    expect(asked.pending?.map(({ name }) => name)).toEqual(['human.approval']);
    await s.answer(asked, s.anna);
    expect(await monitor.check(refund())).toMatchObject({ permitted: true });
    expect(await (await s.monitor({ covenant })).check(refund())).toMatchObject(UNMET);
  });

  it.each(['constructor', '__proto__', 'toString'])(
    'an obligation named like %s finds nobody by accident',
    async (name) => {
      const rules = `permit refund on **\nrequire ${name} for refund on **`;
      const covenant = await s.c.covenant(rules).catch(() => undefined);
      if (covenant === undefined) return; // no name of an obligation
      expect(await (await s.monitor({ covenant })).check(refund())).toMatchObject(UNMET);
    },
  );
});

describe('a decision that waits', () => {
  it('passes when it is signed meanwhile', async () => {
    const monitor = await s.monitor({}, { waitMs: 60_000 });
    const deciding = monitor.check(refund());
    const { items } = await vi.waitFor(async () => {
      const page = await s.approvals.list({ state: 'open' });
      expect(page.items).toHaveLength(1);
      return page;
    });
    const { id, expiresAt } = (items[0] as ApprovalRecord).request;
    await s.answer({ approval: { id, expiresAt } } as Decision, s.anna);
    expect(await deciding).toMatchObject({ permitted: true, approval: { id } });
  });

  it('is judged anew: a tool that changed meanwhile is not what was approved', async () => {
    let description = 'Refunds an order.';
    const tool = new CalledTool('refund', () => ({ name: 'refund', description }));
    const monitor = await s.monitor({}, { waitMs: 60_000 });
    const deciding = monitor.check(refund(), { tool });
    const { items } = await vi.waitFor(async () => {
      const page = await s.approvals.list({ state: 'open' });
      expect(page.items).toHaveLength(1);
      return page;
    });
    const { id, expiresAt } = (items[0] as ApprovalRecord).request;
    description = 'Refunds every order.';
    await s.answer({ approval: { id, expiresAt } } as Decision, s.anna);
    expect(await deciding).toMatchObject({ permitted: false, code: 'tool_contract_changed' });
    // Nothing was used up: as it was approved it passes.
    description = 'Refunds an order.';
    expect(await monitor.check(refund(), { tool })).toMatchObject({ permitted: true, approval: { id } });
  });

  it('is judged anew: a covenant revoked meanwhile denies', async () => {
    const monitor = await s.monitor({}, { waitMs: 60_000 });
    const deciding = monitor.check(refund());
    const { items } = await vi.waitFor(async () => {
      const page = await s.approvals.list({ state: 'open' });
      expect(page.items).toHaveLength(1);
      return page;
    });
    const { id, expiresAt } = (items[0] as ApprovalRecord).request;
    await s.store.putRevocation(
      await revokeCovenant(s.covenant, { reason: 'enough', signer: s.c.owner, now: new Date(NOW) }),
    );
    await s.answer({ approval: { id, expiresAt } } as Decision, s.anna);
    expect(await deciding).toMatchObject({ code: 'covenant_invalid', check: 'not_revoked' });
  });

  it('is judged anew: a signature for a tool that was changed meanwhile is none for what would run', async () => {
    const monitor = await s.monitor({}, { waitMs: 60_000 });
    let description = 'Refunds.';
    const tool = new CalledTool('refund', () => ({ name: 'refund', description }));
    const deciding = monitor.check(refund(), { tool });
    const { items } = await vi.waitFor(async () => {
      const page = await s.approvals.list({ state: 'open' });
      expect(page.items).toHaveLength(1);
      return page;
    });
    const { id, expiresAt } = (items[0] as ApprovalRecord).request;
    description = 'Refunds everything.';
    await s.answer({ approval: { id, expiresAt } } as Decision, s.anna);
    expect(await deciding).toMatchObject({ permitted: false, code: 'tool_contract_changed' });
    description = 'Refunds.';
    expect(await monitor.check(refund(), { tool })).toMatchObject({ permitted: true, approval: { id } });
  });

  it('ends pending when the time is over, and at once when the monitor closes', async () => {
    expect(await (await s.monitor({}, { waitMs: 1 })).check(refund())).toMatchObject(WAITING);
    const monitor = await s.monitor({}, { waitMs: 600_000 });
    const deciding = monitor.check(refund(60));
    await vi.waitFor(async () => expect((await s.approvals.list({ state: 'open' })).items).toHaveLength(2));
    await monitor.close();
    expect(await deciding).toMatchObject(WAITING);
  });

  it.each([-1, 600_001, 0.5, Number.NaN])('refuses to wait %s ms', async (waitMs) => {
    await expect(s.monitor({}, { waitMs })).rejects.toThrow(RangeError);
  });
});

describe('monitor.preview', () => {
  it('says what would become of a request, without effect but that approval is asked for', async () => {
    const monitor = await s.monitor();
    expect(await monitor.preview(refund(5))).toMatchObject({ effect: 'permit' });
    expect(await monitor.preview(refund(5000))).toMatchObject({
      effect: 'deny',
      decision: { code: 'no_matching_permit' },
    });
    const asked = await monitor.preview(refund());
    expect(asked).toMatchObject({
      effect: 'pending',
      decision: { ...WAITING, approval: { id: expect.any(String) } },
    });
    await s.answer(asked.decision, s.anna);
    for (let i = 0; i < 5; i++) expect((await monitor.preview(refund())).effect).toBe('permit');
    expect(await monitor.check(refund())).toMatchObject({
      permitted: true,
      approval: asked.decision.approval,
    });
    expect((await monitor.preview(refund())).effect).toBe('pending');
    for (const expected of [true, true, false])
      expect((await monitor.check(refund(5))).permitted).toBe(expected);
    await monitor.close();
    const recorded = s.sink.entries.map((entry) => (entry.kind === 'decision' ? entry.decision : entry.kind));
    expect(recorded).toEqual(['deny', 'pending', 'permit', 'pending', 'permit', 'permit', 'deny']);
  });

  it('asks no handler, and denies what nothing would meet', async () => {
    const handler = vi.fn(() => true);
    const without = { covenant: await s.c.covenant(RULES) };
    const handled = await s.monitor({ ...without, obligations: { 'human.approval': handler } });
    expect((await handled.preview(refund())).effect).toBe('permit');
    expect(handler).not.toHaveBeenCalled();
    expect((await (await s.monitor(without)).preview(refund())).effect).toBe('deny');
    const plain = await createMonitor({ ...without, clock: s.clock.read });
    expect((await plain.preview(refund())).effect).toBe('deny');
    expect((await plain.preview(refund(5))).effect).toBe('permit');
    expect((await plain.preview({ action: 7 } as never)).decision.code).toBe('malformed_request');
  });

  it('leaves a denial that was signed for the guard, where that judges at once: nobody is asked anew', async () => {
    const monitor = await s.monitor();
    const { decision } = await monitor.preview(refund(), { judgedAgain: true });
    await s.answer(decision, s.anna, 'deny');
    for (let i = 0; i < 2; i++)
      expect((await monitor.preview(refund(), { judgedAgain: true })).effect).toBe('deny');
    expect(await monitor.check(refund())).toMatchObject({
      ...UNMET,
      reason: expect.stringContaining('refused'),
    });
    const { items } = await s.approvals.list({});
    expect(items.map(({ state }) => state)).toEqual(['denied']);
  });

  it('neither waits nor tells of a permit', async () => {
    const told: Decision[] = [];
    const onDecision = (decision: Decision) => void told.push(decision);
    const monitor = await s.monitor({ onDecision }, { waitMs: 600_000 });
    await monitor.preview(refund(5));
    expect((await monitor.preview(refund())).effect).toBe('pending');
    expect(told.map(({ code }) => code)).toEqual(['obligation_pending']);
  });
});

describe('a person who is told by MCP', () => {
  it('sees what is drawn as nothing, or as a space', async () => {
    const told: string[] = [];
    const ask = (message: string) => told.push(message) === 0;
    const call = { name: 'refund', arguments: { amount: 50, to: 'acme\u3164\u00a0\ufe0f' } };
    await enforceToolCall(await s.monitor(), { ask, resource: '/orders/7' }, call, () => ({}));
    expect(told).toEqual([expect.stringContaining('"to":"acme\\u{3164}\\u{a0}\\u{fe0f}"}')]);
  });
});

describe('a candidate beside', () => {
  it('neither opens requests nor uses approvals up', async () => {
    const open = await s.c.covenant('permit refund on **');
    const monitor = await s.monitor({ covenant: open, shadow: s.covenant });
    const live = await s.monitor();
    const asked = await live.check(refund());
    await s.answer(asked, s.anna);
    for (const amount of [50, 60]) expect((await monitor.check(refund(amount))).permitted).toBe(true);
    await vi.waitFor(() => expect(monitor.shadow).toEqual({ judged: 2, differs: 2 }));
    const { items } = await s.approvals.list({});
    expect(items.map(({ state }) => state)).toEqual(['open']);
    expect(await live.check(refund())).toMatchObject({ permitted: true });
  });
});

describe('the options', () => {
  it.each<[string, object]>([
    ['no audience', { audience: '' }],
    ['an endless audience', { audience: 'x'.repeat(257) }],
    ['no store', { store: {} }],
    ['no key', { approvers: { a: { keys: [], threshold: 1 } } }],
    ['a key twice', { approvers: { a: { keys: ['did:key:z', 'did:key:z'], threshold: 1 } } }],
    ['what is no key', { approvers: { a: { keys: ['anna'], threshold: 1 } } }],
    ['a requester that is none', { requester: 7 }],
  ])('refuse %s', async (_name, approvals) => {
    await expect(s.monitor({}, approvals)).rejects.toThrow(TypeError);
  });

  it('refuse a threshold that nobody reaches, and a monitor without a store', async () => {
    const approvers = { a: { keys: [s.anna.did], threshold: 2 } };
    await expect(s.monitor({}, { approvers })).rejects.toThrow(RangeError);
    const { covenant } = s;
    await expect(createMonitor({ covenant, approvals: { audience: 'a' } })).rejects.toThrow(TypeError);
  });

  it('a signature for one request is none for the next', async () => {
    const monitor = await s.monitor();
    const asked = await monitor.check(refund());
    const document = await s.answer(asked, s.anna);
    await monitor.check(refund());
    await monitor.check(refund());
    await expect(s.approvals.sign(document)).rejects.toMatchObject({ code: 'approval_closed' });
    expect(await monitor.check(refund())).toMatchObject(WAITING);
    await expect(
      signApproval(document.request, { verdict: 'approve', signer: s.anna, now: new Date(NOW + 2 * HOUR) }),
    ).rejects.toMatchObject({ code: 'approval_expired' });
  });
});

describe('a restart', () => {
  it('resumes over the same file: what was asked for, what was signed, and what was used', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stele-approvals-'));
    const path = join(folder, 'store.db');
    const opened = async <T>(use: (monitor: Monitor, store: SqliteStore) => Promise<T>): Promise<T> => {
      const store = new SqliteStore(path);
      const monitor = await s.monitor({ store });
      try {
        return await use(monitor, store);
      } finally {
        await store.close();
      }
    };
    try {
      const asked = await opened((monitor) => monitor.check(refund()));
      expect(asked).toMatchObject(WAITING);
      await opened(async (monitor, store) => {
        expect((await monitor.check(refund())).approval).toEqual(asked.approval);
        const record = (await store.approvals.get(asked.approval?.id as string)) as ApprovalRecord;
        const now = new Date(s.clock.now);
        await store.approvals.sign(
          await signApproval(record.request, { verdict: 'approve', signer: s.anna, now }),
        );
      });
      expect(await opened((monitor) => monitor.check(refund()))).toMatchObject({
        permitted: true,
        approval: asked.approval,
      });
      const next = await opened((monitor) => monitor.check(refund()));
      expect(next).toMatchObject(WAITING);
      expect(next.approval?.id).not.toBe(asked.approval?.id);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
