/** What agents are shown of tools, from a file. */
import type { ToolContract } from '@stele/sdk';
import type { Streams } from '../cli.js';
import { CliError } from '../errors.js';
import { isRecord, nameOf, readJson } from '../input.js';
import { toolsOf } from '../mcp/tool-list.js';
import { askModule } from './module.js';

/**
 * The contracts in a JSON file, a list or what `tools/list` answers; or those of the tools that a module exports, which is run.
 * @throws CliError `tools_unreadable`, and as `readJson`
 */
export async function readContracts(path: string, streams: Streams): Promise<readonly ToolContract[]> {
  if (path !== '-' && !path.endsWith('.json')) return (await askModule(path, 'toolContracts')).answer;
  const value = await readJson(path, streams);
  const listed = isRecord(value) ? value.tools : value;
  const tools = toolsOf({ tools: listed });
  if (!Array.isArray(listed) || tools.length !== listed.length)
    throw new CliError(
      'tools_unreadable',
      `${nameOf(path)} is no list of tools, each with a name`,
      'write what tools/list answers: { "tools": [{ "name", "description", "inputSchema" }] }',
    );
  return tools;
}
