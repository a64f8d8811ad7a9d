import { isSteleError } from '@stele/types/errors';
import { Command, CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { Cli, type ExitCode, type Streams } from './lib/cli.js';
import { addCommands, type CommandEntry } from './lib/commands.js';
import { jsonText } from './lib/output.js';

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  keygen: { summary: 'make a private key, in a file of its own', load: () => import('./commands/keygen.js') },
  keys: {
    summary: 'key rings: rotate, revoke, list, export',
    isGroup: true,
    load: () => import('./commands/keys.js'),
  },
  sign: { summary: 'build and sign a covenant from its rules', load: () => import('./commands/sign.js') },
  verify: { summary: 'run every check on a covenant', load: () => import('./commands/verify.js') },
  check: { summary: 'judge one action by a covenant', load: () => import('./commands/check.js') },
  fmt: { summary: 'set rules in canonical form', load: () => import('./commands/fmt.js') },
  ccl: {
    summary: 'look into rules: check, explain, compare, analyze',
    isGroup: true,
    load: () => import('./commands/ccl.js'),
  },
  test: { summary: 'test rules by tables of requests', load: () => import('./commands/test.js') },
  reissue: {
    summary: 'issue the covenants of a store again under a new key',
    load: () => import('./commands/reissue.js'),
  },
  store: {
    summary: 'stores: verify, count, copy, encrypt under a new key',
    isGroup: true,
    load: () => import('./commands/store.js'),
  },
  approvals: {
    summary: 'requests for approval: list, show, approve, deny',
    isGroup: true,
    load: () => import('./commands/approvals.js'),
  },
  audit: {
    summary: 'audit logs: show, verify, export, prove, witness',
    isGroup: true,
    load: () => import('./commands/audit.js'),
  },
  doctor: {
    summary: 'look over versions, parts, permissions and the clock',
    load: () => import('./commands/doctor.js'),
  },
  'mcp-gateway': {
    summary: 'put an MCP server under a covenant',
    load: () => import('./commands/mcp-gateway.js'),
  },
  tools: {
    summary: 'tools of MCP servers: pin what they are, find changes',
    isGroup: true,
    load: () => import('./commands/tools.js'),
  },
  replay: { summary: 'judge recorded tool calls by a covenant', load: () => import('./commands/replay.js') },
};

const HELP = `
Exit codes: 0 allowed, valid or nothing found, 1 denied, invalid or something found, 2 usage or bad input, 3 it could not be decided.
Every command takes --json: one JSON object on standard output, also for errors.

Example:
  $ stele keygen --out owner.key
  $ stele sign rules.ccl --key owner.key --beneficiary did:key:z6Mk… --expires 90d --out covenant.json
  $ stele check covenant.json payments.refund /orders/7 --arg amount=50`;

/**
 * Runs the command line in this process.
 * @param argv the arguments after the program's name
 * @returns the exit code; it never ends the process
 */
export async function run(argv: readonly string[], streams: Streams): Promise<ExitCode> {
  const cli = new Cli(streams, argv);
  try {
    await (await programFor(cli)).parseAsync([...argv], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help and version
    report(error, cli, ownArguments(argv).includes('--json'));
    return 2;
  }
}

/** What stands behind `--` belongs to another command. */
function ownArguments(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}

async function programFor(cli: Cli): Promise<Command> {
  const { stdout, stderr } = cli.streams;
  const program = new Command('stele')
    .description(
      'Covenants for AI agents: make keys, sign, verify, check, format, explain, compare, test and replay.',
    )
    .version(manifest.version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(withoutValues(text, cli.argv)),
    })
    .addHelpText('after', HELP);
  await addCommands(program, COMMANDS, cli);
  return program;
}

/** What went wrong, where, and how to mend it. A bug is told from bad input by its stack. */
function report(error: unknown, cli: Cli, json: boolean): void {
  const { code, message, hint } = describe(error, cli.argv);
  // Commander has written its own message already.
  if (!(error instanceof CommanderError)) cli.printProblem({ message, hint });
  if (json) cli.print(jsonText({ error: { code, message, ...(hint === undefined ? {} : { hint }) } }));
}

/** An option that does not exist is named without the value that was put behind it: `--passphrase=…` would be a secret. */
function withoutValues(text: string, argv: readonly string[]): string {
  return argv.reduce((left, argument) => {
    const name = /^-[^=]+(?==)/.exec(argument)?.[0];
    return name === undefined ? left : left.replaceAll(argument, `${name}=…`);
  }, text);
}

function describe(
  error: unknown,
  argv: readonly string[],
): { code: string; message: string; hint?: string | undefined } {
  if (error instanceof CommanderError) return { code: 'usage', message: withoutValues(error.message, argv) };
  if (isSteleError(error)) return { code: error.code, message: error.message, hint: error.hint };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message: stack, hint: 'this is a fault of stele itself; please report it' };
}
