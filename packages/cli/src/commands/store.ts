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
postgres://user@host/database?schema=stele, redis://host/0?prefix=stele, for which the package pg or ioredis must be installed, or
dynamodb://TABLE?region=eu-central-1, which needs @aws-sdk/client-dynamodb, credentials where the AWS SDK finds them, and a table
with the partition key kind and the sort key id, both of type S. &endpoint=http://127.0.0.1:8000 names something else that speaks
DynamoDB, and &transactions=no says that it has none.

Example:
  $ stele store verify covenants`;

export async function define(command: Command, cli: Cli): Promise<void> {
  await addCommands(command.addHelpText('after', HELP), COMMANDS, cli);
}
