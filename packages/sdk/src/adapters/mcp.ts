/** Servers of the Model Context Protocol, SDK 1.x and 2.x. Typed by structure, so that neither need be installed. */
import type { DecisionCode } from '@stele/types/codes';
import { SteleError } from '@stele/types/errors';
import { denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import type { Monitor } from '../monitor.js';
import { lazyMonitor } from './guard.js';
import {
  judgedArguments,
  refuseAborted,
  requestOf,
  type ToolChoices,
  type ToolGuardOptions,
  together,
} from './tool-call.js';

/** What an MCP server looks like from here: `McpServer`, which holds the low-level `Server`. */
export interface McpServerLike {
  readonly server: object;
}

export type McpGuardOptions = ToolGuardOptions & ServerName;

interface ServerName {
  /**
   * How the host calls the server. Where somebody else chooses the tools' names, a tool is judged as `<server>.<tool>`, with
   * what is no letter, digit, dash or underscore of its name escaped, so that two tools never share an action. Not given: the
   * tool's own name.
   */
  server?: string;
}

type Handler = (request: CallRequest, extra: unknown) => Promise<unknown>;

/** The parameters of `tools/call`. */
export interface ToolCallParams {
  readonly name: string;
  readonly arguments?: unknown;
}

interface CallRequest {
  readonly method: string;
  readonly params: ToolCallParams;
}

interface Handlers {
  readonly _requestHandlers?: Map<string, Handler>;
}

const guarded = new WeakSet<object>();

/**
 * Puts every tool of a server under a covenant, those that are updated or renamed later, too. Call it when the first tool is
 * registered, before the server connects. A denial is a result with `isError`, which the model can act on, with the machine's
 * form under `_meta['stele/denial']`.
 * @throws SteleError `tool_ungovernable` when the server has no tools yet, or is guarded already
 */
export function guardMcpServer(server: McpServerLike, options: McpGuardOptions): void {
  const monitor = lazyMonitor(options);
  const low = server.server as Handlers;
  // The SDK has no hook in front of a call. This table is what it dispatches by, whichever way a tool was registered.
  const handlers = low._requestHandlers;
  const call = handlers?.get('tools/call');
  if (handlers === undefined || call === undefined || guarded.has(call)) {
    const problem = call === undefined ? 'has no tools yet' : 'is guarded already';
    throw new SteleError('tool_ungovernable', `the MCP server ${problem}`, {
      hint: 'guard it once, after its first tool is registered and before it connects',
    });
  }
  const handler: Handler = async (request, extra) => {
    try {
      return await enforceToolCall(await monitor(), options, request.params, async (params, cut) => {
        refuseAborted(signalOf(extra));
        const result = await call({ ...request, params }, orCut(extra, cut));
        if ((result as { isError?: unknown } | undefined)?.isError === true) throw new FailedCall(result);
        return result;
      });
    } catch (error) {
      if (error instanceof FailedCall) return error.result;
      throw error;
    }
  };
  guarded.add(handler);
  handlers.set('tools/call', handler);
}

/** How a call is translated for the monitor. */
export type ToolCallOptions = ToolChoices & ServerName;

/**
 * Judges one `tools/call`, and runs it if it is permitted: for whoever speaks the protocol without the SDK's server.
 * @param run gets the parameters with the arguments that were judged, the rest of them as it was, and a signal that is aborted
 *   when the covenant no longer stands
 * @returns what `run` returned, or the denial as a result
 * @throws whatever `run` throws
 */
export async function enforceToolCall<P extends ToolCallParams, T>(
  monitor: Monitor,
  options: ToolCallOptions,
  params: P,
  run: (params: P, cut: AbortSignal) => T | Promise<T>,
): Promise<T | ToolDenial> {
  // The caller may change its object while the call is judged; the name that was judged is the one that runs.
  const call = { ...params };
  try {
    return await monitor.enforce(askedOf(call, options), (judged, { signal }) =>
      run({ ...call, arguments: judgedArguments(judged) }, signal),
    );
  } catch (error) {
    if (error instanceof CovenantDeniedError) return denialResult(error);
    throw error;
  }
}

/** Denies one `tools/call` for a reason of the host's; see `Monitor.refuse`. */
export async function refuseToolCall(
  monitor: Monitor,
  options: ToolCallOptions,
  params: ToolCallParams,
  because: { readonly code: Exclude<DecisionCode, 'permitted'>; readonly reason: string },
): Promise<ToolDenial> {
  const decision = await monitor.refuse(askedOf(params, options), because.code, because.reason);
  return denialResult(new CovenantDeniedError(decision));
}

const askedOf = ({ name, arguments: args }: ToolCallParams, options: ToolCallOptions) =>
  requestOf(name, options, args, actionOf(name, options.server));

/** What a tool throws has become a result by the time that it is seen here. What was done is unknown all the same. */
class FailedCall extends Error {
  constructor(readonly result: unknown) {
    super('the tool failed');
  }
}

/** A denial as the result of a tool. */
export interface ToolDenial {
  isError: true;
  content: { type: 'text'; text: string }[];
  _meta: Record<string, unknown>;
}

function denialResult(error: CovenantDeniedError): ToolDenial {
  return {
    isError: true,
    content: [{ type: 'text', text: error.message }],
    _meta: { 'stele/denial': denialOf(error.decision) },
  };
}

/**
 * The action of a tool whose name somebody else chose.
 * @param server how the host calls the server: one segment of an action
 */
export function actionOf(tool: string, server?: string): string {
  return server === undefined ? tool : `${server}.${escapedSegment(tool)}`;
}

/** What may stand in an action stands for itself, but for the colon, which closes a code point in hex on both sides. */
const escapedSegment = (name: string): string =>
  name.replace(/[^A-Za-z0-9_-]/gu, (character) => `:${(character.codePointAt(0) ?? 0).toString(16)}:`);

/** The tool is told to stop when its caller cancels, and when its covenant no longer stands. */
function orCut(extra: unknown, cut: AbortSignal): unknown {
  const signal = together(signalOf(extra), cut);
  const { mcpReq } = (extra ?? {}) as { mcpReq?: object };
  return { ...(extra as object), ...(mcpReq === undefined ? { signal } : { mcpReq: { ...mcpReq, signal } }) };
}

/** SDK 1.x has the signal itself, 2.x under `mcpReq`. */
const signalOf = (extra: unknown): AbortSignal | undefined => {
  const { signal, mcpReq } = (extra ?? {}) as { signal?: AbortSignal; mcpReq?: { signal?: AbortSignal } };
  return mcpReq?.signal ?? signal;
};
