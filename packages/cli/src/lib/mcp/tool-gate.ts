import {
  ActionFailedError,
  ActionNotPerformedError,
  type Monitor,
  mayEverPermit,
  type ToolContract,
  toolPinsOf,
} from '@stele/sdk';
import { type Ask, enforceToolCall, refuseToolCall, type ToolCallOptions } from '@stele/sdk/adapters';
import { isRecord } from '../input.js';
import type { Mapping } from '../replay/mapping.js';
import { AnsweredError, INVALID_PARAMS, isParams, type Params, RpcError } from './messages.js';
import { isAgreed, type Pins } from './pins.js';
import { type ListedTool, type ToolLister, toolsOf } from './tool-list.js';

export interface GateOptions {
  readonly monitor: Monitor;
  /** How the host calls the upstream server: the first segment of every action, unless a map says otherwise. */
  readonly server: string;
  readonly mapping: Mapping;
  /** The action of a tool whatever its arguments are; undefined where it depends on them. */
  readonly actionOf: (tool: string) => string | undefined;
  /** What a file agrees to, beside the covenants. */
  readonly pins: Pins | undefined;
}

/** What a call needs of the session that it came in. */
export interface CallWays {
  readonly signal: AbortSignal;
  readonly tools: ToolLister;
  /** Sends what was judged to the upstream server. */
  readonly run: (params: Params, signal: AbortSignal) => Promise<unknown>;
  /** Asks the client's user where the covenant waits for signatures. */
  readonly ask: Ask;
}

interface CallParams extends Params {
  readonly name: string;
  readonly arguments?: Params;
}

const DENIAL = 'stele/denial';
const CHANGED = {
  code: 'tool_contract_changed',
  reason: 'the tool is not, or no longer, what was agreed',
} as const;

/** Which tools are seen, and which calls go through. One for all sessions: limits are counted once. */
export class ToolGate {
  readonly #options: GateOptions;
  /** What covenants pin, by `<server>.<tool>`. The monitor holds calls to it; here it says what is seen. */
  readonly #ofCovenants: readonly Pins[];
  readonly #translation: ToolCallOptions;

  constructor(options: GateOptions) {
    const { monitor, server, mapping } = options;
    this.#options = options;
    this.#ofCovenants = monitor.covenants.flatMap(({ document }) => toolPinsOf(document) ?? []);
    const part = (name: 'action' | 'resource') => (args: unknown, tool: { readonly name: string }) => {
      const asked = mapping({ tool: tool.name, arguments: isRecord(args) ? args : {} });
      return typeof asked === 'string' ? undefined : asked[name];
    };
    this.#translation = { server, action: part('action'), resource: part('resource') };
  }

  /** A page of `tools/list` without what could never be called. */
  shown(page: unknown): unknown {
    if (!isParams(page)) return page;
    const tools = toolsOf(page).filter((tool) => this.#mayBeCalled(tool));
    const hasPins = this.#options.pins !== undefined || this.#ofCovenants.length > 0;
    return { ...page, tools: hasPins ? tools.map(agreedParts) : tools };
  }

  /**
   * Judges a call, and runs it if it is permitted.
   * @returns the result of the tool, or the denial as one
   */
  async call(params: Params, ways: CallWays): Promise<unknown> {
    const { monitor, pins } = this.#options;
    const call = callOf(params);
    if (pins !== undefined && !isAgreed(call.name, pins, await ways.tools.all()))
      return refuseToolCall(monitor, this.#translation, call, CHANGED);
    let ofUpstream = false;
    const contract = ({ name }: { name: string }) => offered(name, ways.tools);
    const translation = { ...this.#translation, ask: ways.ask, contract };
    const result = await enforceToolCall(monitor, translation, call, (judged, cut) => {
      ofUpstream = true;
      return runJudged(judged, cut, ways);
    }).catch((error: unknown) => {
      throw error instanceof ActionFailedError || error instanceof ActionNotPerformedError
        ? error.cause
        : error;
    });
    return ofUpstream ? withoutDenial(result) : result;
  }

  #mayBeCalled(tool: ListedTool): boolean {
    const { monitor, pins, server, actionOf } = this.#options;
    if (pins !== undefined && !isAgreed(tool.name, pins, [tool])) return false;
    if (!this.#ofCovenants.every((each) => isAgreed(tool.name, each, [tool], server))) return false;
    const action = actionOf(tool.name);
    return action === undefined || mayEverPermit(monitor.covenants, action);
  }
}

/** A tool as the server offers it now. */
async function offered(name: string, tools: ToolLister): Promise<ToolContract> {
  const [tool, another] = (await tools.all()).filter((each) => each.name === name);
  if (tool === undefined || another !== undefined) throw new Error('the server does not list it, or twice');
  return tool;
}

/** An error as the answer is a call that failed; where there is no answer, nobody knows what became of it. */
async function runJudged(judged: CallParams, cut: AbortSignal, { signal, run }: CallWays): Promise<unknown> {
  if (signal.aborted)
    throw new ActionNotPerformedError('the call was taken back before the tool ran', {
      cause: new RpcError(INVALID_PARAMS, 'the call was taken back'),
    });
  try {
    return await run(judged, AbortSignal.any([signal, cut]));
  } catch (error) {
    if (error instanceof AnsweredError) throw new ActionFailedError('the tool failed', { cause: error });
    throw error;
  }
}

/** Tasks are not offered by the gateway, so that a call is a plain one, and has ended when it is answered. */
function callOf({ task: _, ...params }: Params): CallParams {
  const { name, arguments: args } = params;
  if (typeof name !== 'string') throw new RpcError(INVALID_PARAMS, 'the name of the tool is missing');
  if (args !== undefined && !isParams(args))
    throw new RpcError(INVALID_PARAMS, 'the arguments of a tool are an object');
  return params as CallParams;
}

/** What the digest does not cover was not agreed, and is not shown. */
function agreedParts({ name, description, inputSchema }: ListedTool): Params {
  return { name, ...(description === undefined ? {} : { description }), inputSchema };
}

/** Only the gateway says that it denied. */
function withoutDenial(result: unknown): unknown {
  if (!isParams(result) || !isParams(result._meta) || !Object.hasOwn(result._meta, DENIAL)) return result;
  const { [DENIAL]: _, ...meta } = result._meta;
  return { ...result, _meta: meta };
}
