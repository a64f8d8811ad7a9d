/** The Vercel AI SDK, versions 6 and 7. Typed by structure, so that `ai` need not be installed. */
import { SteleError } from '@stele/types/errors';
import type { Asking } from '../called-tool.js';
import type { ActionRequest } from '../decision.js';
import type { Monitor } from '../monitor.js';
import { markGoverned } from './governed.js';
import { lazyMonitor } from './guard.js';
import {
  judgedArguments,
  mustAsk,
  refuseAborted,
  requestOf,
  type ToolGuardOptions,
  together,
  UNNAMED,
  warn,
} from './tool-call.js';
import { asking, shownBy } from './tool-contract.js';

/** Any `execute` at all: a parameter of type never takes every function, and leaves the caller's own type exact. */
type AnyExecute = (input: never, options: never) => unknown;

/** What a tool of the AI SDK looks like from here. */
export interface ToolLike {
  inputSchema: unknown;
  execute?: AnyExecute | undefined;
  /** Of the tool's own: whether a person is to be asked. */
  needsApproval?: unknown;
}

/** A tool does not carry its name: it is `name`, or else the tool is judged as `tool.unnamed`. */
export type NamedToolGuardOptions = AiToolGuardOptions & { name?: string };

export type AiToolGuardOptions = ToolGuardOptions & {
  /**
   * Sets `needsApproval` of each tool: the SDK stops and asks where the covenant waits for signatures. What it is answered decides
   * nothing: when it goes on the call is judged like any other. For version 7 `steleToolApproval` says more.
   */
  needsApproval?: boolean;
};

/**
 * Guards one tool: its `execute` runs only when the covenant permits the call, with the arguments that were judged.
 * @returns a copy of the tool, of exactly the same type
 * @throws SteleError `tool_ungovernable` for a tool without `execute`: it runs elsewhere, out of reach of any guard here
 */
export function withStele<T extends ToolLike>(tool: T, options: NamedToolGuardOptions): T {
  const { name } = options;
  if (name === undefined && options.action === undefined) {
    warn(
      options,
      `withStele was given neither name nor action: the tool is judged as "${UNNAMED}". Pass { name }`,
    );
  }
  return guarded(tool, name ?? UNNAMED, options, lazyMonitor(options));
}

/**
 * Guards a set of tools under one monitor; each is judged under its key.
 * @returns a new set of exactly the same type
 */
export function withSteleTools<T extends Record<string, ToolLike>>(tools: T, options: AiToolGuardOptions): T {
  const monitor = lazyMonitor(options);
  const entries = Object.entries(tools).map(
    ([name, tool]) => [name, guarded(tool, name, options, monitor)] as const,
  );
  return Object.fromEntries(entries) as T;
}

function guarded<T extends ToolLike>(
  tool: T,
  name: string,
  options: AiToolGuardOptions,
  monitor: () => Monitor | Promise<Monitor>,
): T {
  const { execute } = tool;
  if (typeof execute !== 'function') {
    throw new SteleError(
      'tool_ungovernable',
      `the tool ${JSON.stringify(name)} has no execute function to guard`,
      {
        hint: 'a tool that runs at the provider or in a client cannot be guarded here: leave it out of the set',
      },
    );
  }
  const request = (input: unknown) => requestOf(name, options, input);
  const toolOf = (self: unknown) => asking(name, options, shownBy(self, 'inputSchema', wrapped));
  function run(judged: ActionRequest, callOptions: unknown, cut: AbortSignal): unknown {
    refuseAborted(signalIn(callOptions));
    return Reflect.apply(execute as AnyExecute, tool, [judgedArguments(judged), orCut(callOptions, cut)]);
  }

  // Both read the input before they wait for anything: it is judged as it was when the tool was called.
  async function awaited(this: unknown, input: unknown, callOptions: unknown): Promise<unknown> {
    const asked = request(input);
    return (await monitor()).enforce(
      asked,
      (judged, { signal }) => drained(run(judged, callOptions, signal)),
      toolOf(this),
    );
  }

  /** The SDK looks for an async iterable on what is returned at once, so a generator tool needs a generator around it. */
  function streamed(this: unknown, input: unknown, callOptions: unknown): AsyncGenerator<unknown> {
    const asked = request(input);
    const told = toolOf(this);
    return (async function* () {
      yield* (await monitor()).enforceStream(
        asked,
        (judged, { signal }) => run(judged, callOptions, signal) as AsyncIterable<unknown>,
        told,
      );
    })();
  }

  const execution = markGoverned(execute.constructor?.name === 'AsyncGeneratorFunction' ? streamed : awaited);
  const ofTool = (self: unknown) => asking(name, options, shownBy(self, 'inputSchema', wrapped));
  const asks =
    options.needsApproval === true ? { needsApproval: orOwnAnswer(tool, request, monitor, ofTool) } : {};
  const wrapped: T = Object.assign(Object.create(Object.getPrototypeOf(tool)), tool, {
    execute: execution,
    ...asks,
  });
  return wrapped;
}

/** The tool's own answer prevails where it wants a person to be asked. */
function orOwnAnswer(
  tool: ToolLike,
  request: (input: unknown) => ActionRequest,
  monitor: () => Monitor | Promise<Monitor>,
  ofTool: (self: unknown) => Asking,
): (input: unknown, callOptions: unknown) => Promise<boolean> {
  const { needsApproval: own } = tool;
  return async function (this: unknown, input, callOptions) {
    const asked = request(input);
    if (wasAsked(callOptions)) return true;
    const answer: unknown = typeof own === 'function' ? await own.call(tool, input, callOptions) : own;
    return Boolean(answer) || (await mustAsk(monitor, asked, ofTool(this)));
  };
}

/** Version 6 asks again before it goes on, and takes a no for a sign that it was never to be asked. */
function wasAsked(callOptions: unknown): boolean {
  const { toolCallId, messages } = (callOptions ?? {}) as { toolCallId?: unknown; messages?: unknown };
  return Array.isArray(messages) && messages.some(({ content }) => isRequestIn(content, toolCallId));
}

const isRequestIn = (content: unknown, toolCallId: unknown): boolean =>
  Array.isArray(content) &&
  content.some((part) => part?.type === 'tool-approval-request' && part.toolCallId === toolCallId);

/** A plain function may return an iterable all the same; its last value is the tool's result. */
async function drained(result: unknown): Promise<unknown> {
  if (!isAsyncIterable(result)) return result;
  let last: unknown;
  for await (const value of result) last = value;
  return last;
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] === 'function';

/** The tool is told to stop when its caller gives up, and when its covenant no longer stands. */
const orCut = (callOptions: unknown, cut: AbortSignal): unknown => ({
  ...(callOptions as object | undefined),
  abortSignal: together(signalIn(callOptions), cut),
});

const signalIn = (callOptions: unknown): AbortSignal | undefined =>
  (callOptions as { abortSignal?: AbortSignal } | undefined)?.abortSignal;
