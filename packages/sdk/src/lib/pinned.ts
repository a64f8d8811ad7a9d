/** Whether the tool that a request is of is one that the covenants agree to. */
import type { ChainLink } from '@stele/core';
import { SteleError } from '@stele/types/errors';
import type { Asking, CalledTool } from '../called-tool.js';
import { type ToolPins, toolPinsOf } from '../tool-pins.js';
import type { Objection } from './governing.js';
import { inTime } from './in-time.js';

/** What one covenant of a chain pins. */
export interface Pinned {
  readonly covenant: string;
  readonly pins: ToolPins;
}

/** Of a tool of which a guard cannot tell what the agent is shown; its message says how to mend that, and nothing else. */
export class ContractUnknownError extends SteleError<'tool_contract_unknown'> {
  constructor(message: string) {
    super('tool_contract_unknown', message);
  }
}

/** The pins of every covenant that has some, or why those of one cannot be read. */
export function pinnedIn(links: readonly ChainLink[]): readonly Pinned[] | Objection {
  const found: Pinned[] = [];
  for (const { document } of links) {
    try {
      const pins = toolPinsOf(document);
      if (pins !== undefined) found.push({ covenant: document.id, pins });
    } catch (error) {
      return {
        code: 'covenant_invalid',
        check: 'tools',
        reason: 'the covenant does not hold: what it pins of tools (metadata.tools) cannot be read',
        detail: messageOf(error),
        covenant: document.id,
      };
    }
  }
  return found;
}

/** Every covenant that pins tools must agree to this one, as it is now. Undefined when they do. */
export async function notAgreed(
  pinned: readonly Pinned[],
  tool: Asking['tool'],
  withinMs: number,
): Promise<Objection | undefined> {
  const [first] = pinned;
  if (first === undefined || tool === 'none') return undefined;
  if (tool === undefined) return changed(first, 'only agreed tools are permitted, and the host names none');
  const other = pinned.find(({ pins }) => !pins.has(tool.name));
  if (other !== undefined) return changed(other, 'the tool is not among those that were agreed');
  const digest = await digestOf(tool, withinMs);
  if (typeof digest !== 'string') return changed(first, ...digest.why);
  const differs = pinned.find(({ pins }) => pins.get(tool.name) !== digest);
  return differs && changed(differs, 'the tool is not, or no longer, what was agreed');
}

/** The digest of a tool, or why there is none: a sentence that an agent may see, and what the host alone may. */
export async function digestOf(
  tool: CalledTool,
  withinMs: number,
): Promise<string | { readonly why: [string, string?] }> {
  try {
    return await inTime<string>(
      () => tool.digest(),
      withinMs,
      () => {
        throw new ContractUnknownError('it was not to be had in time');
      },
    );
  } catch (error) {
    const why = 'what the agent is shown of the tool cannot be told';
    // Of an error of the host's own an agent is not told.
    if (error instanceof ContractUnknownError) return { why: [`${why}: ${error.message}`] };
    return { why: [why, messageOf(error)] };
  }
}

const changed = ({ covenant }: Pinned, reason: string, detail?: string): Objection => ({
  code: 'tool_contract_changed',
  reason,
  covenant,
  ...(detail === undefined ? {} : { detail }),
});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
