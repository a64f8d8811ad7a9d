/** The OpenAI Agents SDK. Typed by structure, so that it need not be installed. */
import { parseJson } from '@stele/crypto';
import { SteleError } from '@stele/types/errors';
import { CovenantCutError } from '../errors.js';
import { markGoverned } from './governed.js';
import { lazyMonitor } from './guard.js';
import {
  denialIn,
  judgedArguments,
  malformed,
  mustAsk,
  refuseAborted,
  requestOf,
  type ToolGuardOptions,
  together,
  toldOf,
} from './tool-call.js';
import { asking, shownBy } from './tool-contract.js';

/** What a function tool looks like from here: any, so that the caller's own type stays exact. */
export interface FunctionToolLike {
  readonly type: 'function';
  readonly name: string;
  invoke(...args: never[]): unknown;
}

export type FunctionGuardOptions = ToolGuardOptions & {
  /**
   * Sets `needsApproval`: the run stops where the covenant waits for signatures. What it is answered decides nothing: when it goes
   * on the call is judged like any other. The SDK asks about arguments that the schema has read, and hands the tool those of the
   * model: they should not differ.
   */
  needsApproval?: boolean;
};

type NeedsApproval = (runContext: unknown, input: unknown, callId?: string) => Promise<boolean>;

type Invoke = (runContext: unknown, input: string, details?: { signal?: AbortSignal }) => Promise<unknown>;

/**
 * Guards a function tool: it is invoked only when the covenant permits the call, with the arguments that were judged. A denial
 * is the tool's output, which the model can act on.
 * @returns a copy of the tool, of exactly the same type
 * @throws SteleError `tool_ungovernable` for a hosted tool or a handoff: it runs elsewhere, out of reach of any guard here
 */
export function withSteleFunction<T extends FunctionToolLike>(tool: T, options: FunctionGuardOptions): T {
  const monitor = lazyMonitor(options);
  const { name, type } = tool;
  if (type !== 'function' || typeof tool.invoke !== 'function') {
    throw new SteleError('tool_ungovernable', `the tool ${JSON.stringify(name)} has no invoke to guard`, {
      hint: 'what runs at the provider cannot be guarded here: leave it out of the agent',
    });
  }
  const inner = tool.invoke as unknown as Invoke;
  const invoke = async function (this: unknown, ...[runContext, input, details]: Parameters<Invoke>) {
    const args = parsed(input);
    const asked = args === undefined ? malformed(name, input) : requestOf(name, options, args);
    try {
      return await (await monitor()).enforce(
        asked,
        async (judged, { signal: cut }) => {
          refuseAborted(details?.signal);
          const told = { ...details, signal: together(details?.signal, cut) };
          const output = await inner.call(tool, runContext, JSON.stringify(judgedArguments(judged)), told);
          // The SDK makes an output of what a tool throws: whether this one heard that it had to stop cannot be told.
          cut.throwIfAborted();
          return output;
        },
        asking(name, options, shownBy(this, 'parameters', wrapped)),
      );
    } catch (error) {
      if (error instanceof CovenantCutError) return error.message;
      const denial = denialIn(error);
      if (denial === undefined) throw error;
      return toldOf(denial);
    }
  };
  const own = (tool as { needsApproval?: NeedsApproval }).needsApproval;
  const needsApproval: NeedsApproval = async function (this: unknown, runContext, input, callId) {
    const asked = requestOf(name, options, input);
    const ofTool = await own?.call(tool, runContext, input, callId);
    return (
      ofTool === true ||
      (await mustAsk(monitor, asked, asking(name, options, shownBy(this, 'parameters', wrapped))))
    );
  };
  const wrapped: T = Object.assign(Object.create(Object.getPrototypeOf(tool)), tool, {
    invoke: markGoverned(invoke),
    ...(options.needsApproval === true ? { needsApproval } : {}),
  });
  return wrapped;
}

function parsed(input: string): unknown {
  try {
    return input === '' ? {} : parseJson(input);
  } catch {
    return undefined;
  }
}
