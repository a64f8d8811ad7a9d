/** What the adapters of agent frameworks share: the request that a tool call becomes, and what is said of a denial. */
import { snapshotJson } from '@stele/crypto';
import type { Asking } from '../called-tool.js';
import type { ActionRequest } from '../decision.js';
import { type Denial, denialOf } from '../denial.js';
import { ActionNotPerformedError, CovenantDeniedError } from '../errors.js';
import type { Monitor, PreviewOptions } from '../monitor.js';
import { type Choice, choose, type GuardOptions, type HostFacts } from './guard.js';
import type { ContractChoice } from './tool-contract.js';

/** What a function of the host is told of the tool that is called. */
export interface NamedTool {
  readonly name: string;
}

export type ToolGuardOptions = GuardOptions & ToolChoices;

/** How the call of a tool is translated. */
export interface ToolChoices {
  /** The action; the tool's name when not given. A function is told the name, so that one set can have its own names. */
  action?: Choice<unknown, NamedTool>;
  /** The resource; `/` when not given. Set it where the covenant distinguishes resources. */
  resource?: Choice<unknown, NamedTool>;
  /** Facts of the host for conditions. */
  context?: HostFacts | ((input: unknown) => HostFacts);
  /**
   * What the agent is shown of the tool, where a guard cannot read it from the tool itself, or where the host knows better. It is
   * looked at only where a covenant pins tools, or an approval is asked for. A function is asked at each call; a value stays what it is.
   */
  contract?: ContractChoice;
  /** Told of what is likely a mistake in the wiring. `process.emitWarning` where there is one, when not given. */
  onWarning?: (message: string) => void;
}

/**
 * The request that a call of a tool is judged as.
 * @param named the action where the host chooses none; the tool's name when not given
 */
export function requestOf(
  name: string,
  options: ToolChoices,
  input: unknown,
  named: string = name,
): ActionRequest {
  const args = copied(input);
  // What cannot be copied is not plain JSON: the monitor says so, in its own words, and records it.
  if (args === undefined) return malformed(named, input);
  const { action = named, resource = '/', context } = options;
  try {
    return {
      action: choose(action, args, { name }),
      resource: choose(resource, args, { name }),
      context: { ...(typeof context === 'function' ? context(args) : context), args, tool: { name } },
    };
  } catch (error) {
    // A function of the host that fails on odd arguments must not leave the call without a decision.
    warn(options, `a function of the host failed for the tool ${JSON.stringify(name)}: ${String(error)}`);
    return malformed(named, args);
  }
}

/**
 * What would become of a call, for frameworks that ask whether a person must be asked. It never rejects: where the monitor fails
 * the call is left to the guard, which fails in the same way and lets nothing run.
 */
export async function previewOf(
  monitor: () => Monitor | Promise<Monitor>,
  asked: ActionRequest,
  options?: PreviewOptions,
): Promise<Denial | undefined> {
  try {
    const { effect, decision } = await (await monitor()).preview(asked, options);
    return effect === 'permit' ? undefined : denialOf(decision);
  } catch {
    return FAILED;
  }
}

const FAILED: Denial = { code: 'covenant_missing', reason: 'the guard failed', retryable: false };

/** Whether a person may turn a denial into a permit. */
export const isAwaited = (denial: Denial | undefined): boolean => denial?.pending !== undefined;

/** Whether a person must be asked before a call of a guarded tool, which is judged again when it runs. */
export const mustAsk = async (
  monitor: () => Monitor | Promise<Monitor>,
  asked: ActionRequest,
  asking: Asking,
): Promise<boolean> => isAwaited(await previewOf(monitor, asked, { ...asking, judgedAgain: true }));

/** What is to run: a copy of the arguments that were judged, which the tool may change as it likes. */
export const judgedArguments = (judged: ActionRequest): unknown => structuredClone(judged.context?.args);

/** A signal for both: the caller gives up, or the covenant no longer stands. */
export const together = (given: AbortSignal | undefined, cut: AbortSignal): AbortSignal =>
  given === undefined ? cut : AbortSignal.any([given, cut]);

/** Whoever asked may have given up while the call was judged: then it does not run, and its budget is given back. */
export function refuseAborted(given: AbortSignal | undefined): void {
  if (given?.aborted === true) throw new ActionNotPerformedError('the call was aborted before the tool ran');
}

/** The denial behind an error, also where a framework has wrapped the error in one of its own. */
export function denialIn(error: unknown): Denial | undefined {
  for (let inner = error, depth = 0; depth < 4 && inner instanceof Error; depth++, inner = inner.cause) {
    if (inner instanceof CovenantDeniedError) return denialOf(inner.decision);
  }
  return undefined;
}

/** What an agent is told of a denial, in words and with the code. */
export const toldOf = ({ reason, code }: Denial): string => `${reason} [${code}]`;

/** Calls without a name of their own. */
export const UNNAMED = 'tool.unnamed';

/** A request that is malformed whatever the arguments are, also should they (a proxy) be readable the next time. */
export function malformed(name: string, args: unknown): ActionRequest {
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

interface NodeLike {
  process?: { emitWarning?: (text: string, type: string) => void };
}

export function warn({ onWarning }: ToolChoices, message: string): void {
  if (onWarning !== undefined) onWarning(message);
  else (globalThis as NodeLike).process?.emitWarning?.(message, 'SteleWarning');
}
