/** The Vercel AI SDK, versions 6 and 7. Typed by structure, so that `ai` need not be installed. */
import { snapshotJson } from '@stele/crypto';
import { SteleError } from '@stele/types/errors';
import type { ActionRequest } from '../decision.js';
import { ActionNotPerformedError } from '../errors.js';
import type { Monitor } from '../monitor.js';
import { type Choice, choose, type GuardOptions, type HostFacts, lazyMonitor } from './guard.js';

/** Any `execute` at all: a parameter of type never takes every function, and leaves the caller's own type exact. */
type AnyExecute = (input: never, options: never) => unknown;

/** What a tool of the AI SDK looks like from here. */
export interface ToolLike {
  inputSchema: unknown;
  execute?: AnyExecute | undefined;
}

/** What a function of the host is told of the tool that is called. */
export interface NamedTool {
  readonly name: string;
}

export type ToolGuardOptions = GuardOptions & {
  /** The action; the tool's name when not given. A function is told the name, so that one set can have its own names. */
  action?: Choice<unknown, NamedTool>;
  /** The resource; `/` when not given. Set it where the covenant distinguishes resources. */
  resource?: Choice<unknown, NamedTool>;
  /** Facts of the host for conditions. */
  context?: HostFacts | ((input: unknown) => HostFacts);
  /** Told of what is likely a mistake in the wiring. `process.emitWarning` where there is one, when not given. */
  onWarning?: (message: string) => void;
};

/** A tool does not carry its name: it is `name`, or else the tool is judged as `tool.unnamed`. */
export type NamedToolGuardOptions = ToolGuardOptions & { name?: string };

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
      'withStele was given neither name nor action: the tool is judged as "tool.unnamed". Pass { name }',
    );
  }
  return guarded(tool, name ?? 'tool.unnamed', options, lazyMonitor(options));
}

/**
 * Guards a set of tools under one monitor; each is judged under its key.
 * @returns a new set of exactly the same type
 */
export function withSteleTools<T extends Record<string, ToolLike>>(tools: T, options: ToolGuardOptions): T {
  const monitor = lazyMonitor(options);
  const entries = Object.entries(tools).map(
    ([name, tool]) => [name, guarded(tool, name, options, monitor)] as const,
  );
  return Object.fromEntries(entries) as T;
}

function guarded<T extends ToolLike>(
  tool: T,
  name: string,
  options: ToolGuardOptions,
  monitor: () => Promise<Monitor>,
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
  function run(judged: ActionRequest, callOptions: unknown): unknown {
    if (isAborted(callOptions)) throw new ActionNotPerformedError('the call was aborted before the tool ran');
    // The tool gets a copy of what was judged, which it may change as it likes.
    return Reflect.apply(execute as AnyExecute, tool, [structuredClone(judged.context?.args), callOptions]);
  }

  // Both read the input before they wait for anything: it is judged as it was when the tool was called.
  async function awaited(input: unknown, callOptions: unknown): Promise<unknown> {
    const asked = request(input);
    return (await monitor()).enforce(asked, (judged) => drained(run(judged, callOptions)));
  }

  /** The SDK looks for an async iterable on what is returned at once, so a generator tool needs a generator around it. */
  function streamed(input: unknown, callOptions: unknown): AsyncGenerator<unknown> {
    const asked = request(input);
    return (async function* () {
      yield* (await monitor()).enforceStream(
        asked,
        (judged) => run(judged, callOptions) as AsyncIterable<unknown>,
      );
    })();
  }

  const execution = execute.constructor?.name === 'AsyncGeneratorFunction' ? streamed : awaited;
  return Object.assign(Object.create(Object.getPrototypeOf(tool)), tool, { execute: execution });
}

/** A plain function may return an iterable all the same; its last value is the tool's result. */
async function drained(result: unknown): Promise<unknown> {
  if (!isAsyncIterable(result)) return result;
  let last: unknown;
  for await (const value of result) last = value;
  return last;
}

function requestOf(name: string, options: ToolGuardOptions, input: unknown): ActionRequest {
  const args = copied(input);
  // What cannot be copied is not plain JSON: the monitor says so, in its own words, and records it.
  if (args === undefined) return malformed(name, input);
  const { action = name, resource = '/', context } = options;
  try {
    return {
      action: choose(action, args, { name }),
      resource: choose(resource, args, { name }),
      context: { ...(typeof context === 'function' ? context(args) : context), args, tool: { name } },
    };
  } catch (error) {
    // A function of the host that fails on odd arguments must not leave the call without a decision.
    warn(options, `a function of the host failed for the tool ${JSON.stringify(name)}: ${String(error)}`);
    return malformed(name, args);
  }
}

/** A request that is malformed whatever the arguments are, also should they (a proxy) be readable the next time. */
function malformed(name: string, args: unknown): ActionRequest {
  return { action: name, resource: '/', context: { args, tool: undefined } };
}

/** The functions of the host see a copy too, so that what they looked at is what is judged. */
function copied(input: unknown): unknown {
  try {
    return snapshotJson(input === undefined ? {} : input);
  } catch {
    return undefined;
  }
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof (value as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator] === 'function';

const isAborted = (callOptions: unknown): boolean =>
  (callOptions as { abortSignal?: AbortSignal } | undefined)?.abortSignal?.aborted === true;

interface NodeLike {
  process?: { emitWarning?: (text: string, type: string) => void };
}

function warn({ onWarning }: ToolGuardOptions, message: string): void {
  if (onWarning !== undefined) onWarning(message);
  else (globalThis as NodeLike).process?.emitWarning?.(message, 'SteleWarning');
}
