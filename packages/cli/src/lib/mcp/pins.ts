/** What was agreed of the tools of a server: the digest of each, in a file or in a covenant. */
import { readToolPins, type ToolContract, toolDigest } from '@stele/sdk';
import { actionOf } from '@stele/sdk/adapters';
import type { Streams } from '../cli.js';
import { CliError } from '../errors.js';
import { messageOf, nameOf, readJsonObject } from '../input.js';
import { printable } from '../output.js';

export type Pins = ReadonlyMap<string, string>;

/** A tool as it is offered; one that is no contract has no digest. */
interface Offered {
  readonly name: string;
  readonly description?: unknown;
  readonly inputSchema?: unknown;
}

/**
 * Reads `{ "<tool>": "<digest>" }`.
 * @throws CliError `pins_invalid`, and as `readJsonObject`
 */
export async function readPins(path: string, streams: Streams): Promise<Pins> {
  const value = await readJsonObject(path, streams);
  try {
    return readToolPins(value);
  } catch (error) {
    throw new CliError(
      'pins_invalid',
      `${nameOf(path)}: ${messageOf(error)}`,
      'make the file with: stele tools pin --out FILE -- COMMAND',
    );
  }
}

/** The tool's digest; undefined for one that has none, since it is no plain JSON. */
export function digestOf(tool: Offered): string | undefined {
  try {
    return toolDigest(tool as ToolContract);
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

/** @param server as for `isAgreed`: pins of other servers are left out */
export function comparePins(pins: Pins, tools: readonly Offered[], server?: string): PinChanges {
  const offered = new Map(tools.map(({ name }) => [actionOf(name, server), name]));
  const names = [...offered.keys()];
  const ofServer = [...pins.keys()].filter((name) => name.startsWith(actionOf('', server)));
  return {
    added: names.filter((name) => !pins.has(name)).sort(),
    removed: ofServer.filter((name) => !offered.has(name)).sort(),
    changed: [...offered]
      .filter(([name, own]) => pins.has(name) && !isAgreed(own, pins, tools, server))
      .map(([name]) => name)
      .sort(),
  };
}

/**
 * Whether a tool is offered once, and as agreed.
 * @param server how the host calls the server, where the pins are a covenant's: they have `<server>.<tool>`
 */
export function isAgreed(name: string, pins: Pins, tools: readonly Offered[], server?: string): boolean {
  const pin = pins.get(actionOf(name, server));
  const offered = tools.filter((tool) => tool.name === name);
  return pin !== undefined && offered.length === 1 && digestOf(offered[0] as Offered) === pin;
}

/**
 * The text of a file of pins.
 * @param server as for `isAgreed`
 * @throws CliError `tool_unusable` for tools that cannot be agreed on
 */
export function pinsText(tools: readonly Offered[], server?: string): string {
  const pins = new Map<string, string>();
  for (const tool of tools) {
    const digest = digestOf(tool);
    const pinned = actionOf(tool.name, server);
    const problem =
      digest === undefined ? 'is no plain JSON' : pins.has(pinned) ? 'is there twice' : undefined;
    if (problem !== undefined)
      throw new CliError(
        'tool_unusable',
        `the tool ${printable(tool.name, 64)} ${problem}`,
        'mend the server',
      );
    pins.set(pinned, digest as string);
  }
  const sorted = [...pins].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}
