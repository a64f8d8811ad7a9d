/** One way to drive a whole agent loop of either version of the AI SDK with the scripted model that it ships. */
import * as ai6 from 'ai6';
import * as test6 from 'ai6/test';
import * as ai7 from 'ai7';
import * as test7 from 'ai7/test';
import type { z } from 'zod';
import type { ToolLike } from '../../src/adapters.js';

/** A tool as it is written; both versions take this form. */
export interface Definition {
  description?: string;
  inputSchema: z.ZodType;
  execute?: (input: never, options: never) => unknown;
  [option: string]: unknown;
}

export interface Call {
  readonly toolName: string;
  readonly input: unknown;
}

/** One part of a step: a call, a result, an error, text. */
export interface Part {
  readonly type: string;
  readonly toolName?: string;
  readonly output?: unknown;
  readonly error?: unknown;
  readonly preliminary?: boolean;
}

/** What the model was told of one call. */
export interface Told {
  readonly toolName: string;
  readonly output: { readonly type: string; readonly value?: unknown; readonly reason?: string };
}

export interface Run {
  readonly parts: readonly Part[];
  readonly told: readonly Told[];
  readonly text: string;
}

export type Tools = Record<string, ToolLike>;

export interface Sdk {
  tool(definition: Definition): ToolLike;
  dynamicTool(definition: Definition): ToolLike;
  /** Runs the calls as one step of an agent, then the model says `done`. */
  run(tools: Tools, calls: readonly Call[], options?: object): Promise<Run>;
  /** The same with a step for each list of calls. */
  runSteps(tools: Tools, steps: readonly (readonly Call[])[], options?: object): Promise<Run>;
}

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const finish = (unified: 'stop' | 'tool-calls') => ({ finishReason: { unified, raw: undefined }, usage });
const calling = (calls: readonly Call[], step: number) =>
  calls.map(({ toolName, input }, i) => ({
    type: 'tool-call' as const,
    toolCallId: `call-${step}-${i}`,
    toolName,
    input: JSON.stringify(input),
  }));

/** A function, not a list: the oldest mock begins a list with its second step. */
function generated(asked: readonly (readonly Call[])[]) {
  const steps = [
    ...asked.map((calls, i) => ({ content: calling(calls, i), ...finish('tool-calls'), warnings: [] })),
    { content: [{ type: 'text' as const, text: 'done' }], ...finish('stop'), warnings: [] },
  ];
  return { doGenerate: async () => steps.shift() };
}

function streamed(asked: readonly (readonly Call[])[], simulate: (options: { chunks: object[] }) => unknown) {
  const start = { type: 'stream-start', warnings: [] };
  const text = [
    { type: 'text-start', id: 't' },
    { type: 'text-delta', id: 't', delta: 'done' },
    { type: 'text-end', id: 't' },
  ];
  const steps = [
    ...asked.map((calls, i) => [start, ...calling(calls, i), { type: 'finish', ...finish('tool-calls') }]),
    [start, ...text, { type: 'finish', ...finish('stop') }],
  ];
  return { doStream: async () => ({ stream: simulate({ chunks: steps.shift() ?? [] }) }) };
}

interface Prompted {
  readonly prompt: readonly { readonly content: unknown }[];
}

const toldIn = ([, ...next]: readonly Prompted[]): Told[] =>
  next.flatMap(({ prompt }) => (prompt.at(-1)?.content ?? []) as Told[]);

interface Generated {
  readonly steps: readonly { readonly content: readonly Part[] }[];
  readonly text: string;
}

interface Streamed {
  readonly fullStream: AsyncIterable<Part>;
  readonly text: PromiseLike<string>;
}

/** The parts of the API in use here, which both versions share though their types differ. */
interface Api {
  readonly ai: {
    readonly tool: unknown;
    readonly dynamicTool: unknown;
    readonly generateText: unknown;
    readonly streamText: unknown;
    readonly stepCountIs: (count: number) => unknown;
  };
  readonly Model: unknown;
  readonly simulate: unknown;
}

type Model = { readonly doGenerateCalls: Prompted[]; readonly doStreamCalls: Prompted[] };

function sdk({ ai, Model, simulate }: Api, streams: boolean): Sdk {
  const NewModel = Model as new (script: object) => Model;
  const runSteps: Sdk['runSteps'] = async (tools, steps, options = {}) => {
    const loop = { prompt: 'go', stopWhen: ai.stepCountIs(steps.length + 2) };
    if (streams) {
      const model = new NewModel(streamed(steps, simulate as Parameters<typeof streamed>[1]));
      const stream = (ai.streamText as (o: object) => Streamed)({
        model,
        tools,
        ...loop,
        onError: () => {},
        ...options,
      });
      const parts: Part[] = [];
      for await (const part of stream.fullStream) parts.push(part);
      return { parts, told: toldIn(model.doStreamCalls), text: await stream.text };
    }
    const model = new NewModel(generated(steps));
    const generate = ai.generateText as (o: object) => Promise<Generated>;
    const { steps: ran, text } = await generate({ model, tools, ...loop, ...options });
    return { parts: ran.flatMap(({ content }) => content), told: toldIn(model.doGenerateCalls), text };
  };
  return {
    tool: ai.tool as Sdk['tool'],
    dynamicTool: ai.dynamicTool as Sdk['dynamicTool'],
    run: (tools, calls, options) => runSteps(tools, [calls], options),
    runSteps,
  };
}

const six: Api = { ai: ai6, Model: test6.MockLanguageModelV3, simulate: test6.simulateReadableStream };
const seven: Api = { ai: ai7, Model: test7.MockLanguageModelV4, simulate: test7.simulateReadableStream };

export const sdks: readonly [string, Sdk, 6 | 7][] = [
  ['AI SDK 6, generateText', sdk(six, false), 6],
  ['AI SDK 6, streamText', sdk(six, true), 6],
  ['AI SDK 7, generateText', sdk(seven, false), 7],
  ['AI SDK 7, streamText', sdk(seven, true), 7],
];
