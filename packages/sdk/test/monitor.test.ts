import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  ActionNotPerformedError,
  CovenantDeniedError,
  type CovenantDocument,
  createMonitor,
  type DecisionSink,
  denialOf,
  MemoryLimits,
  MemorySink,
  MemoryStore,
  type MonitorOptions,
  revokeCovenant,
  verifyCovenant,
} from '../src/index.js';
import { type Cast, Clock, cast, HOUR, NOW } from './support.js';

let c: Cast;
let clock: Clock;
let simple: CovenantDocument;

beforeAll(async () => {
  c = await cast();
  simple = await c.covenant("permit orders.read on '/orders/**'\ndeny orders.read on '/orders/secret/**'");
});

beforeEach(() => {
  clock = new Clock();
});

const monitorOf = (covenant: MonitorOptions['covenant'], options: Partial<MonitorOptions> = {}) =>
  createMonitor({ clock: clock.read, ...options, covenant });

const read = { action: 'orders.read', resource: '/orders/1' };

describe('a decision', () => {
  it('permits what the covenant permits, and gives a receipt', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf(simple, { sink });
    const decision = await monitor.check(read);
    expect(decision).toMatchObject({
      permitted: true,
      code: 'permitted',
      receipt: { seq: 0 },
      covenant: simple.id,
    });
    expect(sink.entries[0]).toMatchObject({
      kind: 'decision',
      decision: 'permit',
      code: 'permitted',
      agent: c.agent.did,
      chain: [simple.id],
      statements: [1],
      action: 'orders.read',
      resource: '/orders/1',
      time: '2026-11-21T03:00:00.000Z',
    });
  });

  it('denies the rest as a value, and records it', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf(simple, { sink });
    expect(await monitor.check({ action: 'orders.read', resource: '/orders/secret/1' })).toMatchObject({
      permitted: false,
      code: 'denied_by_rule',
      retryable: false,
      statement: { line: 2 },
    });
    expect((await monitor.check({ action: 'orders.write', resource: '/' })).code).toBe('no_matching_permit');
    await monitor.close();
    expect(sink.entries.map((e) => e.kind === 'decision' && e.code)).toEqual([
      'denied_by_rule',
      'no_matching_permit',
    ]);
  });

  it('is frozen', async () => {
    const decision = await (await monitorOf(simple)).check(read);
    expect(Object.isFrozen(decision)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['no object', null],
    ['a list', []],
    ['no action', { resource: '/' }],
    ['an action that is no string', { action: 1, resource: '/' }],
    ['NaN', { ...read, context: { args: { n: Number.NaN } } }],
    ['a lone surrogate', { ...read, context: { args: { s: '\ud800' } } }],
    [
      'a cycle',
      (() => {
        const context: Record<string, unknown> = {};
        context.self = context;
        return { ...read, context };
      })(),
    ],
    ['10 MB', { ...read, context: { args: { s: 'x'.repeat(10_000_000) } } }],
    ['65 levels', { ...read, context: nest(65) }],
    ['a Date', { ...read, context: { args: { d: new Date() } } }],
    [
      'a getter',
      {
        ...read,
        get context() {
          return {};
        },
      },
    ],
    ['an action that is not one', { action: 'a..b', resource: '/' }],
    ['a resource that climbs', { action: 'orders.read', resource: '/orders/../secret' }],
    ['a context that is a list', { ...read, context: [] }],
  ])('%s is malformed, and denied', async (_name, request) => {
    const decision = await (await monitorOf(simple)).check(request as never);
    expect(decision).toMatchObject({ permitted: false, code: 'malformed_request' });
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'a tool named %s is judged like any other',
    async (action) => {
      const monitor = await monitorOf(simple);
      expect((await monitor.check({ action, resource: '/' })).code).toBe('no_matching_permit');
    },
  );

  it('runs what was judged: a getter, proxy or later change cannot differ', async () => {
    const monitor = await monitorOf(await c.covenant('permit pay on ** when args.amount <= 10'));
    let amount = 5;
    const shifty = new Proxy(
      { amount: 5 },
      { get: (_t, k) => (k === 'amount' ? amount++ * 100 : undefined) },
    );
    const request = { action: 'pay', resource: '/', context: { args: { amount: 5 } } };
    await monitor.enforce(request, (judged) => {
      request.context.args.amount = 500;
      expect(judged.context.args).toEqual({ amount: 5 });
      expect(Object.isFrozen(judged.context.args)).toBe(true);
    });
    const outcome = monitor.enforce(
      { ...request, context: { args: shifty } },
      (judged) => (judged.context.args as { amount: number }).amount,
    );
    await outcome.then(
      (ran) => expect(ran).toBeLessThanOrEqual(10),
      (error) => expect(error).toBeInstanceOf(CovenantDeniedError),
    );
  });
});

describe('covenants that do not hold', () => {
  const decide = async (covenant: unknown, options: Partial<MonitorOptions> = {}) =>
    (await monitorOf(covenant as CovenantDocument, options)).check(read);

  it('unsigned, tampered, with an unknown field, oversized, of another version: denied, with the check', async () => {
    const { proof: _, ...unsigned } = simple;
    const table: [unknown, string][] = [
      [unsigned, 'structure'],
      [{ ...simple, constraints: 'permit ** on **' }, 'id'],
      [{ ...simple, extra: 1 }, 'structure'],
      [{ ...simple, metadata: { x: 'x'.repeat(1024 * 1024) } }, 'structure'],
      [{ ...simple, version: '2' }, 'structure'],
      [null, 'structure'],
      ['text', 'structure'],
    ];
    for (const [covenant, check] of table) {
      expect(await decide(covenant)).toMatchObject({ permitted: false, code: 'covenant_invalid', check });
    }
  });

  it('none at all: covenant_missing', async () => {
    expect(await decide([])).toMatchObject({ permitted: false, code: 'covenant_missing' });
  });

  it('expired and not yet active follow the clock', async () => {
    const later = await c.covenant('permit orders.read on **', {
      activatesAt: new Date(NOW + HOUR),
      expiresAt: new Date(NOW + 2 * HOUR),
    });
    const monitor = await monitorOf(later);
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'active' });
    clock.advance(HOUR);
    expect((await monitor.check(read)).code).toBe('permitted');
    clock.advance(2 * HOUR);
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'active' });
  });

  it.each([
    ['with a store', () => ({ store: new MemoryStore() })],
    ['without one', () => ({})],
  ])('each of several is held to its own time, whichever comes first, %s', async (_what, options) => {
    const lasting = await c.covenant('permit orders.read on **');
    const short = await c.covenant('permit orders.read on **', {
      activatesAt: new Date(NOW + HOUR),
      expiresAt: new Date(NOW + 2 * HOUR),
    });
    for (const covenant of [
      [lasting, short],
      [short, lasting],
    ]) {
      const during = async () => {
        clock.now = NOW + HOUR;
        return createMonitor({ ...options(), covenant, clock: clock.read });
      };
      const outside = { code: 'covenant_invalid', check: 'active', covenant: short.id };
      expect((await (await during()).check(read)).code).toBe('permitted');
      const ending = await during();
      clock.now = NOW + 2 * HOUR + 60_000;
      expect(await ending.check(read)).toMatchObject(outside);
      // A clock that is put right: nothing was decided yet that it could stand behind.
      const early = await during();
      clock.now = NOW + HOUR - 60_001;
      expect(await early.check(read)).toMatchObject(outside);
    }
  });

  it('a missing parent denies, also when its issuer is trusted, and is never taken for a root', async () => {
    const [root, leaf] = await c.chain('permit orders.* on **', 'permit orders.read on **');
    const store = new MemoryStore();
    const trust = [c.owner.did, c.manager.did];
    expect(await decide(leaf)).toMatchObject({ code: 'covenant_invalid', check: 'chain' });
    const monitor = await monitorOf(leaf, { store, trust });
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'chain' });
    await store.put(root);
    expect((await monitor.check(read)).code).toBe('permitted');
  });

  it('a parent that was fetched needs an anchor; one that the host hands over does not', async () => {
    const [root, leaf] = await c.chain('permit orders.* on **', 'permit orders.read on **');
    const store = new MemoryStore();
    await store.put(root);
    expect(await decide(leaf, { store })).toMatchObject({ code: 'covenant_invalid', check: 'trust' });
    expect((await decide(leaf, { store, trust: [c.owner.did] })).code).toBe('permitted');
    expect((await decide([leaf, root])).code).toBe('permitted');
    expect((await decide([root, leaf])).code).toBe('permitted');
  });

  it('another agent’s covenant denies everything', async () => {
    expect((await decide(simple, { agent: c.agent.did })).code).toBe('permitted');
    expect(await decide(simple, { agent: c.manager.did })).toMatchObject({
      permitted: false,
      code: 'wrong_agent',
    });
    const [root, leaf] = await c.chain('permit orders.* on **', 'permit orders.read on **');
    expect((await decide([root, leaf], { agent: c.agent.did })).code).toBe('permitted');
  });

  it('a covenant that must govern and is not there denies', async () => {
    expect((await decide(simple, { mustGovern: [simple.id] })).code).toBe('permitted');
    expect((await decide(simple, { mustGovern: [c.owner.did] })).code).toBe('permitted');
    expect((await decide(simple, { mustGovern: [c.manager.did] })).code).toBe('covenant_missing');
  });

  it.each([
    ['with a store', () => ({ store: new MemoryStore() })],
    ['without one', () => ({})],
  ])('trust is read once, %s', async (_what, options) => {
    const trust = [c.owner.did];
    const monitor = await monitorOf(simple, { ...options(), trust });
    trust.splice(0, 1, c.manager.did);
    expect((await monitor.check(read)).code).toBe('permitted');
    expect(await decide(simple, { ...options(), trust })).toMatchObject({
      code: 'covenant_invalid',
      check: 'trust',
    });
    await expect(monitorOf(simple, { ...options(), trust: c.owner.did as never })).rejects.toThrow(TypeError);
  });

  it('options that are none are the caller’s mistake', async () => {
    await expect(createMonitor(undefined as never)).rejects.toThrow(TypeError);
    await expect(createMonitor({} as never)).rejects.toThrow(TypeError);
  });

  it('a look-alike of a verified covenant is verified', async () => {
    const { covenant } = await verifyCovenant(simple, { now: new Date(NOW) });
    expect((await decide(covenant)).code).toBe('permitted');
    expect((await decide({ ...covenant, constraints: 'permit ** on **' })).code).toBe('covenant_invalid');
  });
});

describe('revocation', () => {
  it('bites at the next decision', async () => {
    const store = new MemoryStore();
    const monitor = await monitorOf(simple, { store });
    expect((await monitor.check(read)).permitted).toBe(true);
    await store.putRevocation(
      await revokeCovenant(simple, { reason: 'x', signer: c.owner, now: new Date(NOW) }),
    );
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'not_revoked' });
  });

  it('a store that does not answer denies', async () => {
    const store = new MemoryStore();
    const monitor = await monitorOf(simple, { store });
    await store.close();
    expect(await monitor.check(read)).toMatchObject({
      code: 'revocation_unknown',
      permitted: false,
      retryable: true,
    });
  });

  it('during an obligation it still bites', async () => {
    const store = new MemoryStore();
    const covenant = await c.covenant('permit a on **\nrequire human.approval on **');
    const monitor = await monitorOf(covenant, {
      store,
      obligations: {
        'human.approval': async () => {
          await store.putRevocation(
            await revokeCovenant(covenant, { reason: 'x', signer: c.owner, now: new Date(NOW) }),
          );
          return true;
        },
      },
    });
    expect(await monitor.check({ action: 'a', resource: '/' })).toMatchObject({
      code: 'covenant_invalid',
      check: 'not_revoked',
    });
  });
});

describe('several covenants', () => {
  it('are a conjunction, whatever a child says', async () => {
    const [root, leaf] = await c.chain("permit orders.read on '/orders/**'", 'permit ** on **');
    const monitor = await monitorOf([root, leaf]);
    expect((await monitor.check(read)).permitted).toBe(true);
    const denied = await monitor.check({ action: 'orders.write', resource: '/orders/1' });
    expect(denied).toMatchObject({ permitted: false, covenant: root.id });
  });

  it('an ancestor’s rules are its own affair unless it explains itself', async () => {
    const rules = 'permit ** on **\ndeny pay on ** when args.amount > 4711';
    const request = { action: 'pay', resource: '/', context: { args: { amount: 5000 } } };
    const [root, leaf] = await c.chain(rules, 'permit ** on **');
    const silent = denialOf(await (await monitorOf([root, leaf])).check(request));
    expect(JSON.stringify(silent)).not.toMatch(/4711|5000|deny/);
    const [open, below] = await c.chain(rules, 'permit ** on **', { root: { metadata: { explain: true } } });
    const explained = denialOf(await (await monitorOf([open, below])).check(request));
    expect(explained.statement).toMatchObject({ line: 2, text: expect.stringContaining('4711') });
  });

  it('its own covenant names the statement, without thresholds unless it explains itself', async () => {
    const rules = 'permit ** on **\ndeny pay on ** when args.amount > 4711';
    const request = { action: 'pay', resource: '/', context: { args: { amount: 5000 } } };
    const denial = denialOf(await (await monitorOf(await c.covenant(rules))).check(request));
    expect(denial).toMatchObject({ code: 'denied_by_rule', statement: { line: 2, text: 'deny pay on **' } });
    expect(JSON.stringify(denial)).not.toMatch(/4711|5000/);
  });

  it('of one agent from two owners must both permit', async () => {
    const company = await c.covenant('permit a.* on **');
    const team = await c.covenant('permit a.b on **', { signer: c.manager });
    const monitor = await monitorOf([company, team]);
    expect((await monitor.check({ action: 'a.b', resource: '/' })).permitted).toBe(true);
    expect(await monitor.check({ action: 'a.c', resource: '/' })).toMatchObject({
      permitted: false,
      covenant: team.id,
    });
  });
});

describe('obligations', () => {
  const covenantText = 'permit pay on **\nrequire human.approval for pay on ** when args.amount > 10';
  const pay = (amount: number) => ({ action: 'pay', resource: '/', context: { args: { amount } } });

  it.each<[string, unknown, string]>([
    ['true', () => true, 'permitted'],
    ['a promise of true', async () => true, 'permitted'],
    ['false', () => false, 'obligation_unmet'],
    ['undefined', () => undefined, 'obligation_unmet'],
    ['a truthy value', () => 1, 'obligation_unmet'],
    ['"pending"', () => 'pending', 'obligation_pending'],
    [
      'a throw',
      () => {
        throw new Error('no');
      },
      'obligation_unmet',
    ],
    ['no handler', undefined, 'obligation_unmet'],
  ])('answered by %s', async (_name, handler, code) => {
    const monitor = await monitorOf(await c.covenant(covenantText), {
      obligations: { 'human.approval': handler } as never,
    });
    const decision = await monitor.check(pay(11));
    expect(decision.code).toBe(code);
    expect(decision.permitted).toBe(code === 'permitted');
    if (code === 'obligation_pending')
      expect(decision.pending).toMatchObject([{ name: 'human.approval', line: 2 }]);
    expect((await monitor.check(pay(10))).permitted).toBe(true);
  });

  it('named after an inherited member have no handler', async () => {
    const monitor = await monitorOf(await c.covenant('permit a on **\nrequire toString on **'), {
      obligations: {},
    });
    expect((await monitor.check({ action: 'a', resource: '/' })).code).toBe('obligation_unmet');
  });

  it('that stay unmet charge nothing', async () => {
    const limits = new MemoryLimits({ clock: clock.read });
    const covenant = await c.covenant(
      'permit pay on **\nlimit pay 1 per 1 hour\nrequire x for pay on ** when args.ask = true',
    );
    const monitor = await monitorOf(covenant, { limits });
    const ask = (value: boolean) => ({ action: 'pay', resource: '/', context: { args: { ask: value } } });
    expect((await monitor.check(ask(true))).code).toBe('obligation_unmet');
    expect((await monitor.check(ask(false))).code).toBe('permitted');
    expect((await monitor.check(ask(false))).code).toBe('limit_exceeded');
  });
});

describe('limits', () => {
  const budget = () =>
    c.covenant('permit pay on **\nlimit pay 100 of args.amount per 1 hour\nlimit pay 3 per 1 hour');
  const pay = (amount: unknown) => ({ action: 'pay', resource: '/', context: { args: { amount } } });

  it('say what is left and when to come back', async () => {
    const monitor = await monitorOf(await budget());
    expect((await monitor.check(pay(60))).limits.map((limit) => limit.remaining)).toEqual([40, 2]);
    clock.advance(HOUR / 2);
    expect(await monitor.check(pay(60))).toMatchObject({
      code: 'limit_exceeded',
      retryable: true,
      retryAfterMs: HOUR / 2,
    });
    expect((await monitor.check(pay(40))).permitted).toBe(true);
    clock.advance(HOUR / 2);
    expect((await monitor.check(pay(60))).permitted).toBe(true);
  });

  it('that cannot be measured deny', async () => {
    const monitor = await monitorOf(await budget());
    for (const amount of [undefined, null, '5', -1]) {
      const context = { args: amount === undefined ? {} : { amount } };
      expect((await monitor.check({ action: 'pay', resource: '/', context })).code).toBe(
        'limit_unmeasurable',
      );
    }
  });

  it('that cannot be counted deny', async () => {
    const limits = {
      reserve: () => Promise.reject(new Error('away')),
      commit: async () => {},
      release: async () => {},
    };
    expect(await (await monitorOf(await budget(), { limits })).check(pay(1))).toMatchObject({
      code: 'limit_unavailable',
      retryable: true,
    });
  });

  it('one unit, a thousand callers: one passes', async () => {
    const monitor = await monitorOf(await c.covenant('permit pay on **\nlimit pay 1 per 1 hour'));
    const all = await Promise.all(Array.from({ length: 1000 }, () => monitor.check(pay(1))));
    expect(all.filter((decision) => decision.permitted)).toHaveLength(1);
  });

  it('of one covenant are shared by the monitors of a process', async () => {
    const covenant = await c.covenant('permit pay on **\nlimit pay 1 per 1 hour', { now: new Date() });
    const [a, b] = [await createMonitor({ covenant }), await createMonitor({ covenant })];
    expect([await a.check(pay(1)), await b.check(pay(1))].map((d) => d.code)).toEqual([
      'permitted',
      'limit_exceeded',
    ]);
  });

  it('of a chain are counted once, under whoever states them', async () => {
    const limits = new MemoryLimits({ clock: clock.read });
    const [root, leaf] = await c.chain('permit pay on **\nlimit pay 2 per 1 hour', 'permit pay on **');
    const sibling = await c.covenant('permit pay on **', {
      signer: c.manager,
      parent: root,
      allowWider: true,
    });
    const [a, b] = [await monitorOf([root, leaf], { limits }), await monitorOf([root, sibling], { limits })];
    const codes = [
      await a.check(pay(1)),
      await b.check(pay(1)),
      await a.check(pay(1)),
      await b.check(pay(1)),
    ].map((d) => d.code);
    expect(codes).toEqual(['permitted', 'permitted', 'limit_exceeded', 'limit_exceeded']);
  });

  it('two alike on one line both count', async () => {
    const monitor = await monitorOf(
      await c.covenant('permit pay on **\nlimit pay 2 per 1 hour; limit pay 2 per 1 hour'),
    );
    const codes = [await monitor.check(pay(1)), await monitor.check(pay(1)), await monitor.check(pay(1))].map(
      (d) => d.code,
    );
    expect(codes).toEqual(['permitted', 'permitted', 'limit_exceeded']);
  });
});

describe('enforce', () => {
  const covenant = () =>
    c.covenant('permit pay on **\nlimit pay 100 of args.amount per 1 hour\nlimit pay 10 per 1 hour');
  const pay = { action: 'pay', resource: '/', context: { args: { amount: 60 } } };

  it('runs, returns and records what became of it', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf(await covenant(), { sink });
    expect(await monitor.enforce(pay, async () => 'paid')).toBe('paid');
    expect(sink.entries[1]).toMatchObject({ kind: 'outcome', of: 0, outcome: 'done' });
  });

  it('does not run what is denied', async () => {
    const monitor = await monitorOf(await covenant());
    let ran = false;
    const enforcing = monitor.enforce({ action: 'other', resource: '/' }, () => {
      ran = true;
    });
    await expect(enforcing).rejects.toMatchObject({
      code: 'no_matching_permit',
      decision: { permitted: false },
    });
    expect(ran).toBe(false);
  });

  it('an error keeps the charge; only what certainly was not done gives a budget back, and never a count', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf(await covenant(), { sink });
    await expect(
      monitor.enforce(pay, () => {
        throw new ActionNotPerformedError();
      }),
    ).rejects.toThrow(ActionNotPerformedError);
    const after = await monitor.check({ ...pay, context: { args: { amount: 1 } } });
    expect(after.limits.map((limit) => limit.remaining)).toEqual([99, 8]);
    await expect(
      monitor.enforce(pay, () => {
        throw new Error('time-out');
      }),
    ).rejects.toThrow('time-out');
    expect((await monitor.check(pay)).code).toBe('limit_exceeded');
    const outcomes = sink.entries.flatMap((entry) => (entry.kind === 'outcome' ? [entry.outcome] : []));
    expect(outcomes).toEqual(['not_performed', 'unknown']);
  });

  it('an error that only looks like it keeps the charge', async () => {
    const monitor = await monitorOf(await covenant());
    const lookalike = Object.assign(new Error('x'), {
      name: 'ActionNotPerformedError',
      code: 'action_not_performed',
    });
    await expect(monitor.enforce(pay, () => Promise.reject(lookalike))).rejects.toBe(lookalike);
    expect((await monitor.check(pay)).code).toBe('limit_exceeded');
  });

  it('a stream is done when it has ended, and unknown when it is left early', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf(await c.covenant('permit pay on **'), { sink });
    const stream = () =>
      monitor.enforceStream(pay, async function* () {
        yield 1;
        yield 2;
      });
    const seen: number[] = [];
    for await (const value of stream()) seen.push(value);
    for await (const _ of stream()) break;
    expect(seen).toEqual([1, 2]);
    expect(sink.entries.flatMap((e) => (e.kind === 'outcome' ? [e.outcome] : []))).toEqual([
      'done',
      'unknown',
    ]);
  });

  it('an admission is settled once', async () => {
    const sink = new MemorySink();
    const admission = await (await monitorOf(simple, { sink })).admit(read);
    await Promise.all([admission.settle('done'), admission.settle('unknown')]);
    expect(sink.entries.filter((entry) => entry.kind === 'outcome')).toHaveLength(1);
  });
});

describe('the record', () => {
  const failing = (fails: () => boolean): DecisionSink & { kept: unknown[] } => {
    const kept: unknown[] = [];
    return {
      kept,
      append: async (entry) => {
        if (fails()) throw new Error('disk full');
        return { seq: kept.push(entry) - 1 };
      },
      close: async () => {},
    };
  };

  it('no record, no permit, and no charge', async () => {
    let full = true;
    const monitor = await monitorOf(await c.covenant('permit pay on **\nlimit pay 1 per 1 hour'), {
      sink: failing(() => full),
    });
    const pay = { action: 'pay', resource: '/' };
    expect(await monitor.check(pay)).toMatchObject({
      permitted: false,
      code: 'record_failed',
      retryable: true,
    });
    let ran = false;
    await expect(
      monitor.enforce(pay, () => {
        ran = true;
      }),
    ).rejects.toMatchObject({ code: 'record_failed' });
    expect(ran).toBe(false);
    full = false;
    expect((await monitor.check(pay)).permitted).toBe(true);
  });

  it('what could not be recorded is counted in the next entry', async () => {
    let full = true;
    const sink = failing(() => full);
    const monitor = await monitorOf(simple, { sink });
    for (let i = 0; i < 3; i++) await monitor.check({ action: 'x', resource: '/' });
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    full = false;
    await monitor.check(read);
    expect(sink.kept[0]).toMatchObject({ lost: 3 });
    await monitor.check(read);
    expect(sink.kept[1]).not.toHaveProperty('lost');
  });

  it('a result is not lost for want of an outcome’s record', async () => {
    let appended = 0;
    const sink = failing(() => ++appended > 1);
    expect(await (await monitorOf(simple, { sink })).enforce(read, () => 'result')).toBe('result');
  });

  it('a clock that falls behind denies', async () => {
    const monitor = await monitorOf(simple);
    expect((await monitor.check(read)).permitted).toBe(true);
    clock.advance(-59_000);
    expect((await monitor.check(read)).permitted).toBe(true);
    clock.advance(-2_000);
    expect((await monitor.check(read)).code).toBe('clock_suspect');
    clock.now = Number.NaN;
    expect((await monitor.check(read)).code).toBe('clock_suspect');
  });
});

describe('an error of denial', () => {
  it('prints nothing that the agent may not know', async () => {
    const monitor = await monitorOf(
      await c.covenant('permit ** on **\ndeny pay on ** when args.amount > 4711'),
    );
    const error = await monitor
      .enforce({ action: 'pay', resource: '/', context: { args: { amount: 5000 } } }, () => 1)
      .catch((e) => e);
    expect(error).toBeInstanceOf(CovenantDeniedError);
    const { inspect } = await import('node:util');
    for (const text of [String(error), JSON.stringify(error), inspect(error)])
      expect(text).not.toMatch(/4711|5000/);
    expect(error.decision.matched[0].text).toContain('4711');
  });
});

it('a monitor permits exactly what every covenant of the chain permits', async () => {
  const { compile, evaluate } = await import('@stele/ccl');
  const rules = fc
    .array(
      fc.constantFrom(
        'permit a.* on **',
        "permit a.b on '/x/**'",
        'deny a.c on **',
        "deny * on '/y'",
        'permit ** on /x',
        'permit a.b on ** when args.n > 1',
      ),
      { maxLength: 4 },
    )
    .map((lines) => lines.join('\n'));
  const requests = fc.record({
    action: fc.constantFrom('a.b', 'a.c', 'a', 'b.b', 'a..b'),
    resource: fc.constantFrom('/x', '/x/1', '/y', '/', '/x/../y'),
    context: fc.record({ args: fc.record({ n: fc.integer({ min: 0, max: 3 }) }, { requiredKeys: [] }) }),
  });
  await fc.assert(
    fc.asyncProperty(
      rules,
      rules,
      fc.array(requests, { minLength: 1, maxLength: 8 }),
      async (root, leaf, asked) => {
        const monitor = await monitorOf(await c.chain(root, leaf));
        for (const request of asked) {
          const expected = [root, leaf].every((text) => evaluate(compile(text), request).permitted);
          expect((await monitor.check(request)).permitted).toBe(expected);
        }
      },
    ),
    { numRuns: 60 },
  );
});

function nest(depth: number): object {
  let value: Record<string, unknown> = {};
  for (let i = 1; i < depth; i++) value = { x: value };
  return value;
}

describe('what decided', () => {
  const rules =
    'permit pay on **\nlimit pay 1 per 1 hour\nrequire human.approval for pay on ** when args.ask = true';
  const pay = (ask: boolean) => ({ action: 'pay', resource: '/', context: { args: { ask } } });

  it('is named for limits and obligations, in the record too, without amounts and conditions', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf(await c.covenant(rules), {
      sink,
      obligations: { 'human.approval': () => 'pending' },
    });
    await monitor.check(pay(false));
    const exceeded = await monitor.check(pay(false));
    expect(exceeded).toMatchObject({
      code: 'limit_exceeded',
      line: 2,
      statement: { line: 2, text: 'limit pay on **' },
    });
    const pending = await monitor.check(pay(true));
    expect(pending).toMatchObject({
      code: 'obligation_pending',
      line: 3,
      statement: { text: 'require human.approval for pay on **' },
    });
    await monitor.close();
    expect(sink.entries.map((entry) => entry.kind === 'decision' && entry.statements)).toEqual([
      [1],
      [2],
      [3],
    ]);
  });

  it('is kept back where it stands in a covenant above', async () => {
    const [root, leaf] = await c.chain(rules, 'permit pay on **');
    const monitor = await monitorOf([root, leaf]);
    await monitor.check(pay(false));
    const denial = denialOf(await monitor.check(pay(false)));
    expect(denial).toMatchObject({
      code: 'limit_exceeded',
      reason: 'a limit of a covenant above is used up',
    });
    expect(denial).not.toHaveProperty('statement');
  });

  it('is told to whoever looks on, who decides nothing', async () => {
    const seen: unknown[] = [];
    const onDecision = (decision: { code: string }, request?: { action: string }) => {
      seen.push([decision.code, request?.action]);
      throw new Error('ignored');
    };
    const monitor = await monitorOf(simple, { onDecision });
    await monitor.check(read);
    await monitor.check({ action: 'x', resource: '/' });
    await monitor.check(null as never);
    expect(seen).toEqual([
      ['permitted', 'orders.read'],
      ['no_matching_permit', 'x'],
      ['malformed_request', undefined],
    ]);
  });
});

describe('MemorySink', () => {
  it('keeps the last entries, and contexts only where it is to', async () => {
    const outcome = { v: 1, kind: 'outcome', time: '', of: 0, outcome: 'done' } as const;
    const sink = new MemorySink({ capacity: 2 });
    for (let i = 0; i < 9; i++) expect(await sink.append(outcome)).toEqual({ seq: i });
    expect(sink.entries.length).toBeLessThan(4);
    expect(sink.entries.at(-1)?.seq).toBe(8);
    const bare = new MemorySink({ values: false });
    const monitor = await monitorOf(simple, { sink: bare });
    await monitor.check({ ...read, context: { args: { secret: 1 } } });
    expect(bare.entries[0]).toMatchObject({ context: null, resource: '/orders/1' });
  });

  it.each([0, -1, 1.5, Number.NaN])('a capacity of %s is the caller’s mistake', (capacity) => {
    expect(() => new MemorySink({ capacity })).toThrow(RangeError);
  });

  it('a malformed request of any length leaves a short entry', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf(simple, { sink });
    await monitor.check({ action: 'x'.repeat(100_000), resource: '/'.repeat(100_000) });
    await monitor.close();
    expect(JSON.stringify(sink.entries[0]).length).toBeLessThan(10_000);
  });
});
