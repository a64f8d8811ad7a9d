import type { Command } from 'commander';
import type { Cli } from '../lib/cli.js';
import { addCommands, type CommandEntry } from '../lib/commands.js';

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  tail: {
    summary: 'show the newest entries, and new ones as they come',
    load: () => import('./audit/tail.js'),
  },
  show: { summary: 'show entries, as lines or as a page to read', load: () => import('./audit/show.js') },
  verify: {
    summary: 'verify a log, an export or a proof with public keys alone',
    load: () => import('./audit/verify.js'),
  },
  export: { summary: 'write a log as evidence for an auditor', load: () => import('./audit/export.js') },
  prove: { summary: 'write the proof of one entry', load: () => import('./audit/prove.js') },
  erase: {
    summary: 'destroy the key that the values of a subject are sealed under',
    load: () => import('./audit/erase.js'),
  },
  witness: { summary: 'cosign the checkpoints of logs of others', load: () => import('./audit/witness.js') },
};

const HELP = `
A log is named by its path (a folder of tiles, or a file for one in SQLite) or by a URL: postgres://user@host/database?schema=stele,
for which the package pg must be installed. None of these commands takes the lock of the log's writer.

Example:
  $ stele audit verify /var/lib/stele/audit --key audit.example/refunds+7f3a9b1c+Aa…`;

export async function define(command: Command, cli: Cli): Promise<void> {
  await addCommands(command.addHelpText('after', HELP), COMMANDS, cli);
}
