import { readToolPins } from '@stele/sdk';
import type { Streams } from './cli.js';
import { CliError } from './errors.js';
import { messageOf, nameOf, readJsonObject } from './input.js';
import { readPins } from './mcp/pins.js';
import { printable } from './output.js';

interface Flags {
  readonly metadata?: string;
  readonly tools?: readonly string[];
}

/**
 * The metadata of a covenant to be made, with the tools that it pins. What no monitor could read is refused.
 * @throws CliError `pins_invalid`, `usage`, and as `readJsonObject`
 */
export async function readMetadata(
  { metadata, tools }: Flags,
  streams: Streams,
): Promise<Record<string, unknown> | undefined> {
  const given = metadata === undefined ? undefined : await readJsonObject(metadata, streams);
  const hasTools = given !== undefined && Object.hasOwn(given, 'tools');
  if (hasTools) checkPins(given.tools, metadata as string);
  if (tools === undefined) return given;
  if (hasTools)
    throw new CliError('usage', 'both --metadata and --tools name tools', 'leave one of them out');
  return { ...given, tools: Object.fromEntries(await united(tools, streams)) };
}

/** The pins of several files, such as one of each server. */
async function united(paths: readonly string[], streams: Streams): Promise<Map<string, string>> {
  const pins = new Map<string, string>();
  for (const path of paths)
    for (const [tool, digest] of await readPins(path, streams)) {
      if (pins.has(tool))
        throw new CliError(
          'pins_invalid',
          `${nameOf(path)}: the tool ${printable(tool, 64)} is there twice`,
          'pin the tools of each server under its name: stele tools pin --server NAME',
        );
      pins.set(tool, digest);
    }
  return pins;
}

function checkPins(value: unknown, path: string): void {
  try {
    readToolPins(value);
  } catch (error) {
    throw new CliError(
      'pins_invalid',
      `${nameOf(path)}: the member tools: ${messageOf(error)}`,
      'a monitor reads it as the tools that are pinned: see stele sign --tools',
    );
  }
}
