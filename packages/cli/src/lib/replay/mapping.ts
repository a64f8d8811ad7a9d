import type { Request } from '@stele/sdk';
import { CliError } from '../errors.js';
import { isRecord } from '../input.js';
import { printable } from '../output.js';
import type { Call } from './call.js';

/** What a call asks for. */
export type Asked = Pick<Request, 'action' | 'resource'>;

/** Makes the request that a call stands for; or says why there is none, and the call is denied as malformed. */
export type Mapping = (call: MappedCall) => Asked | string;

export type MappedCall = Pick<Call, 'tool' | 'arguments'>;

/** A text with placeholders. Filled in for a call it gives a text; undefined where that cannot be done safely. */
type Template = (call: MappedCall) => string | undefined;

export interface MapOptions {
  /** The action where an entry names none; `{tool}` when not given. */
  readonly action?: string;
  /** What `{tool}` stands for; the tool's name when not given. */
  readonly toolText?: (tool: string) => string;
}

/** Without a map: the action is the tool's name, the resource `/`. */
export const defaultMapping: Mapping = ({ tool }) => ({ action: tool, resource: '/' });

/**
 * The mapping of a map file: `{ "tools": { "<tool>": { "action": "…", "resource": "…" } }, "default": { … } }`. What an
 * entry leaves out is as without a map.
 * @throws CliError `map_invalid` for unknown members and for templates that cannot be read
 */
export function compileMap(map: unknown, options: MapOptions = {}): Mapping {
  const { tools = {}, default: otherwise = {} } = members(map, ['tools', 'default'], 'the map');
  if (!isRecord(tools)) throw invalid('"tools" must be an object');
  const byTool = new Map(
    Object.entries(tools).map(([tool, entry]) => [
      tool,
      compileEntry(entry, `tools.${printable(tool, 64)}`, options),
    ]),
  );
  const fallback = compileEntry(otherwise, 'default', options);
  return (call) => (byTool.get(call.tool) ?? fallback)(call);
}

function compileEntry(entry: unknown, place: string, options: MapOptions): Mapping {
  const { action = options.action ?? '{tool}', resource = '/' } = members(
    entry,
    ['action', 'resource'],
    place,
  );
  const toAction = compileTemplate(action, '.', `${place}.action`);
  const toResource = compileTemplate(resource, '/', `${place}.resource`);
  const { toolText = (tool) => tool } = options;
  return (named) => {
    const call = { tool: toolText(named.tool), arguments: named.arguments };
    const asked = { action: toAction(call), resource: toResource(call) };
    if (asked.action === undefined) return unfilled(action as string);
    return asked.resource === undefined ? unfilled(resource as string) : (asked as Asked);
  };
}

const unfilled = (template: string) =>
  `${template} cannot be filled in: a value is missing, empty, no single value, or not one segment`;

function members(value: unknown, names: readonly string[], place: string): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw invalid(`${place} must be an object`);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw invalid(`${place} has an unknown member ${printable(unknown, 64)}; known are ${names.join(', ')}`);
  return value;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** @param separator what joins segments, which a value in the midst of a template must not add */
function compileTemplate(text: unknown, separator: '.' | '/', place: string): Template {
  if (typeof text !== 'string') throw invalid(`${place} must be a string`);
  if (/[{}]/.test(text.replace(PLACEHOLDER, '')))
    throw invalid(`${place} has a brace without its counterpart`);
  const [whole] = text.match(/^\{[^{}]*\}$/) ?? [];
  if (whole !== undefined) return wholeTemplate(whole.slice(1, -1), separator, place);
  // With a capturing group the odd parts are the placeholders.
  const parts = text
    .split(PLACEHOLDER)
    .map((part, i) => (i % 2 === 0 ? part : compilePlaceholder(part, place)));
  return (call) => {
    let filled = '';
    for (const part of parts) {
      const value = typeof part === 'string' ? part : part(call);
      if (value === undefined || (typeof part !== 'string' && !isOneSegment(value, separator)))
        return undefined;
      filled += value;
    }
    return filled;
  };
}

/** A template that is one placeholder: its value is the whole resource, a path or a URL, which the rules judge as it is. */
function wholeTemplate(name: string, separator: '.' | '/', place: string): Template {
  const placeholder = compilePlaceholder(name, place);
  // The tool's name is the host's and may have dots; an argument, which is the agent's, must not choose how deep an action is.
  const isFree = separator === '/' || name === 'tool';
  return (call) => {
    const value = placeholder(call);
    return value === undefined || isFree || isOneSegment(value, separator) ? value : undefined;
  };
}

function isOneSegment(value: string, separator: '.' | '/'): boolean {
  return value !== '.' && value !== '..' && !value.includes(separator) && !value.includes('\\');
}

function compilePlaceholder(name: string, place: string): Template {
  if (name === 'tool') return ({ tool }) => (tool === '' ? undefined : tool);
  const [root, ...path] = name.split('.');
  if (root !== 'arguments' || path.length === 0 || path.includes(''))
    throw invalid(`${place}: {${printable(name, 64)}} is neither {tool} nor {arguments.<name>}`);
  return (call) => scalarText(lookup(call.arguments, path));
}

/** Own members of objects only, as in conditions. */
function lookup(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (!isRecord(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** Never 'undefined', '[object Object]' or nothing at all in the midst of a resource. */
function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

const invalid = (message: string) =>
  new CliError('map_invalid', message, 'see: stele replay --help, for the form of a map');
