/** Servers of the Model Context Protocol, SDK 1.x and 2.x. Typed by structure, so that neither need be installed. */
import { SteleError } from '@stele/types/errors';
import { denialOf } from '../denial.js';
import { ActionNotPerformedError, CovenantDeniedError } from '../errors.js';
import { lazyMonitor } from './guard.js';
import { judgedArguments, requestOf, type ToolGuardOptions } from './tool-call.js';

/** What an MCP server looks like from here: `McpServer`, which holds the low-level `Server`. */
export interface McpServerLike {
  readonly server: object;
}

export type McpGuardOptions = ToolGuardOptions & {
  /**
   * How the host calls the server. Where somebody else chooses the tools' names, a tool is judged as `<server>.<tool>`, with
   * what is no letter, digit, dash or underscore of its name escaped, so that two tools never share an action. Not given: the
   * tool's own name.
   */
  server?: string;
};

type Handler = (request: CallRequest, extra: unknown) => Promise<unknown>;

interface CallRequest {
  readonly method: string;
  readonly params: { readonly name: string; readonly arguments?: unknown };
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
    const { name, arguments: args } = request.params;
    const asked = requestOf(name, options, args, actionOf(name, options.server));
    try {
      return await (await monitor()).enforce(asked, async (judged) => {
        if (signalOf(extra)?.aborted === true)
          throw new ActionNotPerformedError('the call was cancelled before the tool ran');
        const params = { ...request.params, arguments: judgedArguments(judged) };
        const result = await call({ ...request, params }, extra);
        if ((result as { isError?: unknown } | undefined)?.isError === true) throw new FailedCall(result);
        return result;
      });
    } catch (error) {
      if (error instanceof FailedCall) return error.result;
      if (error instanceof CovenantDeniedError) return denialResult(error);
      throw error;
    }
  };
  guarded.add(handler);
  handlers.set('tools/call', handler);
}

/** What a tool throws has become a result by the time that it is seen here. What was done is unknown all the same. */
class FailedCall extends Error {
  constructor(readonly result: unknown) {
    super('the tool failed');
  }
}

/** A denial as the result of a tool. */
export function denialResult(error: CovenantDeniedError): {
  isError: true;
  content: { type: 'text'; text: string }[];
  _meta: Record<string, unknown>;
} {
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

/** SDK 1.x has the signal itself, 2.x under `mcpReq`. */
const signalOf = (extra: unknown): AbortSignal | undefined => {
  const { signal, mcpReq } = (extra ?? {}) as { signal?: AbortSignal; mcpReq?: { signal?: AbortSignal } };
  return mcpReq?.signal ?? signal;
};
