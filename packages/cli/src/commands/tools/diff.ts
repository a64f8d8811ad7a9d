import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { messageOf } from '../../lib/input.js';
import { listTools } from '../../lib/mcp/list-tools.js';
import { comparePins, type PinChanges, readPins } from '../../lib/mcp/pins.js';
import { addUpstreamOptions, UPSTREAM_HELP, type UpstreamFlags, upstreamOf } from '../../lib/mcp/upstream.js';
import { jsonText, printable } from '../../lib/output.js';

interface Flags extends UpstreamFlags {
  readonly pins: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addUpstreamOptions(
    command.requiredOption('--pins <file>', 'what was agreed, as `stele tools pin` wrote it'),
  )
    .addHelpText('after', HELP)
    .action(cli.does((upstream: string[], flags: Flags) => diff(upstream, flags, cli)));
}

const HELP = `
Exit codes: 0 if every tool is as it was pinned, 1 if one was added, removed or changed.
${UPSTREAM_HELP}

Example:
  $ stele tools diff --pins pins.json -- npx -y @modelcontextprotocol/server-filesystem /srv/files`;

async function diff(upstream: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  const named = upstreamOf(upstream, flags);
  const pins = await readPins(flags.pins, cli.streams);
  const connect = await named.load();
  const onProblem = (error: unknown) => cli.printError(`stele: ${printable(messageOf(error), 400)}`);
  const changes = comparePins(pins, await listTools(connect(), onProblem));
  cli.print(flags.json ? jsonText(changes) : asText(changes));
  return Object.values(changes).every(({ length }) => length === 0) ? 0 : 1;
}

function asText({ added, removed, changed }: PinChanges): string {
  const lines = [
    ...added.map((name) => `+ ${printable(name)}  not pinned`),
    ...removed.map((name) => `- ${printable(name)}  not offered any more`),
    ...changed.map((name) => `! ${printable(name)}  another description or schema`),
  ];
  return lines.length === 0 ? 'every tool is as it was pinned' : lines.join('\n');
}
