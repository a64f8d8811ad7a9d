import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { refuseExisting, writeNewText, writeText } from '../../lib/files.js';
import { messageOf } from '../../lib/input.js';
import { listTools } from '../../lib/mcp/list-tools.js';
import { pinsText } from '../../lib/mcp/pins.js';
import type { ListedTool } from '../../lib/mcp/tool-list.js';
import { addUpstreamOptions, UPSTREAM_HELP, type UpstreamFlags, upstreamOf } from '../../lib/mcp/upstream.js';
import { count, jsonText, printable } from '../../lib/output.js';

interface Flags extends UpstreamFlags {
  readonly out: string;
  readonly force?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addUpstreamOptions(
    command
      .requiredOption('--out <file>', 'where the digests go (JSON)')
      .option('--force', 'replace an existing file'),
  )
    .addHelpText('after', HELP)
    .action(cli.does((upstream: string[], flags: Flags) => pin(upstream, flags, cli)));
}

const HELP = `
Writes { "<tool>": "<digest>" }, the digest being SHA-256 of the RFC 8785 form of { name, description, inputSchema }. Read what it
prints: what you pin is what you agree to. \`stele mcp-gateway --pins\` then hides and denies every other tool.
${UPSTREAM_HELP}

Example:
  $ stele tools pin --out pins.json -- npx -y @modelcontextprotocol/server-filesystem /srv/files`;

async function pin(upstream: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  const named = upstreamOf(upstream, flags);
  if (!flags.force) await refuseExisting(flags.out);
  const connect = await named.load();
  const onProblem = (error: unknown) => cli.printError(`stele: ${printable(messageOf(error), 400)}`);
  const tools = await listTools(connect(), onProblem);
  const text = pinsText(tools);
  await (flags.force ? writeText(flags.out, text) : writeNewText(flags.out, text));
  const pinned = [...tools].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (flags.json)
    cli.print(
      jsonText({ file: flags.out, tools: pinned.map(({ name, description }) => ({ name, description })) }),
    );
  else cli.print([`pinned ${count(pinned.length)} tools`, ...pinned.map(line)].join('\n'));
  return 0;
}

/** What an agent will read of it: here a person does. */
const line = ({ name, description = '' }: ListedTool) =>
  `  ${printable(name)}  ${printable(String(description), 400)}`;
