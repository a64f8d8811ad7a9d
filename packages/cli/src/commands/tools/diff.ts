import { toolPinsOf } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { readCovenant } from '../../lib/covenant-file.js';
import { CliError } from '../../lib/errors.js';
import { messageOf, nameOf } from '../../lib/input.js';
import { comparePins, type PinChanges, type Pins, readPins } from '../../lib/mcp/pins.js';
import { UPSTREAM_HELP } from '../../lib/mcp/upstream.js';
import { jsonText, printable } from '../../lib/output.js';
import { addToolOptions, type ToolFlags, toolsNamed } from '../../lib/tools/named.js';

interface Flags extends ToolFlags {
  readonly pins?: string;
  readonly covenant?: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addToolOptions(
    command
      .option('--pins <file>', 'what was agreed, as `stele tools pin` wrote it')
      .option('--covenant <file>', 'the same, as a covenant has it (metadata.tools)'),
  )
    .addHelpText('after', HELP)
    .action(cli.does((upstream: string[], flags: Flags) => diff(upstream, flags, cli)));
}

const HELP = `
Exit codes: 0 if every tool is as it was pinned, 1 if one was added, removed or changed.
With --server the pins of other servers are not looked at. Whether a covenant holds is not either: see stele verify.
${UPSTREAM_HELP}
--file takes what tools/list answers, as JSON, or a module that exports tools: that one is run.

Examples:
  $ stele tools diff --pins pins.json -- npx -y @modelcontextprotocol/server-filesystem /srv/files
  $ stele tools diff --covenant covenant.json --server files --url http://127.0.0.1:3000/mcp`;

async function diff(upstream: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  const look = toolsNamed(upstream, flags, cli);
  const pins = await agreed(flags, cli);
  const changes = comparePins(pins, await look(), flags.server);
  cli.print(flags.json ? jsonText(changes) : asText(changes));
  return Object.values(changes).every(({ length }) => length === 0) ? 0 : 1;
}

async function agreed({ pins, covenant }: Flags, { streams }: Cli): Promise<Pins> {
  if (pins !== undefined && covenant === undefined) return readPins(pins, streams);
  if (covenant === undefined || pins !== undefined)
    throw new CliError('usage', 'name what was agreed: --pins or --covenant', 'see: stele tools diff --help');
  const document = await readCovenant(covenant, streams);
  const invalid = (why: string) =>
    new CliError('pins_invalid', `${nameOf(covenant)}: ${why}`, 'sign one with: stele sign --tools');
  try {
    const found = toolPinsOf(document);
    if (found !== undefined) return found;
  } catch (error) {
    throw invalid(messageOf(error));
  }
  throw invalid('the covenant pins no tools');
}

function asText({ added, removed, changed }: PinChanges): string {
  const lines = [
    ...added.map((name) => `+ ${printable(name)}  not pinned`),
    ...removed.map((name) => `- ${printable(name)}  not offered any more`),
    ...changed.map((name) => `! ${printable(name)}  another description or schema`),
  ];
  return lines.length === 0 ? 'every tool is as it was pinned' : lines.join('\n');
}
