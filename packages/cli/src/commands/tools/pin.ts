import type { ToolContract } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { refuseExisting, writeNewText, writeText } from '../../lib/files.js';
import { pinsText } from '../../lib/mcp/pins.js';
import { UPSTREAM_HELP } from '../../lib/mcp/upstream.js';
import { count, jsonText, printable } from '../../lib/output.js';
import { addToolOptions, type ToolFlags, toolsNamed } from '../../lib/tools/named.js';

interface Flags extends ToolFlags {
  readonly out?: string;
  readonly force?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addToolOptions(
    command
      .option('--out <file>', 'where the digests go (JSON); standard output if not given')
      .option('--force', 'replace an existing file'),
  )
    .addHelpText('after', HELP)
    .action(cli.does((upstream: string[], flags: Flags) => pin(upstream, flags, cli)));
}

const HELP = `
Writes { "<tool>": "<digest>" }, the digest being SHA-256 of the RFC 8785 form of { name, description, inputSchema }. Read what it
prints: what you pin is what you agree to. \`stele sign --tools\` puts it into a covenant; tools of a server that you call by a name
have that name there: \`--server bank\` writes "bank.<tool>". Without it the file is for \`stele mcp-gateway --pins\`.
${UPSTREAM_HELP}
--file takes what tools/list answers, as JSON, or a module that exports tools: that one is run.

Examples:
  $ stele tools pin --server files --out pins.json -- npx -y @modelcontextprotocol/server-filesystem /srv/files
  $ stele sign rules.ccl --tools pins.json --key owner.key --beneficiary did:key:z6Mk… --out covenant.json
  $ stele tools pin --file ./dist/tools.js`;

async function pin(upstream: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  const { out, force, json, server } = flags;
  const look = toolsNamed(upstream, flags, cli);
  if (out !== undefined && !force) await refuseExisting(out);
  const tools = await look();
  const text = pinsText(tools, server);
  const pinned = [...tools].sort((a, b) => (a.name < b.name ? -1 : 1));
  const read = [`pinned ${count(pinned.length)} tools`, ...pinned.map(line)].join('\n');
  if (out === undefined) {
    cli.printError(read);
    cli.print(text.trimEnd());
    return 0;
  }
  await (force ? writeText(out, text) : writeNewText(out, text));
  const shown = pinned.map(({ name, description }) => ({ name, description }));
  cli.print(json ? jsonText({ file: out, tools: shown }) : read);
  return 0;
}

/** What an agent will read of it: here a person does. */
const line = ({ name, description = '' }: ToolContract) =>
  `  ${printable(name)}  ${printable(String(description), 400)}`;
