/** Mastra. Typed by structure, so that it need not be installed. */
import { SteleError } from '@stele/types/errors';
import { markGoverned } from './governed.js';
import { lazyMonitor } from './guard.js';
import { judgedArguments, refuseAborted, requestOf, type ToolGuardOptions, together } from './tool-call.js';

/** What a tool of Mastra looks like from here: any, so that the caller's own type stays exact. */
export interface MastraToolLike {
  readonly id: string;
  execute?: ((...args: never[]) => unknown) | undefined;
}

type Execute = (input: unknown, context?: { abortSignal?: AbortSignal }) => unknown;

/**
 * Guards a tool: its `execute` runs only when the covenant permits the call, with the arguments that were judged. A denial is a
 * CovenantDeniedError, whose message the agent is told.
 * @returns a tool of exactly the same type and class; the one handed over is untouched
 * @throws SteleError `tool_ungovernable` for a tool without `execute`
 */
export function withSteleMastra<T extends MastraToolLike>(tool: T, options: ToolGuardOptions): T {
  const monitor = lazyMonitor(options);
  const { id } = tool;
  const inner = tool.execute as unknown as Execute | undefined;
  if (typeof inner !== 'function') {
    throw new SteleError('tool_ungovernable', `the tool ${JSON.stringify(id)} has no execute to guard`, {
      hint: 'what runs in a client or at the provider cannot be guarded here: leave it out of the agent',
    });
  }
  const execute: Execute = async (input, context) => {
    const asked = requestOf(id, options, input);
    return (await monitor()).enforce(asked, (judged, { signal }) => {
      refuseAborted(context?.abortSignal);
      return inner.call(tool, judgedArguments(judged), {
        ...context,
        abortSignal: together(context?.abortSignal, signal),
      });
    });
  };
  return Object.assign(Object.create(tool) as T, { execute: markGoverned(execute) });
}
