import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ToolGuardOptions, withStele, withSteleTools } from '../../src/adapters.js';
import {
  ActionNotPerformedError,
  CovenantDeniedError,
  type CovenantDocument,
  type DecisionSink,
  MemoryLimits,
  MemorySink,
} from '../../src/index.js';
import { type Cast, cast } from '../support.js';
import { type Definition, sdks } from './ai-support.js';
import { gate } from './http-support.js';

let c: Cast;
let covenant: CovenantDocument;

beforeAll(async () => {
  c = await cast();
  covenant = await covenantOf(
    "permit lookup on **\npermit pay on ** when args.amount <= 4711\ndeny pay on ** when args.to = 'mallory'",
  );
});

const covenantOf = (text: string) => c.covenant(text, { now: new Date() });
const outcomesOf = (sink: MemorySink) =>
  sink.entries.flatMap((e) => (e.kind === 'outcome' ? [e.outcome] : []));
const decisionsOf = (sink: MemorySink) => sink.entries.flatMap((e) => (e.kind === 'decision' ? [e] : []));

const anything = z.looseObject({});

/** A tool that notes what it was called with. */
function noting(answer: unknown = 'answer') {
  const inputs: unknown[] = [];
  const execute = async (input: unknown) => {
    inputs.push(input);
    return answer;
  };
  return { inputs, definition: { inputSchema: anything, execute } satisfies Definition };
}

describe.each(sdks)('%s', (_name, sdk, version) => {
  it('a permitted tool runs and the model sees its output', async () => {
    const { inputs, definition } = noting({ total: 7 });
    const sink = new MemorySink();
    const tools = withSteleTools({ lookup: sdk.tool(definition) }, { covenant, sink });
    const { parts, told, text } = await sdk.run(tools, [{ toolName: 'lookup', input: { id: 1 } }]);
    expect(inputs).toEqual([{ id: 1 }]);
    expect(parts.filter((part) => part.type === 'tool-result')).toMatchObject([{ output: { total: 7 } }]);
    expect(told).toMatchObject([{ toolName: 'lookup', output: { type: 'json', value: { total: 7 } } }]);
    expect(text).toBe('done');
    expect(decisionsOf(sink)).toMatchObject([
      {
        action: 'lookup',
        resource: '/',
        context: { args: { id: 1 }, tool: { name: 'lookup' } },
        decision: 'permit',
      },
    ]);
    expect(outcomesOf(sink)).toEqual(['done']);
  });

  it('a denied tool does not run; the model is told code and reason, no more; the loop goes on', async () => {
    const { inputs, definition } = noting();
    const lookup = noting('found');
    const tools = withSteleTools(
      { pay: sdk.tool(definition), lookup: sdk.tool(lookup.definition) },
      { covenant },
    );
    const { parts, told, text } = await sdk.run(tools, [
      { toolName: 'pay', input: { to: 'mallory', amount: 1, note: 'tok-secret' } },
      { toolName: 'lookup', input: {} },
    ]);
    expect(inputs).toEqual([]);
    expect(lookup.inputs).toHaveLength(1);
    const errors = parts.filter((part) => part.type === 'tool-error');
    expect(errors).toHaveLength(1);
    const error = errors[0]?.error as CovenantDeniedError;
    expect(error).toBeInstanceOf(CovenantDeniedError);
    expect(error).toMatchObject({ code: 'denied_by_rule', denial: { statement: { line: 3 } } });
    const refusal = told.find(({ toolName }) => toolName === 'pay')?.output;
    expect(refusal).toMatchObject({ type: 'error-text', value: expect.stringContaining('denied_by_rule') });
    expect(refusal?.value).toContain(error.denial.reason);
    expect(JSON.stringify([told, error])).not.toMatch(/4711|mallory|tok-secret/);
    expect(told.find(({ toolName }) => toolName === 'lookup')?.output).toMatchObject({ value: 'found' });
    expect(text).toBe('done');
  });

  it('keeps the preliminary results of a generator', async () => {
    const execute = async function* ({ n }: { n: number }) {
      for (let i = 1; i <= n; i++) yield { at: i };
    };
    const sink = new MemorySink();
    const tools = withSteleTools(
      { lookup: sdk.tool({ inputSchema: anything, execute }) },
      { covenant, sink },
    );
    const { parts, told } = await sdk.run(tools, [{ toolName: 'lookup', input: { n: 3 } }]);
    const results = parts.filter((part) => part.type === 'tool-result');
    expect(results.at(-1)).toMatchObject({ output: { at: 3 } });
    expect(results.filter((part) => part.preliminary === true).map((part) => part.output)).toEqual(
      parts.some((part) => part.preliminary) ? [{ at: 1 }, { at: 2 }, { at: 3 }] : [],
    );
    expect(told).toMatchObject([{ output: { value: { at: 3 } } }]);
    expect(outcomesOf(sink)).toEqual(['done']);
  });

  it('releases nothing of a denied generator', async () => {
    let started = false;
    const execute = async function* () {
      started = true;
      yield 'secret';
    };
    const tools = withSteleTools({ other: sdk.tool({ inputSchema: anything, execute }) }, { covenant });
    const { parts, told } = await sdk.run(tools, [{ toolName: 'other', input: {} }]);
    expect(started).toBe(false);
    expect(parts.filter((part) => part.type === 'tool-result')).toEqual([]);
    expect(told).toMatchObject([
      { output: { type: 'error-text', value: expect.stringContaining('no_matching_permit') } },
    ]);
  });

  it('a plain function that returns an iterable gives its last value', async () => {
    const inner = async function* () {
      yield 'first';
      yield 'last';
    };
    const tools = withSteleTools(
      { lookup: sdk.tool({ inputSchema: anything, execute: () => inner() }) },
      { covenant },
    );
    expect((await sdk.run(tools, [{ toolName: 'lookup', input: {} }])).told).toMatchObject([
      { output: { value: 'last' } },
    ]);
  });

  it.each<[string, () => unknown, unknown]>([
    ['text', () => 'plain', 'plain'],
    ['null', () => null, null],
    ['a list', () => [1], [1]],
    ['an object that iterates in name only', () => ({ [Symbol.asyncIterator]: 1, n: 1 }), { n: 1 }],
  ])('a tool that is not async gives %s', async (_what, execute, value) => {
    const bare = { lookup: sdk.tool({ inputSchema: anything, execute }) };
    const calls = [{ toolName: 'lookup', input: {} }];
    const { told } = await sdk.run(withSteleTools(bare, { covenant }), calls);
    const unguarded = (await sdk.run(bare, calls)).told;
    expect(told).toEqual(unguarded);
    // AI SDK 7.0.0 cannot stream the last of these, guarded or not.
    if (unguarded.length > 0) expect(told).toMatchObject([{ output: { value } }]);
  });

  it('a tool that throws is told of as it was, with outcome unknown, also when it is a generator', async () => {
    const mine = new Error('time-out');
    const sink = new MemorySink();
    const throwing = {
      async: async () => Promise.reject(mine),
      sync: () => {
        throw mine;
      },
      generator: async function* () {
        yield 1;
        throw mine;
      },
    };
    for (const execute of Object.values(throwing)) {
      const tools = withSteleTools(
        { lookup: sdk.tool({ inputSchema: anything, execute }) },
        { covenant, sink },
      );
      const { parts } = await sdk.run(tools, [{ toolName: 'lookup', input: {} }]);
      expect(parts.find((part) => part.type === 'tool-error')?.error).toBe(mine);
    }
    expect(outcomesOf(sink)).toEqual(['unknown', 'unknown', 'unknown']);
  });

  it('what the tool needs besides survives: dynamic tools, context, toModelOutput', async () => {
    const seen: Record<string, unknown>[] = [];
    const definition: Definition = {
      description: 'looks up',
      inputSchema: anything,
      toModelOutput: () => ({ type: 'text', value: 'as text' }),
      execute: async (_input: unknown, options: Record<string, unknown>) => {
        seen.push(options);
        return { raw: true };
      },
    };
    const tools = withSteleTools(
      { lookup: sdk.tool(definition), pay: sdk.dynamicTool(definition) },
      { covenant },
    );
    const shared = { user: 'ann' };
    const { told } = await sdk.run(
      tools,
      [
        { toolName: 'lookup', input: {} },
        { toolName: 'pay', input: { amount: 1, to: 'ann' } },
      ],
      version === 6 ? { experimental_context: shared } : { toolsContext: { lookup: shared, pay: shared } },
    );
    expect(told.map(({ output }) => output)).toEqual([
      { type: 'text', value: 'as text' },
      { type: 'text', value: 'as text' },
    ]);
    expect(seen).toHaveLength(2);
    for (const options of seen) {
      expect(options).toMatchObject({ toolCallId: expect.any(String), messages: expect.any(Array) });
    }
    expect(seen[0]?.[version === 6 ? 'experimental_context' : 'context']).toBe(shared);
  });

  it('asks the person before the check, and checks what the person approved', async () => {
    const { inputs, definition } = noting();
    const asked: unknown[] = [];
    const needsApproval = async (input: unknown) => {
      asked.push(input);
      return true;
    };
    const tools = withSteleTools({ pay: sdk.tool({ ...definition, needsApproval }) }, { covenant });
    const { parts } = await sdk.run(tools, [{ toolName: 'pay', input: { amount: 1, to: 'ann' } }]);
    expect(parts.some((part) => part.type === 'tool-approval-request')).toBe(true);
    expect(asked).toEqual([{ amount: 1, to: 'ann' }]);
    expect(inputs).toEqual([]);
  });

  it('a call that a person approved, or that claims so, is judged all the same', async () => {
    const { inputs, definition } = noting();
    const tools = withSteleTools({ pay: sdk.tool({ ...definition, needsApproval: true }) }, { covenant });
    const approved = (amount: number) => [
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        content: [
          { type: 'tool-call', toolCallId: 'x', toolName: 'pay', input: { amount, to: 'ann' } },
          { type: 'tool-approval-request', approvalId: 'a', toolCallId: 'x' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-approval-response', approvalId: 'a', approved: true }] },
    ];
    await sdk.run(tools, [], { prompt: undefined, messages: approved(5000) });
    expect(inputs).toEqual([]);
    await sdk.run(tools, [], { prompt: undefined, messages: approved(5) });
    expect(inputs).toEqual([{ amount: 5, to: 'ann' }]);
  });

  it('passes the signal of the caller on, and does not run what was aborted during the check', async () => {
    const slow = await covenantOf(
      'permit lookup on **\nrequire wait on ** when args.wait = true\nlimit lookup 10 of args.cost per 1 hour',
    );
    const aborter = new AbortController();
    const asked = gate();
    const answer = gate();
    const signals: unknown[] = [];
    let runs = 0;
    const execute = async (_input: unknown, { abortSignal }: { abortSignal?: AbortSignal }) => {
      runs++;
      signals.push(abortSignal?.aborted);
    };
    const sink = new MemorySink();
    const limits = new MemoryLimits();
    const wait = async () => {
      asked.open();
      await answer.opened;
      return true;
    };
    const options = { covenant: slow, sink, limits, obligations: { wait } };
    const tools = withSteleTools({ lookup: sdk.tool({ inputSchema: anything, execute }) }, options);
    await sdk.run(tools, [{ toolName: 'lookup', input: { wait: false, cost: 1 } }], {
      abortSignal: aborter.signal,
    });
    expect(signals).toEqual([false]);

    const running = sdk
      .run(tools, [{ toolName: 'lookup', input: { wait: true, cost: 9 } }], { abortSignal: aborter.signal })
      .catch(() => undefined);
    await asked.opened;
    aborter.abort();
    answer.open();
    await running;
    await sdk.run(tools, [{ toolName: 'lookup', input: { wait: false, cost: 9 } }]);
    expect(runs).toBe(2);
    expect(outcomesOf(sink)).toEqual(['done', 'not_performed', 'done']);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    'a tool named %s is judged like any other',
    async (name) => {
      const { inputs, definition } = noting();
      const tools = { [name]: sdk.tool(definition) };
      const { parts } = await sdk.run(withSteleTools(tools, { covenant }), [{ toolName: name, input: {} }]);
      expect(parts.some((part) => part.type === 'tool-error')).toBe(true);
      expect(inputs).toEqual([]);
      await sdk.run(withSteleTools(tools, { covenant: await covenantOf(`permit ${name} on **`) }), [
        { toolName: name, input: {} },
      ]);
      expect(inputs).toHaveLength(1);
    },
  );

  it('of parallel calls for one unit, one runs', async () => {
    const { inputs, definition } = noting();
    const once = await covenantOf('permit lookup on **\nlimit lookup 1 per 1 hour');
    const tools = withSteleTools({ lookup: sdk.tool(definition) }, { covenant: once });
    const { told } = await sdk.run(
      tools,
      Array.from({ length: 20 }, () => ({ toolName: 'lookup', input: {} })),
    );
    expect(inputs).toHaveLength(1);
    expect(told.filter(({ output }) => output.type === 'error-text')).toHaveLength(19);
  });
});

const [, sdk] = sdks[2] as (typeof sdks)[number];

/** Calls a tool as the SDK would. */
const call = async (
  tool: { execute?: unknown },
  input: unknown,
  options: object = { toolCallId: 'x', messages: [] },
): Promise<unknown> => (tool.execute as (input: unknown, options: object) => unknown)(input, options);

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ran',
    (error: { code?: string }) => error.code,
  );

describe('arguments', () => {
  it('are read once: what was judged is what runs', async () => {
    const { inputs, definition } = noting();
    const asked = gate();
    const answer = gate();
    const slow = await covenantOf('permit pay on ** when args.amount <= 10\nrequire wait on **');
    const wait = async () => {
      asked.open();
      await answer.opened;
      return true;
    };
    const guarded = withStele(sdk.tool(definition), { name: 'pay', covenant: slow, obligations: { wait } });
    const input = { amount: 10, to: { iban: 'good' } };
    const running = call(guarded, input);
    input.amount = 5000;
    await asked.opened;
    input.to.iban = 'evil';
    answer.open();
    await running;
    expect(inputs).toEqual([{ amount: 10, to: { iban: 'good' } }]);
  });

  it('are judged as they were at the call, even when the monitor is not made yet', async () => {
    const { inputs, definition } = noting();
    const guarded = withStele(sdk.tool(definition), {
      name: 'pay',
      covenant: await covenantOf('permit pay on ** when args.amount <= 10'),
    });
    const input = { amount: 5000 };
    const running = code(call(guarded, input));
    input.amount = 10;
    expect(await running).toBe('no_matching_permit');
    expect(inputs).toEqual([]);
  });

  it('are the tool’s own to change: neither the caller’s object nor the record moves', async () => {
    const sink = new MemorySink();
    const definition: Definition = {
      inputSchema: anything,
      execute: (input: { list: number[] }) => input.list.push(2),
    };
    const input = { list: [1] };
    expect(await call(withStele(sdk.tool(definition), { name: 'lookup', covenant, sink }), input)).toBe(2);
    expect(input).toEqual({ list: [1] });
    expect(decisionsOf(sink)).toMatchObject([{ context: { args: { list: [1] } } }]);
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  it.each<[string, unknown]>([
    ['NaN', { n: Number.NaN }],
    ['infinity', { n: Number.POSITIVE_INFINITY }],
    ['a lone surrogate', { s: '\ud800' }],
    ['a cycle', cycle],
    ['10 MB', { s: 'x'.repeat(10_000_000) }],
    ['a BigInt', { n: 1n }],
    ['a Date', { when: new Date() }],
    ['a Map', { m: new Map() }],
    ['undefined inside', { u: undefined }],
    ['a function', { f: () => 1 }],
    ['a symbol', { [Symbol('x')]: 1 }],
    ['a getter', Object.defineProperty({}, 'amount', { get: () => 1, enumerable: true })],
    ['a hidden property', Object.defineProperty({}, 'amount', { value: 1 })],
    [
      'an instance',
      new (class Order {
        id = 1;
      })(),
    ],
    ['a sparse list', { list: new Array(3) }],
    ['toJSON', { toJSON: () => ({}) }],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('no');
          },
        },
      ),
    ],
    ['a depth of 100', JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`)],
  ])('with %s are malformed, and nothing runs', async (_what, input) => {
    const { inputs, definition } = noting();
    const all = await covenantOf('permit ** on **');
    const sink = new MemorySink();
    const options: ToolGuardOptions[] = [
      { covenant: all, sink },
      { covenant: all, sink, action: () => 'x', resource: () => '/x' },
    ];
    for (const each of options) {
      expect(await code(call(withStele(sdk.tool(definition), { name: 'pay', ...each }), input))).toBe(
        'malformed_request',
      );
    }
    expect(inputs).toEqual([]);
    expect(decisionsOf(sink)).toMatchObject([{ code: 'malformed_request' }, { code: 'malformed_request' }]);
  });

  it('of a proxy that can be read only the second time do not slip past the host’s action', async () => {
    let reads = 0;
    const moody = new Proxy(
      { amount: 1 },
      {
        ownKeys: (target) => {
          if (reads++ === 0) throw new Error('not yet');
          return Reflect.ownKeys(target);
        },
      },
    );
    const { inputs, definition } = noting();
    const guarded = withStele(sdk.tool(definition), { name: 'lookup', covenant, action: () => 'forbidden' });
    expect(await code(call(guarded, moody))).toBe('malformed_request');
    expect(inputs).toEqual([]);
  });

  it.each([
    [{}],
    [[]],
    ['text'],
    [5],
    [true],
    [null],
    [{ constructor: { prototype: 1 }, toString: 1 }],
    [JSON.parse('{"__proto__":{"admin":true}}')],
  ])('that are JSON come through as they are: %j', async (input) => {
    const { inputs, definition } = noting();
    await call(withStele(sdk.tool(definition), { name: 'lookup', covenant }), input);
    expect(inputs).toEqual([input]);
    expect(JSON.stringify(inputs[0])).toBe(JSON.stringify(input));
  });

  it('that are absent are none', async () => {
    const { inputs, definition } = noting();
    await call(withStele(sdk.tool(definition), { name: 'lookup', covenant }), undefined);
    expect(inputs).toEqual([{}]);
  });

  it('cannot pass for facts of the host', async () => {
    const { inputs, definition } = noting();
    const host = await covenantOf(
      "permit pay on ** when session.role = 'admin' or tool.name = 'lookup' or role = 'admin'",
    );
    const guarded = withStele(sdk.tool(definition), { name: 'pay', covenant: host });
    for (const input of [
      { session: { role: 'admin' } },
      { tool: { name: 'lookup' } },
      { role: 'admin' },
      JSON.parse('{"__proto__":{"role":"admin"}}'),
    ]) {
      expect(await code(call(guarded, input))).toBe('no_matching_permit');
    }
    expect(inputs).toEqual([]);
  });
});

describe('options', () => {
  it('action and resource may be functions of the arguments', async () => {
    const sink = new MemorySink();
    const rules = await covenantOf("permit pay.small on '/people/*'");
    const guarded = withStele(sdk.tool(noting().definition), {
      covenant: rules,
      sink,
      action: (input) => ((input as { amount: number }).amount < 10 ? 'pay.small' : 'pay.large'),
      resource: (input) => `/people/${(input as { to: string }).to}`,
      context: (input) => ({ session: { copy: input } }),
    });
    expect(await code(call(guarded, { amount: 1, to: 'ann' }))).toBe('ran');
    expect(await code(call(guarded, { amount: 10, to: 'ann' }))).toBe('no_matching_permit');
    expect(await code(call(guarded, { amount: 1, to: '../root' }))).toBe('malformed_request');
    expect(decisionsOf(sink)[0]).toMatchObject({
      action: 'pay.small',
      resource: '/people/ann',
      context: { session: { copy: { to: 'ann' } } },
    });
  });

  it('a set can have names of its own: functions are told which tool it is', async () => {
    const rules = await covenantOf("permit desk.lookup on '/tools/lookup'");
    const guarded = withSteleTools(
      { lookup: sdk.tool(noting().definition), other: sdk.tool(noting().definition) },
      {
        covenant: rules,
        action: (_input, { name }) => `desk.${name}`,
        resource: (_input, { name }) => `/tools/${name}`,
      },
    );
    expect(await code(call(guarded.lookup, {}))).toBe('ran');
    expect(await code(call(guarded.other, {}))).toBe('no_matching_permit');
  });

  it('functions of the host cannot change what runs, and a throw runs nothing', async () => {
    const { inputs, definition } = noting();
    const mutating = (input: unknown) => {
      (input as { amount: number }).amount = 0;
      return 'lookup';
    };
    const guarded = withStele(sdk.tool(definition), { covenant, action: mutating });
    expect(await code(call(guarded, { amount: 1 }))).toBe('malformed_request');
    const promising = withStele(sdk.tool(definition), { covenant, action: (async () => 'lookup') as never });
    expect(await code(call(promising, {}))).toBe('malformed_request');
    expect(inputs).toEqual([]);
  });

  it('facts of the host do not displace args and tool', async () => {
    const sink = new MemorySink();
    const context = { session: { id: 1 }, args: { amount: 0 }, tool: { name: 'other' } } as never;
    await call(withStele(sdk.tool(noting().definition), { name: 'lookup', covenant, sink, context }), {
      amount: 5,
    });
    expect(decisionsOf(sink)[0]?.context).toEqual({
      session: { id: 1 },
      args: { amount: 5 },
      tool: { name: 'lookup' },
    });
  });

  it('a tool without a name is judged as tool.unnamed, and a warning says how to mend it', async () => {
    const warnings: string[] = [];
    const onWarning = (message: string) => void warnings.push(message);
    const guarded = withStele(sdk.tool(noting().definition), { covenant, onWarning });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('name');
    expect(await code(call(guarded, {}))).toBe('no_matching_permit');
    const unnamed = await covenantOf('permit tool.unnamed on **');
    expect(
      await code(call(withStele(sdk.tool(noting().definition), { covenant: unnamed, onWarning }), {})),
    ).toBe('ran');
    withStele(sdk.tool(noting().definition), { covenant, name: 'x', onWarning });
    withStele(sdk.tool(noting().definition), { covenant, action: 'x', onWarning });
    expect(warnings).toHaveLength(2);
  });

  it('the warning is one of the process where no one listens', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    withStele(sdk.tool(noting().definition), { covenant });
    expect(await warned).toMatchObject({ name: 'SteleWarning' });
  });

  it.each(['', 'a..b', 'with space', 'naïve', 'a/b', '*', 'x'.repeat(513)])(
    'a name that is no action is denied: %j',
    async (name) => {
      const all = await covenantOf('permit ** on **');
      expect(await code(call(withStele(sdk.tool(noting().definition), { covenant: all, name }), {}))).toBe(
        'malformed_request',
      );
    },
  );

  it('without a covenant or monitor are refused at once', () => {
    expect(() => withStele(sdk.tool(noting().definition), { name: 'x' } as never)).toThrow(TypeError);
    expect(() => withSteleTools({}, {} as never)).toThrow(TypeError);
  });
});

describe('the tool', () => {
  it('is left alone, and its copy keeps everything else', async () => {
    const { inputs, definition } = noting();
    const extras = {
      description: 'd',
      title: 't',
      needsApproval: true,
      toModelOutput: () => ({}),
      onInputAvailable: () => {},
      strict: true,
      [Symbol.for('mark')]: 1,
    };
    const original = Object.freeze(sdk.tool({ ...definition, ...extras }));
    const guarded = withStele(original, { name: 'pay', covenant });
    expect(guarded).not.toBe(original);
    expect(original.execute).toBe(definition.execute);
    expect(guarded).toMatchObject(extras);
    expect(guarded.inputSchema).toBe(original.inputSchema);
    expect(new Set(Reflect.ownKeys(guarded))).toEqual(new Set(Reflect.ownKeys(original)));
    await call(original, { amount: 9999 });
    expect(inputs).toHaveLength(1);
  });

  it('keeps its class, and what it is called on', async () => {
    class Shop {
      readonly inputSchema = anything;
      readonly stock = 3;
      execute() {
        return this.stock;
      }
    }
    const guarded = withStele(new Shop() as { inputSchema: unknown; stock: number; execute: () => number }, {
      name: 'lookup',
      covenant,
    });
    expect(guarded).toBeInstanceOf(Shop);
    expect(await call(guarded, {})).toBe(3);
  });

  it('stays guarded when it is spread, cloned, re-made or taken apart', async () => {
    const { inputs, definition } = noting();
    const guarded = withStele(sdk.tool(definition), { name: 'forbidden', covenant });
    const { execute } = guarded;
    const copies = [
      { ...guarded },
      Object.assign({}, guarded),
      Object.create(guarded),
      sdk.tool(guarded as unknown as Definition),
      { execute },
      { execute: execute?.bind(undefined) },
    ];
    for (const copy of copies) expect(await code(call(copy, {}))).toBe('no_matching_permit');
    const set = withSteleTools({ forbidden: sdk.tool(definition) }, { covenant });
    for (const tool of Object.values({ ...set, other: set.forbidden }))
      expect(await code(call(tool, {}))).toBe('no_matching_permit');
    expect(inputs).toEqual([]);
  });

  it('guarded twice is judged twice', async () => {
    const sink = new MemorySink();
    const once = withStele(sdk.tool(noting().definition), { name: 'lookup', covenant, sink });
    await call(withStele(once, { name: 'lookup', covenant, sink }), {});
    expect(decisionsOf(sink)).toHaveLength(2);
  });

  it('without execute is refused with a typed error', () => {
    const client = sdk.tool({ inputSchema: anything });
    expect(() => withStele(client, { name: 'x', covenant })).toThrow(
      expect.objectContaining({ code: 'tool_ungovernable' }),
    );
    expect(() => withSteleTools({ client }, { covenant })).toThrow(
      expect.objectContaining({ code: 'tool_ungovernable' }),
    );
  });

  it('named __proto__ is a tool like any other', async () => {
    const { inputs, definition } = noting();
    const tools = Object.fromEntries([['__proto__', sdk.tool(definition)]]);
    const guarded = withSteleTools(tools, { covenant });
    expect(Object.keys(guarded)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(guarded)).toBe(Object.prototype);
    const own = Object.getOwnPropertyDescriptor(guarded, '__proto__')?.value as { execute: unknown };
    expect(await code(call(own, {}))).toBe('no_matching_permit');
    expect(inputs).toEqual([]);
  });

  it('gets what the caller passed, with a signal for the end of its covenant as well', async () => {
    const seen: Record<string, unknown>[] = [];
    const definition: Definition = {
      inputSchema: anything,
      execute: (_input: unknown, options: unknown) => void seen.push(options as Record<string, unknown>),
    };
    const given = new AbortController();
    const messages: unknown[] = [];
    const options = { toolCallId: 'x', messages, abortSignal: given.signal, context: { a: 1 } };
    await call(withStele(sdk.tool(definition), { name: 'lookup', covenant }), {}, options);
    const { abortSignal, ...rest } = seen[0] as { abortSignal: AbortSignal };
    expect(rest).toEqual({ toolCallId: 'x', messages, context: { a: 1 } });
    expect((rest as { messages?: unknown }).messages).toBe(messages);
    given.abort('gone');
    expect([abortSignal.aborted, abortSignal.reason]).toEqual([true, 'gone']);
    await (
      withStele(sdk.tool(definition), { name: 'lookup', covenant }).execute as unknown as (
        input: unknown,
      ) => unknown
    )({});
    expect(seen[1]).toEqual({ abortSignal: expect.any(AbortSignal) });
  });
});

describe('charges', () => {
  const budget =
    (limits = new MemoryLimits()) =>
    async (execute: () => unknown) => {
      const rules = await covenantOf(
        'permit pay on **\nlimit pay 10 of args.amount per 1 hour\nlimit pay 100 per 1 hour',
      );
      const sink = new MemorySink();
      return {
        sink,
        tool: withStele(sdk.tool({ inputSchema: anything, execute }), {
          name: 'pay',
          covenant: rules,
          limits,
          sink,
        }),
      };
    };

  it('stay when the tool fails', async () => {
    const { tool, sink } = await budget()(() => Promise.reject(new Error('time-out')));
    expect(await code(call(tool, { amount: 10 }))).toBeUndefined();
    expect(await code(call(tool, { amount: 1 }))).toBe('limit_exceeded');
    expect(outcomesOf(sink)).toEqual(['unknown']);
  });

  it('are given back when the tool says that it did nothing', async () => {
    const { tool, sink } = await budget()(() => Promise.reject(new ActionNotPerformedError()));
    expect(await code(call(tool, { amount: 10 }))).toBe('action_not_performed');
    expect(await code(call(tool, { amount: 10 }))).toBe('action_not_performed');
    expect(outcomesOf(sink)).toEqual(['not_performed', 'not_performed']);
  });

  it('are kept by a reader who leaves a generator early', async () => {
    const rules = await covenantOf('permit pay on **\nlimit pay 10 of args.amount per 1 hour');
    const sink = new MemorySink();
    const execute = async function* () {
      yield 1;
      yield 2;
    };
    const tool = withStele(sdk.tool({ inputSchema: anything, execute }), {
      name: 'pay',
      covenant: rules,
      sink,
    });
    const stream = (tool.execute as unknown as (input: unknown) => AsyncGenerator)({ amount: 10 });
    expect(await stream.next()).toMatchObject({ value: 1 });
    await stream.return(undefined);
    expect(outcomesOf(sink)).toEqual(['unknown']);
    const again = (tool.execute as unknown as (input: unknown) => AsyncGenerator)({ amount: 1 });
    await expect(again.next()).rejects.toMatchObject({ code: 'limit_exceeded' });
  });

  it('a thousand calls at once for one unit: one runs', async () => {
    const { inputs, definition } = noting();
    const once = await covenantOf('permit pay on **\nlimit pay 1 per 1 hour');
    const tool = withStele(sdk.tool(definition), { name: 'pay', covenant: once });
    const codes = await Promise.all(Array.from({ length: 1000 }, () => code(call(tool, {}))));
    expect(codes.filter((each) => each === 'ran')).toHaveLength(1);
    expect(codes.filter((each) => each === 'limit_exceeded')).toHaveLength(999);
    expect(inputs).toHaveLength(1);
  });

  it('of one covenant are shared by tools that were guarded apart', async () => {
    const once = await covenantOf('permit pay on **\nlimit pay 1 per 1 hour');
    const guard = () => withStele(sdk.tool(noting().definition), { name: 'pay', covenant: once });
    expect([await code(call(guard(), {})), await code(call(guard(), {}))]).toEqual(['ran', 'limit_exceeded']);
  });

  it('of one covenant are shared by tools that were guarded apart with a clock of the host’s', async () => {
    const once = await covenantOf('permit pay on **\nlimit pay 1 per 1 hour');
    const guard = () =>
      withStele(sdk.tool(noting().definition), { name: 'pay', covenant: once, clock: Date.now });
    expect([await code(call(guard(), {})), await code(call(guard(), {}))]).toEqual(['ran', 'limit_exceeded']);
  });
});

describe('the guard itself', () => {
  it('that cannot record lets nothing run', async () => {
    const { inputs, definition } = noting();
    const sink: DecisionSink = {
      append: () => Promise.reject(new Error('disk full')),
      close: async () => {},
    };
    expect(await code(call(withStele(sdk.tool(definition), { name: 'lookup', covenant, sink }), {}))).toBe(
      'record_failed',
    );
    expect(inputs).toEqual([]);
  });

  it('that has no time denies until it has one', async () => {
    let broken = true;
    const clock = () => {
      if (broken) throw new Error('not yet');
      return Date.now();
    };
    const tool = withStele(sdk.tool(noting().definition), { name: 'lookup', covenant, clock });
    expect(await code(call(tool, {}))).toBe('clock_suspect');
    broken = false;
    expect(await code(call(tool, {}))).toBe('ran');
  });

  it.each<[string, (document: CovenantDocument) => unknown]>([
    ['tampered', (document) => ({ ...document, constraints: 'permit ** on **' })],
    ['unsigned', ({ proof: _, ...rest }) => rest],
    ['empty', () => ({})],
  ])('denies under a covenant that is %s', async (_what, change) => {
    const { inputs, definition } = noting();
    const tool = withStele(sdk.tool(definition), {
      name: 'lookup',
      covenant: change(covenant) as CovenantDocument,
    });
    expect(await code(call(tool, {}))).toBe('covenant_invalid');
    expect(inputs).toEqual([]);
  });
});
