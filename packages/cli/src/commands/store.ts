import type { Command } from 'commander';
import type { Cli } from '../lib/cli.js';
import { addCommands, type CommandEntry } from '../lib/commands.js';

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  verify: { summary: 'read and check every record of a store', load: () => import('./store/verify.js') },
  stats: { summary: 'count what a store holds', load: () => import('./store/stats.js') },
  copy: {
    summary: 'copy a store into another one, and prove them equal',
    load: () => import('./store/copy.js'),
  },
  reencrypt: {
    summary: 'put an encrypted store under a new key',
    load: () => import('./store/reencrypt.js'),
  },
};

const HELP = `
A store is named by its path (a folder is a FileStore, a file a SqliteStore; sqlite:PATH where there is none yet) or by a URL:
postgres://user@host/database?schema=stele, redis://host/0?prefix=stele, for which the package pg or ioredis must be installed.

Example:
  $ stele store verify covenants`;

export async function define(command: Command, cli: Cli): Promise<void> {
  await addCommands(command.addHelpText('after', HELP), COMMANDS, cli);
}
