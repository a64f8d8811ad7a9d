/** The Claude Agent SDK. Typed by structure, so that it need not be installed. */
import { denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import type { Admission } from '../monitor.js';
import { lazyMonitor } from './guard.js';
import { requestOf, type ToolGuardOptions, toldOf, UNNAMED } from './tool-call.js';
import { asking } from './tool-contract.js';

/** What a hook is handed. */
export interface HookInput {
  readonly hook_event_name: string;
  readonly tool_name?: string;
  readonly tool_input?: unknown;
  readonly tool_use_id?: string;
}

type Hook = (
  input: HookInput,
  toolUseId: string | undefined,
  options?: { readonly signal?: AbortSignal },
) => Promise<HookOutput>;

export interface HookOutput {
  hookSpecificOutput?: {
    hookEventName: 'PreToolUse';
    permissionDecision: 'deny';
    permissionDecisionReason: string;
  };
}

export interface HookMatcher {
  hooks: Hook[];
  /** A hook that fails must stop the call; the SDK goes on otherwise. */
  onFailure?: 'block';
}

/** Calls whose end is awaited at once. The SDK does not tell of every end: of one more, the oldest counts as unknown. */
const MAX_RUNNING = 10_000;

/**
 * Hooks for `query({ options: { hooks: steleHooks({ covenant, store }) } })`: every tool of the agent, its own and those of MCP
 * servers (`mcp__<server>__<tool>`), is judged before it runs. What is permitted here still goes through the SDK's own
 * permissions.
 */
export function steleHooks(
  options: ToolGuardOptions,
): Record<'PreToolUse' | 'PostToolUse' | 'PostToolUseFailure', HookMatcher[]> {
  const monitor = lazyMonitor(options);
  const running = new Map<string, Admission>();

  const before: Hook = async (input, toolUseId, hook) => {
    const name = input.tool_name ?? UNNAMED;
    try {
      // A hook is shown no description and no schema: under pins the host tells them.
      const tool = asking(name, options, undefined);
      const admission = await (await monitor()).admit(requestOf(name, options, input.tool_input), tool);
      // The SDK gave up waiting for this hook: the tool does not run.
      if (hook?.signal?.aborted === true) {
        await admission.settle('not_performed');
        return denied('the call was aborted before the tool ran');
      }
      const id = toolUseId ?? input.tool_use_id ?? '';
      await makeRoom();
      const before = running.get(id);
      running.set(id, admission);
      await before?.settle('unknown'); // nobody will tell its end any more
      return {};
    } catch (error) {
      // A hook that throws would let the call through.
      const why =
        error instanceof CovenantDeniedError ? toldOf(denialOf(error.decision)) : 'the guard failed';
      return denied(why);
    }
  };

  async function makeRoom(): Promise<void> {
    if (running.size < MAX_RUNNING) return;
    const [oldest] = running as Iterable<[string, Admission]>;
    if (oldest === undefined) return;
    running.delete(oldest[0]);
    await oldest[1].settle('unknown');
  }

  const after =
    (outcome: 'done' | 'unknown'): Hook =>
    async (input, toolUseId) => {
      const id = toolUseId ?? input.tool_use_id ?? '';
      const admission = running.get(id);
      running.delete(id);
      await admission?.settle(outcome);
      return {};
    };

  return {
    PreToolUse: [{ hooks: [before], onFailure: 'block' }],
    PostToolUse: [{ hooks: [after('done')] }],
    PostToolUseFailure: [{ hooks: [after('unknown')] }],
  };
}

function denied(permissionDecisionReason: string): HookOutput {
  return {
    hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny', permissionDecisionReason },
  };
}
