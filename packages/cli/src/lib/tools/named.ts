/** The tools that a command is about: of a server that is asked, or in a file. */
import { isValidAction } from '@stele/ccl';
import type { ToolContract } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli } from '../cli.js';
import { CliError } from '../errors.js';
import { messageOf } from '../input.js';
import { listTools } from '../mcp/list-tools.js';
import { addUpstreamOptions, type UpstreamFlags, upstreamOf } from '../mcp/upstream.js';
import { printable } from '../output.js';
import { readContracts } from './contracts.js';

export interface ToolFlags extends UpstreamFlags {
  readonly file?: string;
  readonly server?: string;
}

export function addToolOptions(command: Command): Command {
  return addUpstreamOptions(command)
    .option('--file <tools>', 'tools in a JSON file or of a module, instead of a server')
    .option(
      '--server <name>',
      'how you call the server, as for `stele mcp-gateway`: its tools are <name>.<tool>',
    );
}

/**
 * @returns what gets the tools
 * @throws CliError `usage`; then `tools_unreadable`, and as `listTools`
 */
export function toolsNamed(
  upstream: readonly string[],
  flags: ToolFlags,
  cli: Cli,
): () => Promise<readonly ToolContract[]> {
  const { file, url, env } = flags;
  checkServerName(flags.server);
  if (file !== undefined) {
    if (upstream.length > 0 || url !== undefined || env !== undefined)
      throw new CliError('usage', 'name either --file or a server');
    return () => readContracts(file, cli.streams);
  }
  const named = upstreamOf(upstream, flags);
  return async () => {
    const connect = await named.load();
    const onProblem = (error: unknown) => cli.printError(`stele: ${printable(messageOf(error), 400)}`);
    return listTools(connect(), onProblem);
  };
}

/**
 * A server's name is one segment of an action.
 * @throws CliError `usage`
 */
export function checkServerName(server: string | undefined): void {
  if (server === undefined) return;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(server) || !isValidAction(`${server}.x`))
    throw new CliError('usage', '--server must be 1 to 64 letters, digits, dashes and underscores');
}
