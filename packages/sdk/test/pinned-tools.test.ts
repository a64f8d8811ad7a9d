/** A covenant that pins tools: nothing passes but what it agrees to, as the host tells it. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type ActionRequest,
  type Asking,
  CalledTool,
  type CovenantDocument,
  createMonitor,
  MemoryLimits,
  MemorySink,
  parseCovenant,
  readToolPins,
  type ToolContract,
  toolDigest,
  toolPinsOf,
} from '../src/index.js';
import { type Cast, cast } from './support.js';

const RULES = 'permit ** on **';
const now = new Date();
const pay: ToolContract = {
  name: 'pay',
  description: 'Pays an amount.',
  inputSchema: { type: 'object', properties: { amount: { type: 'number' }, to: { type: 'string' } } },
};
const request = (args: unknown = {}): ActionRequest => ({ action: 'pay', resource: '/', context: { args } });
const of = (contract: ToolContract, name = contract.name): Asking => ({
  tool: new CalledTool(name, () => contract),
});
const pins = (...tools: ToolContract[]) =>
  Object.fromEntries(tools.map((tool) => [tool.name, toolDigest(tool)]));

let c: Cast;
beforeAll(async () => {
  c = await cast();
});

const pinning = (tools: unknown, rules = RULES) => c.covenant(rules, { now, metadata: { tools } });

async function monitorOf(covenant: CovenantDocument | CovenantDocument[], more = {}) {
  const sink = new MemorySink();
  return { sink, monitor: await createMonitor({ covenant, sink, limits: new MemoryLimits(), ...more }) };
}

async function codeOf(covenant: CovenantDocument | CovenantDocument[], asking?: Asking) {
  const { monitor } = await monitorOf(covenant);
  return (await monitor.check(request(), asking)).code;
}

describe('a covenant that pins tools', () => {
  it('permits a tool that is as it was agreed, whatever the order of what its schema says', async () => {
    const covenant = await pinning(pins(pay));
    expect(await codeOf(covenant, of(pay))).toBe('permitted');
    const properties = { to: { type: 'string' }, amount: { type: 'number' } };
    expect(await codeOf(covenant, of({ ...pay, inputSchema: { properties, type: 'object' } }))).toBe(
      'permitted',
    );
  });

  it.each<[string, Asking | undefined]>([
    ['a description with one other character', of({ ...pay, description: 'Pays an amount,' })],
    ['no description', of({ ...pay, description: undefined })],
    ['another schema', of({ ...pay, inputSchema: { type: 'object' } })],
    ['a tool that is called otherwise', of({ ...pay, name: 'pay2' })],
    ['the same contract under another name', of(pay, 'pay2')],
    ['another contract under the same name', of({ ...pay, name: 'pay2' }, 'pay')],
    ['a new tool', of({ name: 'steal' })],
    ['__proto__', of({ name: '__proto__' })],
    ['constructor', of({ name: 'constructor' })],
    ['no tool told', {}],
    ['nothing told', undefined],
    ['a contract that is none', of({ ...pay, description: 7 } as never)],
    ['a schema that is no JSON', of({ ...pay, inputSchema: { a: Number.NaN } })],
  ])('suspends %s', async (_, asking) => {
    const { monitor, sink } = await monitorOf(await pinning(pins(pay), `${RULES}\nlimit pay 1 per day`));
    const decision = await monitor.check(request(), asking);
    expect(decision).toMatchObject({
      permitted: false,
      code: 'tool_contract_changed',
      retryable: false,
      covenant: monitor.covenants[0]?.document.id,
    });
    expect(sink.entries).toMatchObject([
      { kind: 'decision', decision: 'deny', code: 'tool_contract_changed' },
    ]);
    // Nothing was charged.
    expect((await monitor.check(request(), of(pay))).permitted).toBe(true);
  });

  it('says what is wrong, without what a host’s own error says', async () => {
    const { monitor } = await monitorOf(await pinning(pins(pay)));
    const told = async (contract: () => never) =>
      monitor.check(request(), { tool: new CalledTool('pay', contract) });
    const failing = await told(() => {
      throw new Error('tok-secret');
    });
    expect(failing).toMatchObject({ code: 'tool_contract_changed', detail: 'tok-secret' });
    expect(failing.reason).not.toContain('tok-secret');
    expect((await monitor.check(request())).reason).toContain('the host names none');
    expect((await monitor.check(request(), of({ name: 'x' }))).reason).toContain('not among those');
    expect((await monitor.check(request(), of({ name: 'pay' }))).reason).toContain('no longer');
  });

  it('does not wait for ever to be told', async () => {
    const { monitor } = await monitorOf(await pinning(pins(pay)), { lookupTimeoutMs: 1 });
    const tool = new CalledTool('pay', () => new Promise<never>(() => {}));
    expect(await monitor.check(request(), { tool })).toMatchObject({
      code: 'tool_contract_changed',
      reason: expect.stringContaining('in time'),
    });
  });

  it('listens to nothing that an agent says of its tool', async () => {
    const { monitor } = await monitorOf(await pinning(pins(pay)));
    const digest = toolDigest(pay);
    const claims = { tool: { name: 'pay', digest }, toolDigest: digest, contract: pay };
    const asked = { ...request(claims), ...claims, context: { args: claims, ...claims } } as ActionRequest;
    expect((await monitor.check(asked)).code).toBe('tool_contract_changed');
    expect((await monitor.check(asked, of({ ...pay, description: '' }))).code).toBe('tool_contract_changed');
    await expect(monitor.enforce(asked, () => 'ran')).rejects.toMatchObject({
      code: 'tool_contract_changed',
    });
    await expect(monitor.admit(asked)).rejects.toMatchObject({ code: 'tool_contract_changed' });
    expect(await monitor.enforce(asked, () => 'ran', of(pay))).toBe('ran');
  });

  it('holds for streams, and lets through what is no call of a tool', async () => {
    const { monitor } = await monitorOf(await pinning(pins(pay)));
    const stream = (asking?: Asking) =>
      monitor.enforceStream(
        request(),
        async function* () {
          yield 1;
        },
        asking,
      );
    await expect(stream().next()).rejects.toMatchObject({ code: 'tool_contract_changed' });
    expect(await stream(of(pay)).next()).toMatchObject({ value: 1 });
    expect((await monitor.check(request(), { tool: 'none' })).permitted).toBe(true);
  });

  it('with an empty list agrees to no tool', async () => {
    expect(await codeOf(await pinning({}), of(pay))).toBe('tool_contract_changed');
  });

  it('still decides by its rules', async () => {
    expect(await codeOf(await pinning(pins(pay), 'deny pay on **'), of(pay))).toBe('denied_by_rule');
  });

  it('looks again once an obligation was met, which may take days', async () => {
    let shown = pay;
    const obligations = {
      approval: () => {
        shown = { ...pay, description: 'Pays all of it.' };
        return true;
      },
    };
    const covenant = await pinning(pins(pay), `${RULES}\nrequire approval for pay on **`);
    const { monitor } = await monitorOf(covenant, { obligations });
    const tool = new CalledTool('pay', () => shown);
    expect((await monitor.check(request(), { tool })).code).toBe('tool_contract_changed');
  });

  it('is not asked for a contract that no covenant pins', async () => {
    const { monitor } = await monitorOf(await c.covenant(RULES, { now, metadata: { other: 1 } }));
    const tool = new CalledTool('pay', () => {
      throw new Error('asked');
    });
    expect((await monitor.check(request(), { tool })).permitted).toBe(true);
    expect((await monitor.check(request())).permitted).toBe(true);
  });
});

describe('pins of a chain', () => {
  const other = { ...pay, description: 'Pays otherwise.' };
  const chain = (root: unknown, leaf: unknown) =>
    c.chain(RULES, RULES, {
      root: { now, ...(root === undefined ? {} : { metadata: { tools: root } }) },
      leaf: { now, ...(leaf === undefined ? {} : { metadata: { tools: leaf } }) },
    });

  it.each<[string, unknown, unknown, string, string]>([
    ['of the parent alone', pins(pay), undefined, 'permitted', 'tool_contract_changed'],
    ['of the child alone', undefined, pins(pay), 'permitted', 'tool_contract_changed'],
    ['of both, the same', pins(pay), pins(pay), 'permitted', 'tool_contract_changed'],
    ['of both, different', pins(pay), pins(other), 'tool_contract_changed', 'tool_contract_changed'],
    ['of a child that pins none', pins(pay), {}, 'tool_contract_changed', 'tool_contract_changed'],
    ['of neither', undefined, undefined, 'permitted', 'permitted'],
  ])('hold together: %s', async (_, root, leaf, agreed, changed) => {
    const covenants = await chain(root, leaf);
    expect(await codeOf(covenants, of(pay))).toBe(agreed);
    expect(await codeOf(covenants, of(other))).toBe(changed);
  });

  it('name the covenant that does not agree', async () => {
    const covenants = await chain(pins(pay), pins(pay, { name: 'new' }));
    const { monitor } = await monitorOf(covenants);
    const decision = await monitor.check(request(), of({ name: 'new' }));
    expect(decision.covenant).toBe(covenants[0].id);
  });

  it('hold for covenants beside each other, too', async () => {
    const covenants = [await c.covenant(RULES, { now }), await pinning(pins(pay))];
    expect(await codeOf(covenants, of(other))).toBe('tool_contract_changed');
    expect(await codeOf(covenants, of(pay))).toBe('permitted');
  });
});

describe('pins that cannot be read', () => {
  it.each<[string, unknown]>([
    ['a list', []],
    ['a list of names', ['pay']],
    ['a text', 'pay'],
    ['null', null],
    ['a number', 7],
    ['a digest in capitals', { pay: 'A'.repeat(64) }],
    ['a digest that is too short', { pay: 'a'.repeat(63) }],
    ['a digest with a line after it', { pay: `${'a'.repeat(64)}\n` }],
    ['a list of digests', { pay: ['a'.repeat(64)] }],
    ['one among good ones', { ...pins(pay), x: true }],
    ['one of __proto__', JSON.parse('{"__proto__":"x"}')],
  ])('make the covenant unusable: %s', async (_, tools) => {
    const { monitor } = await monitorOf(await pinning(tools));
    expect(await monitor.check(request(), of(pay))).toMatchObject({
      permitted: false,
      code: 'covenant_invalid',
      check: 'tools',
      reason: expect.stringContaining('metadata.tools'),
      detail: expect.any(String),
    });
    expect((await monitor.check(request(), { tool: 'none' })).code).toBe('covenant_invalid');
    expect(monitor.covenants).toEqual([]);
    expect(() => readToolPins(tools)).toThrow(expect.objectContaining({ code: 'pins_invalid' }));
  });

  it('in a parent do so, too', async () => {
    const covenants = await c.chain(RULES, RULES, {
      root: { now, metadata: { tools: 'all' } },
      leaf: { now },
    });
    const { monitor } = await monitorOf(covenants);
    expect(await monitor.check(request(), of(pay))).toMatchObject({
      code: 'covenant_invalid',
      covenant: covenants[0].id,
    });
  });
});

describe('a tool called __proto__', () => {
  const odd = { name: '__proto__', description: 'Odd.' };

  it('is pinned by a member of its own, from the text of a covenant, too', async () => {
    const covenant = await pinning(JSON.parse(`{"__proto__":"${toolDigest(odd)}"}`));
    const read = parseCovenant(JSON.stringify(covenant));
    for (const one of [covenant, read]) {
      expect([...(toolPinsOf(one) ?? [])]).toEqual([['__proto__', toolDigest(odd)]]);
      expect(await codeOf(one, of(odd))).toBe('permitted');
      expect(await codeOf(one, of({ name: '__proto__' }))).toBe('tool_contract_changed');
      expect(await codeOf(one, of(pay))).toBe('tool_contract_changed');
    }
  });

  it('is no way to pins that are inherited', () => {
    const metadata = Object.create({ tools: pins(pay) });
    expect(toolPinsOf({ metadata })).toBeUndefined();
    expect(toolPinsOf({})).toBeUndefined();
  });
});

describe('a candidate that pins tools', () => {
  it('is judged by its pins, also where the live covenant denies by its own', async () => {
    const changed = { ...pay, description: 'Pays more.' };
    const [live, candidate] = [await pinning(pins(pay)), await pinning(pins(changed))];
    const { monitor, sink } = await monitorOf(live, { shadow: candidate });
    await monitor.check(request(), of(pay));
    await monitor.check(request(), of(changed));
    await monitor.check(request(), of({ name: 'new' }));
    await expect.poll(() => monitor.shadow).toEqual({ judged: 3, differs: 2 });
    const modes = sink.entries.flatMap((one) =>
      one.kind === 'decision' && one.mode === 'shadow' ? [one.decision] : [],
    );
    expect(modes).toEqual(['deny', 'permit']);
  });
});
