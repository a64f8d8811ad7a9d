/** Servers of the Model Context Protocol, SDK 1.x and 2.x. Typed by structure, so that neither need be installed. */
import type { DecisionCode } from '@stele/types/codes';
import { SteleError } from '@stele/types/errors';
import type { ActionRequest } from '../decision.js';
import type { Denial } from '../denial.js';
import { denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import { ContractUnknownError } from '../lib/pinned.js';
import type { Monitor } from '../monitor.js';
import type { ToolContract } from '../tool-digest.js';
import { isGoverned, markGoverned } from './governed.js';
import { lazyMonitor } from './guard.js';
import {
  isAwaited,
  judgedArguments,
  type NamedTool,
  refuseAborted,
  requestOf,
  type ToolChoices,
  type ToolGuardOptions,
  together,
} from './tool-call.js';
import { asking } from './tool-contract.js';

/** What an MCP server looks like from here: `McpServer`, which holds the low-level `Server`. */
export interface McpServerLike {
  readonly server: object;
}

export type McpGuardOptions = ToolGuardOptions &
  ServerName & {
    /**
     * Where the covenant waits for signatures the client's user is told so by elicitation, with the request that is to be signed.
     * Whatever is answered decides nothing: `accept` makes the monitor look again. Clients without elicitation get the denial.
     */
    elicit?: boolean;
  };

interface ServerName {
  /**
   * How the host calls the server. Where somebody else chooses the tools' names, a tool is judged as `<server>.<tool>`, with
   * what is no letter, digit, dash or underscore of its name escaped, so that two tools never share an action. Not given: the
   * tool's own name.
   */
  server?: string;
}

type Handler = (request: { method: string; params: object }, extra: unknown) => Promise<unknown>;

/** The parameters of `tools/call`. */
export interface ToolCallParams {
  readonly name: string;
  readonly arguments?: unknown;
}

interface Handlers {
  readonly _requestHandlers?: Map<string, Handler>;
}

/**
 * Puts every tool of a server under a covenant, those that are updated or renamed later, too. Call it when the first tool is
 * registered, before the server connects. A denial is a result with `isError`, which the model can act on, with the machine's
 * form under `_meta['stele/denial']`.
 * @throws SteleError `tool_ungovernable` when the server has no tools yet, or is guarded already
 */
export function guardMcpServer(server: McpServerLike, options: McpGuardOptions): void {
  const monitor = lazyMonitor(options);
  const low = server.server as Handlers & Eliciting;
  // The SDK has no hook in front of a call. This table is what it dispatches by, whichever way a tool was registered.
  const handlers = low._requestHandlers;
  const call = handlers?.get('tools/call');
  if (handlers === undefined || call === undefined || isGoverned(call)) {
    const problem = call === undefined ? 'has no tools yet' : 'is guarded already';
    throw new SteleError('tool_ungovernable', `the MCP server ${problem}`, {
      hint: 'guard it once, after its first tool is registered and before it connects',
    });
  }
  const handler: Handler = async (request, extra) => {
    const contract =
      options.contract ?? (({ name }: NamedTool) => listed(handlers.get('tools/list'), name, extra));
    const called = request.params as ToolCallParams;
    try {
      const ask = options.elicit === true ? { ask: askingOf(low, extra) } : {};
      return await enforceToolCall(
        await monitor(),
        { ...options, ...ask, contract },
        called,
        async (params, cut) => {
          refuseAborted(signalOf(extra));
          const result = await call({ ...request, params }, orCut(extra, cut));
          const { isError, task } = (result ?? {}) as { isError?: unknown; task?: unknown };
          // A task goes on after its call was answered.
          if (isError === true || task !== undefined) throw new FailedCall(result);
          return result;
        },
      );
    } catch (error) {
      if (error instanceof FailedCall) return error.result;
      throw error;
    }
  };
  handlers.set('tools/call', markGoverned(handler));
}

const MAX_PAGES = 1_000;

/** The tool as the server lists it now, to this client. */
async function listed(list: Handler | undefined, name: string, extra: unknown): Promise<ToolContract> {
  const found: ToolContract[] = [];
  let cursor: string | undefined;
  for (let page = 0; list !== undefined && page < MAX_PAGES; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const answer = (await list({ method: 'tools/list', params }, extra)) as ToolPage;
    found.push(...answer.tools.filter((tool) => tool.name === name));
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  const [tool] = found;
  if (tool === undefined || found.length > 1 || cursor !== undefined)
    throw new ContractUnknownError('the server does not list it, or not once alone');
  // As it goes over the wire: a schema may have been made by a library that leaves more than JSON in it.
  return JSON.parse(JSON.stringify(tool)) as ToolContract;
}

interface ToolPage {
  readonly tools: readonly ToolContract[];
  readonly nextCursor?: string;
}

/** How a call is translated for the monitor, and who is asked where it waits for a person. */
export type ToolCallOptions = ToolChoices & ServerName & { ask?: Ask };

/**
 * Tells a person what is to be signed, and waits until that is done, or is not to be.
 * @param message a text of one line and no hidden characters
 * @returns whether the monitor is to look again; it believes nothing else. What is thrown counts as no
 */
export type Ask = (message: string, denial: Denial) => boolean | Promise<boolean>;

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
  const asked = askedOf(call, options);
  const enforced = () =>
    monitor.enforce(
      asked,
      (judged, { signal }) => run({ ...call, arguments: judgedArguments(judged) }, signal),
      asking(call.name, options, undefined, actionOf(call.name, options.server)),
    );
  try {
    return await enforced().catch(async (error: unknown) => {
      if (!(error instanceof CovenantDeniedError) || !(await isDone(error, asked, options))) throw error;
      return enforced();
    });
  } catch (error) {
    if (error instanceof CovenantDeniedError) return denialResult(error);
    throw error;
  }
}

/** Whether a person was asked, and says that it is worth another look. */
async function isDone(
  { denial }: CovenantDeniedError,
  asked: ActionRequest,
  { ask }: ToolCallOptions,
): Promise<boolean> {
  if (ask === undefined || !isAwaited(denial)) return false;
  try {
    return (await ask(messageFor(denial, asked), denial)) === true;
  } catch {
    return false;
  }
}

const MAX_ARGUMENTS = 2_000;
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{DI}\u{2800}]|(?! )\p{Zs}/gu;

/** Arguments are the agent's: nothing in them may hide, reorder or pass for what is said here. */
function messageFor({ reason, approval }: Denial, { action, context }: ActionRequest): string {
  const args = JSON.stringify(context?.args ?? {}).replace(
    HIDDEN,
    (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`,
  );
  const shown = args.length > MAX_ARGUMENTS ? `${args.slice(0, MAX_ARGUMENTS)}… (cut)` : args;
  const where =
    approval === undefined ? '' : ` Sign ${approval.id} before ${approval.expiresAt}, then accept.`;
  return `${reason}. It is for ${action.replace(HIDDEN, '?')}.${where} Accepting by itself permits nothing. Arguments: ${shown}`;
}

interface Eliciting {
  elicitInput?(params: object, options?: object): Promise<{ action?: unknown }>;
}

/** How long a person may take, in milliseconds. */
const ELICIT_MS = 600_000;

/** SDK 1.x asks by the server, 2.x by the request that is being answered. */
function askingOf(server: Eliciting, extra: unknown): Ask {
  return async (message) => {
    const { mcpReq } = (extra ?? {}) as { mcpReq?: Eliciting };
    const by = typeof mcpReq?.elicitInput === 'function' ? mcpReq : server;
    const question = { message, requestedSchema: { type: 'object', properties: {} } };
    const signal = signalOf(extra);
    const options = { timeout: ELICIT_MS, ...(signal === undefined ? {} : { signal }) };
    return (await by.elicitInput?.(question, options))?.action === 'accept';
  };
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

/** What a tool throws has become a result by the time that it is seen here. What was, or will be, done is unknown all the same. */
class FailedCall extends Error {
  constructor(readonly result: unknown) {
    super('the tool failed, or has not ended');
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
