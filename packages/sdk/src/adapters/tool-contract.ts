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
  readonly name?: unknown;
  readonly description?: unknown;
  readonly inputSchema?: unknown;
  readonly parameters?: unknown;
  readonly schema?: unknown;
  readonly inputExamples?: unknown;
  readonly outputSchema?: unknown;
  readonly extras?: unknown;
  readonly metadata?: unknown;
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
 * So does a name that it has itself, where that is no longer the one that it was guarded under.
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
  const shown = nameOf(tool, name);
  if (told !== undefined)
    return {
      ...told,
      ...(shown === name ? {} : { name: shown }),
      ...(description === undefined ? {} : { description }),
    };
  refuseMore(tool);
  return { name: shown, description, inputSchema: await jsonSchemaOf(schemaOf(tool), MEND) };
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
function refuseMore(tool: Shown): void {
  if (tool.type === 'provider') throw new ContractUnknownError(`its provider describes it, ${MEND}`);
  const more = moreOf(tool);
  if (more !== undefined)
    throw new ContractUnknownError(`it has ${more}, which no digest covers: leave them out, or ${MEND}`);
}

function moreOf(tool: Shown): string | undefined {
  const { inputExamples, outputSchema, extras, metadata } = tool;
  if (inputExamples !== undefined && inputExamples !== null) return 'examples';
  if (isOpenAi(tool)) {
    // The SDK keeps the name and the description of a namespace under symbols of its own.
    const marks = Object.getOwnPropertySymbols(tool);
    if (marks.some(({ description }) => description?.startsWith('functionToolNamespace')))
      return 'words of a namespace';
    if (outputSchema !== undefined && outputSchema !== null) return 'words on its output';
  }
  if (isLangChain(tool)) {
    // A yes or no tells a model nothing; all else goes to the provider as it is, in place of the tool even.
    if (isObject(extras) && Object.values(extras).some((extra) => typeof extra !== 'boolean'))
      return 'extras';
    if (isObject(metadata) && 'customTool' in metadata) return 'words of a provider';
  }
  return undefined;
}

/** LangChain has its `schema`, the OpenAI Agents SDK `parameters`, the others `inputSchema`. */
function schemaOf(tool: Shown): unknown {
  if (isLangChain(tool)) return tool.schema;
  return isOpenAi(tool) ? tool.parameters : tool.inputSchema;
}

/** These have their names themselves; the others are shown under their keys. */
function nameOf(tool: Shown, key: string): string {
  return (isLangChain(tool) || isOpenAi(tool)) && typeof tool.name === 'string' ? tool.name : key;
}

const isLangChain = (tool: Shown): boolean => '_call' in tool;
const isOpenAi = (tool: Shown): boolean => tool.type === 'function' && 'parameters' in tool;
const isObject = (value: unknown): value is Shown & object => typeof value === 'object' && value !== null;
