import { isSteleError } from '@stele/types/errors';
import { Command, CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { Cli, type ExitCode, type Streams } from './lib/cli.js';
import { jsonText } from './lib/output.js';

/** Every command, with what loads it: the help of all must not wait for the code of all. */
const COMMANDS = {
  keygen: { summary: 'make a private key, in a file of its own', load: () => import('./commands/keygen.js') },
  sign: { summary: 'build and sign a covenant from its rules', load: () => import('./commands/sign.js') },
  verify: { summary: 'run every check on a covenant', load: () => import('./commands/verify.js') },
  check: { summary: 'judge one action by a covenant', load: () => import('./commands/check.js') },
  fmt: { summary: 'set rules in canonical form', load: () => import('./commands/fmt.js') },
  replay: { summary: 'judge recorded tool calls by a covenant', load: () => import('./commands/replay.js') },
} as const;

const HELP = `
Exit codes: 0 allowed or valid, 1 denied or invalid, 2 usage or bad input.
Every command takes --json: one JSON object on standard output, also for errors.

Example:
  $ stele keygen --out owner.jwk
  $ stele sign rules.ccl --key owner.jwk --beneficiary did:key:z6Mk… --expires 90d --out covenant.json
  $ stele check covenant.json payments.refund /orders/7 --arg amount=50`;

/**
 * Runs the command line in this process.
 * @param argv the arguments after the program's name
 * @returns the exit code; it never ends the process
 */
export async function run(argv: readonly string[], streams: Streams): Promise<ExitCode> {
  const cli = new Cli(streams);
  try {
    await (await programFor(argv, cli)).parseAsync([...argv], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // help and version
    report(error, cli, argv.includes('--json'));
    return 2;
  }
}

async function programFor(argv: readonly string[], cli: Cli): Promise<Command> {
  const { stdout, stderr } = cli.streams;
  const program = new Command('stele')
    .description('Covenants for AI agents: make keys, sign, verify, check, format and replay.')
    .version(manifest.version)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .addHelpText('after', HELP);
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    const command = program.command(name).summary(summary).description(capital(summary));
    if (!argv.slice(0, 2).includes(name)) continue;
    command.option('--json', 'print one JSON object');
    (await load()).define(command, cli);
  }
  return program;
}

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** What went wrong, where, and how to mend it. A bug is told from bad input by its stack. */
function report(error: unknown, cli: Cli, json: boolean): void {
  const { code, message, hint } = describe(error);
  // Commander has written its own message already.
  if (!(error instanceof CommanderError)) {
    cli.printError(`stele: ${message}`);
    if (hint !== undefined) cli.printError(`  hint: ${hint}`);
  }
  if (json) cli.print(jsonText({ error: { code, message, ...(hint === undefined ? {} : { hint }) } }));
}

function describe(error: unknown): { code: string; message: string; hint?: string | undefined } {
  if (error instanceof CommanderError) return { code: 'usage', message: error.message };
  if (isSteleError(error)) return { code: error.code, message: error.message, hint: error.hint };
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message: stack, hint: 'this is a fault of stele itself; please report it' };
}
