/** What was agreed of the tools of a server: a file with the digest of each. */
import { toolDigest } from '@stele/sdk';
import type { Streams } from '../cli.js';
import { CliError } from '../errors.js';
import { nameOf, readJsonObject } from '../input.js';
import { printable } from '../output.js';
import type { ListedTool } from './tool-list.js';

export type Pins = ReadonlyMap<string, string>;

/**
 * Reads `{ "<tool>": "<digest>" }`.
 * @throws CliError `pins_invalid`, and as `readJsonObject`
 */
export async function readPins(path: string, streams: Streams): Promise<Pins> {
  const pins = Object.entries(await readJsonObject(path, streams));
  for (const [tool, digest] of pins)
    if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest))
      throw new CliError(
        'pins_invalid',
        `${nameOf(path)}: the digest of ${printable(tool, 64)} is not 64 hex digits in lower case`,
        'make the file with: stele tools pin --out FILE -- COMMAND',
      );
  return new Map(pins as [string, string][]);
}

/** The tool's digest; undefined for one that has none, since it is no plain JSON. */
export function digestOf(tool: ListedTool): string | undefined {
  try {
    const { name, description, inputSchema } = tool as ListedTool & { description?: string };
    return toolDigest({ name, description, inputSchema });
  } catch {
    return undefined;
  }
}

/** What differs from what was agreed, by name, each list in order. */
export interface PinChanges {
  /** Offered, and not agreed. */
  readonly added: readonly string[];
  /** Agreed, and not offered any more. */
  readonly removed: readonly string[];
  /** Another description or schema; a tool that is offered twice, too. */
  readonly changed: readonly string[];
}

export function comparePins(pins: Pins, tools: readonly ListedTool[]): PinChanges {
  const offered = new Set(tools.map(({ name }) => name));
  const changed = [...offered].filter((name) => pins.has(name) && !isAgreed(name, pins, tools));
  return {
    added: [...offered].filter((name) => !pins.has(name)).sort(),
    removed: [...pins.keys()].filter((name) => !offered.has(name)).sort(),
    changed: changed.sort(),
  };
}

/** Whether a tool is offered once, and as agreed. */
export function isAgreed(name: string, pins: Pins, tools: readonly ListedTool[]): boolean {
  const pin = pins.get(name);
  const offered = tools.filter((tool) => tool.name === name);
  return pin !== undefined && offered.length === 1 && digestOf(offered[0] as ListedTool) === pin;
}

/**
 * The text of a file of pins.
 * @throws CliError `tool_unusable` for tools that cannot be agreed on
 */
export function pinsText(tools: readonly ListedTool[]): string {
  const pins = new Map<string, string>();
  for (const tool of tools) {
    const digest = digestOf(tool);
    const problem =
      digest === undefined ? 'is no plain JSON' : pins.has(tool.name) ? 'is there twice' : undefined;
    if (problem !== undefined)
      throw new CliError(
        'tool_unusable',
        `the tool ${printable(tool.name, 64)} ${problem}`,
        'mend the server',
      );
    pins.set(tool.name, digest as string);
  }
  const sorted = [...pins].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}
