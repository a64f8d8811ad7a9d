/** LangChain 1.x. Typed by structure, so that it need not be installed to import this. */
import { parseJson } from '@stele/crypto';
import { SteleError } from '@stele/types/errors';
import type { Asking } from '../called-tool.js';
import type { ActionRequest } from '../decision.js';
import type { Denial } from '../denial.js';
import { CovenantCutError, CovenantDeniedError } from '../errors.js';
import type { Admission, Monitor } from '../monitor.js';
import type { Outcome } from '../sink.js';
import { markGoverned } from './governed.js';
import { lazyMonitor } from './guard.js';
import {
  denialIn,
  isAwaited,
  judgedArguments,
  malformed,
  refuseAborted,
  requestOf,
  type ToolGuardOptions,
  together,
  toldOf,
  UNNAMED,
} from './tool-call.js';
import { asking, shownBy } from './tool-contract.js';

/** What a tool of LangChain looks like from here: any, so that the caller's own type stays exact. */
export interface LangChainToolLike {
  readonly name: string;
  invoke(input: never, config?: never): unknown;
}

/** The members that are guarded. */
interface Inner {
  _call(args: unknown, runManager?: RunManager, config?: unknown): unknown;
  /** The host's own function, behind `_call`, of the tools that have one. */
  readonly func?: unknown;
  call(input: unknown, config?: unknown, tags?: unknown): Promise<unknown>;
  readonly responseFormat?: string;
}

interface RunManager {
  handleToolEvent?(chunk: unknown): Promise<void> | void;
}

/**
 * Guards a tool at the one place that `invoke`, `call` and every agent go through. To an agent a denial is a tool message with
 * the status `error`; to code that calls the tool itself it is a CovenantDeniedError.
 * @returns a tool of exactly the same type and class; the one handed over is untouched
 * @throws SteleError `tool_ungovernable` for what has no `_call`: it runs elsewhere, out of reach of any guard here
 */
export function withSteleTool<T extends LangChainToolLike>(tool: T, options: ToolGuardOptions): T {
  const monitor = lazyMonitor(options);
  const inner = tool as unknown as Inner;
  if (typeof inner._call !== 'function') {
    throw new SteleError('tool_ungovernable', `the tool ${JSON.stringify(tool.name)} has no _call to guard`, {
      hint: 'make it with tool(…) or DynamicStructuredTool; what runs at the provider cannot be guarded here',
    });
  }
  const { name } = tool; // read once: the name that it was guarded under is the one it is judged by

  const denials = new WeakMap<object, Denial>();

  async function _call(
    this: unknown,
    args: unknown,
    runManager?: RunManager,
    config?: unknown,
  ): Promise<unknown> {
    const asked = requestOf(name, options, asObject(args));
    try {
      return await (await monitor()).enforce(
        asked,
        (judged, { signal: cut }) => {
          const given = signalIn(config);
          refuseAborted(given);
          const told = { ...(config as object | undefined), signal: together(given, cut) };
          return drained(inner._call.call(tool, asGiven(args, judged), runManager, told), runManager);
        },
        asking(name, options, shownBy(this, 'schema', wrapped)),
      );
    } catch (error) {
      const call = toolCallOf((config as { toolCall?: unknown } | undefined)?.toolCall);
      if (call === undefined || !(error instanceof CovenantDeniedError)) throw error;
      denials.set(call, error.denial);
      const told = toldOf(error.denial);
      return inner.responseFormat === 'content_and_artifact' ? [told, error.denial] : told;
    }
  }

  /** `invoke` comes this way, too. An agent's call has become a tool message by now, of the framework's own class. */
  async function call(this: unknown, input: unknown, config?: unknown, tags?: unknown): Promise<unknown> {
    const result = await inner.call.call(this, input, config, tags);
    const asked = toolCallOf((config as { toolCall?: unknown } | undefined)?.toolCall) ?? toolCallOf(input);
    const denial = asked && denials.get(asked);
    return denial === undefined
      ? result
      : Object.assign(result as object, { status: 'error', artifact: denial });
  }

  const guards = { _call: markGoverned(_call), call: markGoverned(call) };
  // What stands behind `_call` takes the same arguments, and would run without a decision.
  const func = typeof inner.func === 'function' ? { func: _call } : {};
  const wrapped: T = Object.assign(Object.create(tool) as T, guards, func);
  return wrapped;
}

/** A tool with a single text takes it as it is; conditions know it as `args.input`. */
const asObject = (args: unknown): unknown => (typeof args === 'string' ? { input: args } : args);

function asGiven(args: unknown, judged: ActionRequest): unknown {
  const copy = judgedArguments(judged);
  return typeof args === 'string' ? (copy as { input: string }).input : copy;
}

const signalIn = (config: unknown): AbortSignal | undefined =>
  (config as { signal?: AbortSignal } | undefined)?.signal;

/** A tool may yield on the way; what it returns is its result. */
async function drained(running: unknown, runManager: RunManager | undefined): Promise<unknown> {
  const result = await running;
  if (!isAsyncGenerator(result)) return result;
  for (;;) {
    const step = await result.next();
    if (step.done === true) return step.value;
    await runManager?.handleToolEvent?.(step.value);
  }
}

const isAsyncGenerator = (value: unknown): value is AsyncGenerator<unknown> =>
  typeof (value as Partial<AsyncGenerator> | null | undefined)?.[Symbol.asyncIterator] === 'function' &&
  typeof (value as Partial<AsyncGenerator>).next === 'function';

/** The call of an agent, whose answer becomes a tool message; undefined where code calls the tool itself. */
function toolCallOf(value: unknown): object | undefined {
  const { id } = (value ?? {}) as { id?: unknown };
  return typeof value === 'object' && value !== null && typeof id === 'string' ? value : undefined;
}

/** What `wrapToolCall` of a middleware is handed. */
export interface ToolCallRequestLike {
  readonly toolCall: { readonly name: string; readonly args: unknown; readonly id?: string | undefined };
  /** What runs, whatever the call names: another middleware may have put it there. None for a tool that is unknown. */
  readonly tool?: unknown;
  readonly runtime?: unknown;
}

export type MiddlewareGuardOptions = ToolGuardOptions & {
  /**
   * `interrupt` of `@langchain/langgraph`: where the covenant waits for signatures the run stops with what is asked for, until it is
   * resumed. What it is resumed with decides nothing: the call is judged anew.
   */
  interrupt?: (asked: AwaitedCall) => unknown;
};

/** What a run that stops for signatures says. */
export interface AwaitedCall {
  readonly type: 'stele.approval';
  readonly tool: string;
  readonly args: unknown;
  readonly denial: Denial;
}

/** The framework's class of tool messages. */
export type ToolMessageClass = new (fields: {
  content: string;
  tool_call_id: string;
  name: string;
  status: 'error';
  artifact: unknown;
}) => object;

/**
 * The hook of a middleware that guards every tool of an agent, those that other middlewares add and unknown ones, too:
 * `createMiddleware({ name: 'stele', wrapToolCall: steleToolCall(ToolMessage, { covenant, store }) })`. It goes last in the list,
 * so that it judges what really runs.
 * With `interrupt` a run waits for the signatures of a person in the way that the framework has for it.
 * @param ToolMessage the class of `langchain`: agents take no other for a tool's answer
 */
export function steleToolCall(
  ToolMessage: ToolMessageClass,
  options: MiddlewareGuardOptions,
): <Request extends ToolCallRequestLike, Result>(
  request: Request,
  handler: (request: Request) => Result | Promise<Result>,
) => Promise<Result> {
  const monitor = lazyMonitor(options);
  return async (request, handler) => {
    const { name, args, id } = request.toolCall;
    const refused = (content: string, artifact: unknown) =>
      new ToolMessage({ content, tool_call_id: id ?? '', name, status: 'error', artifact }) as Awaited<
        ReturnType<typeof handler>
      >;
    const runs = (request.tool as { name: string } | undefined)?.name ?? name;
    const asked = requestOf(runs, options, args);
    let admission: Admission;
    try {
      admission = await admitted(
        await monitor(),
        asked,
        asking(runs, options, request.tool),
        options.interrupt,
      );
    } catch (error) {
      const denial = denialIn(error);
      if (denial === undefined) throw error;
      return refused(toldOf(denial), denial);
    }
    let outcome: Outcome = 'unknown';
    try {
      if (signalIn(request.runtime)?.aborted === true) outcome = 'not_performed';
      refuseAborted(signalIn(request.runtime));
      const judged = { ...request.toolCall, args: judgedArguments(admission.request) };
      const result = await untilCut(handler({ ...request, toolCall: judged }), admission.signal);
      if ((result as { status?: unknown } | undefined)?.status !== 'error') outcome = 'done';
      return result;
    } catch (error) {
      if (!(error instanceof CovenantCutError)) throw error;
      return refused(error.message, { code: error.code, because: error.because });
    } finally {
      await admission.settle(outcome);
    }
  };
}

/**
 * Where a person is awaited the run stops once: `interrupt` throws what the framework stops by. When the run is resumed it comes
 * here again from the start, and `interrupt` gives the answer, which nobody looks at: the monitor does once more.
 */
async function admitted(
  monitor: Monitor,
  asked: ActionRequest,
  of: Asking,
  interrupt: MiddlewareGuardOptions['interrupt'],
): Promise<Admission> {
  try {
    return await monitor.admit(asked, of);
  } catch (error) {
    const denial = denialIn(error);
    if (interrupt === undefined || denial === undefined || !isAwaited(denial)) throw error;
    const { args, tool } = (asked.context ?? {}) as { args?: unknown; tool?: { name?: string } };
    interrupt({ type: 'stele.approval', tool: tool?.name ?? asked.action, args, denial });
    return monitor.admit(asked, of);
  }
}

/** A middleware has no signal to hand to the tool: it no longer waits for one whose covenant has ended, and withholds its result. */
async function untilCut<T>(running: T | Promise<T>, cut: AbortSignal): Promise<Awaited<T>> {
  let stop = () => {};
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => reject(cut.reason);
    cut.addEventListener('abort', stop, { once: true });
    if (cut.aborted) stop(); // it may have ended before anybody listened
  });
  try {
    return await Promise.race([running, stopped]);
  } finally {
    cut.removeEventListener('abort', stop);
  }
}

/** Runs that a handler watches at once; one more is denied. */
const MAX_RUNS = 10_000;

/**
 * A callback handler that stops a tool which the covenant does not permit. Callbacks fire only where they are attached, and see
 * the arguments before the tool's own schema has read them: `withSteleTool` and `steleToolCall` are the guards to rely on, and
 * this is for tools that cannot be wrapped.
 */
export class SteleCallbackHandler {
  readonly name = 'stele';
  // Both are needed: with either one alone the framework logs the denial and runs the tool.
  readonly raiseError = true;
  readonly awaitHandlers = true;
  readonly ignoreLLM = true;
  readonly ignoreChain = true;
  readonly ignoreRetriever = true;
  readonly ignoreAgent = false;
  readonly #monitor: Monitor;
  readonly #options: ToolGuardOptions;
  readonly #running = new Map<string, Admission>();

  /** @param options how a call becomes a request, as for `withSteleTool` */
  constructor(monitor: Monitor, options: Omit<ToolGuardOptions, 'monitor'> = {}) {
    if (typeof (monitor as Partial<Monitor> | undefined)?.admit !== 'function')
      throw new TypeError(
        'new SteleCallbackHandler(monitor) needs a monitor: await createMonitor({ covenant, store })',
      );
    this.#monitor = monitor;
    this.#options = { ...options, monitor } as ToolGuardOptions;
  }

  /** @throws CovenantDeniedError when the call is not permitted; then the tool does not run */
  async handleToolStart(
    _tool: unknown,
    input: unknown,
    runId: string,
    _parentRunId?: string,
    _tags?: string[],
    _metadata?: unknown,
    runName?: string,
  ): Promise<void> {
    const name = runName ?? UNNAMED;
    const args = argumentsIn(input);
    const full = this.#running.size >= MAX_RUNS;
    const asked = args === undefined || full ? malformed(name, input) : requestOf(name, this.#options, args);
    // What a callback is handed of the tool has neither description nor schema: under pins the host tells them.
    const tool = asking(name, this.#options, undefined);
    this.#running.set(runId, await this.#monitor.admit(asked, tool));
  }

  async handleToolEnd(_output: unknown, runId: string): Promise<void> {
    await this.#settle(runId, 'done');
  }

  async handleToolError(_error: unknown, runId: string): Promise<void> {
    await this.#settle(runId, 'unknown');
  }

  /** The framework copies its handlers; all copies are this one. */
  copy(): this {
    return this;
  }

  async #settle(runId: string, outcome: 'done' | 'unknown'): Promise<void> {
    const admission = this.#running.get(runId);
    this.#running.delete(runId);
    await admission?.settle(outcome);
  }
}

/** The framework hands the arguments over as a JSON text; a tool of one text gets the text itself. */
function argumentsIn(input: unknown): unknown {
  if (typeof input !== 'string') return input;
  try {
    return asObject(parseJson(input));
  } catch {
    return { input };
  }
}
