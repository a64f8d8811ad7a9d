/** The ways in which the Vercel AI SDK asks before a tool runs. Typed by structure, so that `ai` need not be installed. */
import type { Monitor } from '../monitor.js';
import { mayEverPermit } from '../permitted-actions.js';
import { lazyMonitor } from './guard.js';
import {
  isAwaited,
  previewOf,
  requestOf,
  type ToolChoices,
  type ToolGuardOptions,
  toldOf,
} from './tool-call.js';
import { asking } from './tool-contract.js';

/** What `toolApproval` of version 7 may answer. */
export type ToolApproval =
  | { readonly type: 'not-applicable' }
  | { readonly type: 'denied' | 'user-approval'; readonly reason: string };

/**
 * The `toolApproval` of `generateText`, `streamText` and agents of version 7: what the covenant denies is denied with its reason, and
 * where it waits for signatures the SDK stops and asks its user. Whatever that user, or whoever speaks for it, answers decides
 * nothing: the tools must be those of `withSteleTools` all the same, which judge when they run.
 */
export function steleToolApproval(
  options: ToolGuardOptions,
): (asked: {
  toolCall: { toolName: string; input: unknown };
  tools?: object | undefined;
}) => Promise<ToolApproval> {
  const monitor = lazyMonitor(options);
  return async ({ toolCall: { toolName, input }, tools = {} }) => {
    const tool: unknown = Object.hasOwn(tools, toolName) ? tools[toolName as never] : undefined;
    const asked = requestOf(toolName, options, input);
    const denial = await previewOf(monitor, asked, asking(toolName, options, tool));
    if (denial === undefined) return { type: 'not-applicable' };
    return { type: isAwaited(denial) ? 'user-approval' : 'denied', reason: toldOf(denial) };
  };
}

/** What a policy of `@ai-sdk/policy-opa` answers. */
export interface PolicyAnswer {
  readonly decision: 'not-applicable' | 'deny' | 'requires-approval';
  readonly reason?: string;
}

/** The input of `opaPolicy` as it is when nothing is said, and with `toInput: (asked) => asked`. */
interface PolicyInput {
  readonly tool?: { readonly name?: unknown };
  readonly args?: unknown;
  readonly toolCall?: { readonly toolName?: unknown; readonly input?: unknown };
  readonly tools?: object;
}

/**
 * A `PolicyClient` for `opaPolicy({ client, path, toInput: (asked) => asked })` of `@ai-sdk/policy-opa`: the same as
 * `steleToolApproval`, for hosts that have that package in place. The path is not looked at. With its usual input, without `toInput`, it
 * sees no tools: under a covenant that pins some, or where approvals are asked for, it then needs `contract`.
 */
export function stelePolicyClient(options: ToolGuardOptions): {
  evaluate<Input = unknown, Result = unknown>(path: string, input: Input): Promise<Result>;
} {
  const approval = steleToolApproval(options);
  async function evaluate(_path: string, input: unknown): Promise<PolicyAnswer> {
    const {
      tool,
      args,
      toolCall = { toolName: tool?.name, input: args },
      tools,
    } = (input ?? {}) as PolicyInput;
    const toolName: unknown = toolCall?.toolName;
    // A call whose name is not where it is expected is no tool of the covenant's.
    if (typeof toolName !== 'string') return { decision: 'deny', reason: 'the input names no tool' };
    const answer = await approval({ toolCall: { toolName, input: toolCall.input }, tools });
    if (answer.type === 'not-applicable') return { decision: 'not-applicable' };
    return { decision: answer.type === 'denied' ? 'deny' : 'requires-approval', reason: answer.reason };
  }
  return { evaluate: evaluate as never };
}

/**
 * The names of the tools that the covenants could ever permit, for `activeTools`: the model is not told of the others. It is a
 * courtesy to the model; a hidden tool that is called all the same is judged. A tool whose action depends on its arguments is shown.
 * @param options of which `action` counts, as for `withSteleTools`
 */
export function steleActiveTools<T extends object>(
  tools: T,
  { monitor, action }: { monitor: Monitor } & Pick<ToolChoices, 'action'>,
): Extract<keyof T, string>[] {
  const names = Object.keys(tools) as Extract<keyof T, string>[];
  return names.filter(
    (name) => typeof action === 'function' || mayEverPermit(monitor.covenants, action ?? name),
  );
}
