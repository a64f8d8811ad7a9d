/** What an agent is shown of a tool: read from the tool of a framework as it is at the call, or told by the host. */
import { type Asking, CalledTool } from '../called-tool.js';
import { ContractUnknownError } from '../lib/pinned.js';
import type { ToolContract } from '../tool-digest.js';
import { jsonSchemaOf } from './json-schema.js';
import type { NamedTool } from './tool-call.js';

/** The contract itself, or what tells it at each call. */
export type ContractChoice =
  | ToolContract
  | ((tool: NamedTool) => ToolContract | undefined | Promise<ToolContract | undefined>);

interface Choices {
  readonly contract?: ContractChoice | undefined;
}

/** The members of tools that hold, in one framework or another, what a model is shown. */
interface Shown {
  readonly type?: unknown;
  readonly description?: unknown;
  readonly inputSchema?: unknown;
  readonly parameters?: unknown;
  readonly schema?: unknown;
  readonly inputExamples?: unknown;
}

const MEND = 'give the guard { contract: { name, description, inputSchema } }';

/**
 * The tool, for the monitor. Nothing is read before a monitor asks.
 * @param tool the object that the model was shown of; undefined where a guard sees none
 * @param pinned the name that covenants pin it by
 */
export function asking(name: string, choices: Choices, tool: unknown, pinned: string = name): Asking {
  return { tool: new CalledTool(pinned, () => contractOf(name, choices, tool)) };
}

/**
 * The contract of a tool. The tool's own description, where it has one, goes before the one that the host tells: it is what is shown.
 * @throws ContractUnknownError
 */
export async function contractOf(name: string, choices: Choices, tool: unknown): Promise<ToolContract> {
  const { contract } = choices;
  const told = typeof contract === 'function' ? await contract({ name }) : contract;
  if (!isObject(tool)) {
    if (told === undefined) throw new ContractUnknownError(`this guard does not see it, ${MEND}`);
    return told;
  }
  const description = descriptionOf(tool);
  if (told !== undefined) return description === undefined ? told : { ...told, description };
  refuseMore(tool);
  return { name, description, inputSchema: await jsonSchemaOf(schemaOf(tool), MEND) };
}

/** The object that a framework calls a member of: a copy of the guarded tool may show the model something else. */
export function shownBy(
  self: unknown,
  member: 'inputSchema' | 'parameters' | 'schema',
  wrapped: object,
): object {
  return isObject(self) && member in self ? self : wrapped;
}

function descriptionOf({ description }: Shown): string | undefined {
  if (description === undefined || description === null) return undefined;
  if (typeof description === 'string') return description;
  throw new ContractUnknownError('its description is worked out at each step: make it a text');
}

/** What no digest covers must not be shown beside what one does. */
function refuseMore({ type, inputExamples }: Shown): void {
  if (type === 'provider') throw new ContractUnknownError(`its provider describes it, ${MEND}`);
  if (inputExamples !== undefined && inputExamples !== null)
    throw new ContractUnknownError(`it has examples, which no digest covers: leave them out, or ${MEND}`);
}

/** LangChain has its `schema`, the OpenAI Agents SDK `parameters`, the others `inputSchema`. */
function schemaOf(tool: Shown): unknown {
  if ('_call' in tool) return tool.schema;
  return tool.type === 'function' && 'parameters' in tool ? tool.parameters : tool.inputSchema;
}

const isObject = (value: unknown): value is Shown & object => typeof value === 'object' && value !== null;
