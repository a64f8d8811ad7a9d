import type { Command } from 'commander';
import { type Address, parseAddress } from '../lib/audit/address.js';
import { untilStopped } from '../lib/audit/until-stopped.js';
import type { Cli, ExitCode } from '../lib/cli.js';
import { CliError } from '../lib/errors.js';
import { messageOf, readJson } from '../lib/input.js';
import {
  addMonitorOptions,
  checkMonitorFlags,
  type MonitorFlags,
  openGoverned,
} from '../lib/mcp/governed.js';
import { upstreamFailed } from '../lib/mcp/list-tools.js';
import { GatewayServer, isLoopback } from '../lib/mcp/listen.js';
import { MAX_MESSAGE } from '../lib/mcp/messages.js';
import { readPins } from '../lib/mcp/pins.js';
import { inTurn, loadMcpSdk, type Transport } from '../lib/mcp/sdk.js';
import { Session, type SessionOptions } from '../lib/mcp/session.js';
import { ToolGate } from '../lib/mcp/tool-gate.js';
import { translationOf } from '../lib/mcp/translation.js';
import {
  addUpstreamOptions,
  type Connect,
  UPSTREAM_HELP,
  type UpstreamFlags,
  upstreamOf,
} from '../lib/mcp/upstream.js';
import { jsonText, printable } from '../lib/output.js';
import { PASSPHRASE_HELP } from '../lib/passphrase.js';
import { checkServerName } from '../lib/tools/named.js';

interface Flags extends MonitorFlags, UpstreamFlags {
  readonly server: string;
  readonly map?: string;
  readonly pins?: string;
  readonly toolsOnly?: true;
  readonly listen?: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addUpstreamOptions(
    addMonitorOptions(command)
      .requiredOption('--server <name>', 'how you call the server: a tool is judged as <name>.<tool>')
      .option('--map <file>', 'how tools become actions and resources (JSON), as for `stele replay`')
      .option('--pins <file>', 'what was agreed of the tools, as `stele tools pin` wrote it')
      .option('--tools-only', 'let nothing through but tools: no resources, prompts, completions, logging')
      .option(
        '--listen <host:port>',
        'answer streamable HTTP there, at /mcp, instead of standard input and output',
      ),
  )
    .addHelpText('after', HELP)
    .action(cli.does((upstream: string[], flags: Flags) => gateway(upstream, flags, cli)));
}

const HELP = `
Stands between a client and an MCP server. Every call of a tool is judged, charged and recorded before it goes on, with exactly what was
judged; a denial is a result with isError, and _meta["stele/denial"]. Tools that no permit could ever cover are not listed. What is
no tool is not judged: it goes through, or not at all (--tools-only). With --audience a call that needs approval waits for signatures: the
client's user is told which request to sign, if the client takes questions, and the call is judged again. Other obligations are unmet.
In actions other characters of a tool's name than letters, digits, - and _ are code points: read.all is <name>.read:2e:all. The same
holds for {tool} in a map, whose usual action is "<name>.{tool}".
A tool that is not as it was pinned, by --pins or by metadata.tools of a covenant ("<name>.<tool>"), is hidden and denied. Standard output carries the protocol alone; with --listen it
says where, with --json as one JSON object. Whoever reaches that address may call: others than this machine need a proxy that
asks who they are.
${UPSTREAM_HELP}
${PASSPHRASE_HELP}

Exit codes: 0 if the client ended it, 1 if the server did, 2 otherwise.

Example:
  $ stele mcp-gateway --covenant covenant.json --trust did:key:z6Mk… --server files --limits limits.db \\
      -- npx -y @modelcontextprotocol/server-filesystem /srv/files`;

async function gateway(upstream: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  const named = upstreamOf(upstream, flags);
  const address = flags.listen === undefined ? undefined : listenAddress(flags.listen);
  if (flags.json && address === undefined)
    throw new CliError(
      'usage',
      '--json is of use with --listen only',
      'standard output carries the protocol',
    );
  checkServerName(flags.server);
  checkMonitorFlags(flags);
  const connect = await named.load();
  const map = flags.map === undefined ? undefined : await readJson(flags.map, cli.streams);
  const translation = translationOf(flags.server, map);
  const pins = flags.pins === undefined ? undefined : await readPins(flags.pins, cli.streams);
  const { monitor, close } = await openGoverned(flags, cli);
  try {
    const options: SessionOptions = {
      gate: new ToolGate({ monitor, server: flags.server, ...translation, pins }),
      toolsOnly: flags.toolsOnly === true,
      onProblem: (error) => cli.printError(`stele: ${printable(messageOf(error), 400)}`),
    };
    if (address === undefined) return await overStdio(connect(), options, cli);
    if (!isLoopback(address)) cli.printError('stele: note: whoever reaches this address may call tools');
    return await overHttp(connect, address, options, flags, cli);
  } finally {
    await close();
  }
}

/** A port alone is one of this machine's. */
const listenAddress = (text: string): Address =>
  parseAddress(/^\d+$/.test(text) ? `127.0.0.1:${text}` : text, '--listen');

async function overStdio(upstream: Transport, options: SessionOptions, cli: Cli): Promise<ExitCode> {
  const { stdin, stdout } = cli.streams;
  const input = streamOf(stdin);
  const { StdioServerTransport } = await loadMcpSdk('StdioServerTransport');
  const client = inTurn(new StdioServerTransport(input, stdout, { maxBufferSize: MAX_MESSAGE }));
  const session = await Session.open(client, upstream, options).catch(async (error: unknown) => {
    await upstream.close().catch(() => undefined);
    throw upstreamFailed(error);
  });
  // The transport does not look whether anybody is still there.
  for (const event of ['end', 'close']) input.once(event, () => void session.close());
  await untilStopped(async (signal) => {
    signal.addEventListener('abort', () => void session.close(), { once: true });
    await session.ended;
  });
  if ((await session.ended) === 'client') return 0;
  cli.printProblem({ message: 'the upstream server has ended' });
  return 1;
}

async function overHttp(
  connect: Connect,
  address: Address,
  options: SessionOptions,
  { json }: Flags,
  cli: Cli,
): Promise<ExitCode> {
  const sdk = await loadMcpSdk('StreamableHTTPServerTransport');
  const server = new GatewayServer(sdk, connect, address, options);
  const url = await server.listen();
  await untilStopped(async (signal) => {
    cli.print(json ? jsonText({ url }) : `listening on ${url}`);
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  });
  await server.close();
  return 0;
}

interface EventInput {
  once(event: string, listener: () => void): unknown;
}

function streamOf(stdin: object): EventInput {
  if ('once' in stdin && typeof stdin.once === 'function') return stdin as EventInput;
  throw new CliError('usage', 'standard input must be a stream', 'run stele as a process of its own');
}
