/** Mastra. Typed by structure, so that it need not be installed. */
import { SteleError } from '@stele/types/errors';
import { markGoverned } from './governed.js';
import { lazyMonitor } from './guard.js';
import {
  judgedArguments,
  mustAsk,
  refuseAborted,
  requestOf,
  type ToolGuardOptions,
  together,
} from './tool-call.js';
import { asking, shownBy } from './tool-contract.js';

/** What a tool of Mastra looks like from here: any, so that the caller's own type stays exact. */
export interface MastraToolLike {
  readonly id: string;
  execute?: ((...args: never[]) => unknown) | undefined;
}

export type MastraGuardOptions = ToolGuardOptions & {
  /**
   * Sets `requireApproval`: the run is suspended where the covenant waits for signatures. What it is resumed with decides nothing:
   * when it goes on the call is judged like any other.
   */
  requireApproval?: boolean;
};

/** How a tool says that a person is to be asked; the framework keeps a function apart from a plain yes or no. */
interface Asking {
  readonly requireApproval?: boolean;
  readonly needsApprovalFn?: (input: unknown, context?: unknown) => boolean | Promise<boolean>;
}

type Execute = (input: unknown, context?: { abortSignal?: AbortSignal }) => unknown;

/**
 * Guards a tool: its `execute` runs only when the covenant permits the call, with the arguments that were judged. A denial is a
 * CovenantDeniedError, whose message the agent is told.
 * @returns a tool of exactly the same type and class; the one handed over is untouched
 * @throws SteleError `tool_ungovernable` for a tool without `execute`
 */
export function withSteleMastra<T extends MastraToolLike>(tool: T, options: MastraGuardOptions): T {
  const monitor = lazyMonitor(options);
  const { id } = tool;
  const inner = tool.execute as unknown as Execute | undefined;
  if (typeof inner !== 'function') {
    throw new SteleError('tool_ungovernable', `the tool ${JSON.stringify(id)} has no execute to guard`, {
      hint: 'what runs in a client or at the provider cannot be guarded here: leave it out of the agent',
    });
  }
  const execute = async function (this: unknown, ...[input, context]: Parameters<Execute>) {
    const asked = requestOf(id, options, input);
    return (await monitor()).enforce(
      asked,
      (judged, { signal }) => {
        refuseAborted(context?.abortSignal);
        return inner.call(tool, judgedArguments(judged), {
          ...context,
          abortSignal: together(context?.abortSignal, signal),
        });
      },
      asking(id, options, shownBy(this, 'inputSchema', wrapped)),
    );
  };
  const { requireApproval: always, needsApprovalFn: own } = tool as Asking;
  const needsApprovalFn = async function (this: unknown, input: unknown, context?: unknown) {
    const asked = requestOf(id, options, input);
    const ofTool = await (own === undefined ? always : own.call(tool, input, context));
    const shown = asking(id, options, shownBy(this, 'inputSchema', wrapped));
    return ofTool === true || (await mustAsk(monitor, asked, shown));
  };
  const wrapped: T = Object.assign(Object.create(tool) as T, {
    execute: markGoverned(execute),
    ...(options.requireApproval === true ? { requireApproval: true, needsApprovalFn } : {}),
  });
  return wrapped;
}
