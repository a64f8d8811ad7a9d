import type { Command } from 'commander';
import type { Cli } from '../lib/cli.js';
import { addCommands, type CommandEntry } from '../lib/commands.js';

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  check: { summary: 'find mistakes in rules', load: () => import('./ccl/check.js') },
  fmt: { summary: 'set rules in canonical form', load: () => import('./fmt.js') },
  explain: {
    summary: 'say what every statement makes of one request',
    load: () => import('./ccl/explain.js'),
  },
  diff: {
    summary: 'find a request that an edit permits or denies anew',
    load: () => import('./ccl/diff.js'),
  },
  narrow: { summary: 'prove that rules permit no more than others', load: () => import('./ccl/narrow.js') },
  analyze: {
    summary: 'find statements that do not do what they seem to',
    load: () => import('./ccl/analyze.js'),
  },
};

const HELP = `
A file is a CCL text (- for standard input), or, but for fmt, a covenant as JSON, of which only the constraints are read: whether
it is genuine, \`stele verify\` says.

Example:
  $ stele ccl check rules.ccl`;

export async function define(command: Command, cli: Cli): Promise<void> {
  await addCommands(command.addHelpText('after', HELP), COMMANDS, cli);
}
