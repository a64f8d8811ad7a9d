import type { Command } from 'commander';
import type { Cli } from '../lib/cli.js';
import { addCommands, type CommandEntry } from '../lib/commands.js';

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  init: { summary: 'make a key ring with its first key', load: () => import('./keys/init.js') },
  list: { summary: 'show every key of a ring; asks for no passphrase', load: () => import('./keys/list.js') },
  rotate: { summary: 'put a new key in place of the active one', load: () => import('./keys/rotate.js') },
  continuity: {
    summary: 'sign that the newest key follows the one before',
    load: () => import('./keys/continuity.js'),
  },
  revoke: { summary: 'revoke a key, at once and for ever', load: () => import('./keys/revoke.js') },
  'export-public': {
    summary: 'print public keys, for those who verify',
    load: () => import('./keys/export-public.js'),
  },
  import: {
    summary: 'put a private key in clear under a passphrase',
    load: () => import('./keys/import.js'),
  },
  crl: { summary: 'sign or check a revocation list', load: () => import('./keys/crl.js') },
};

const HELP = `
A ring is a folder that any number of processes share. Its history stands in clear, its private keys under a passphrase.

Example:
  $ stele keys init --ring ring`;

export async function define(command: Command, cli: Cli): Promise<void> {
  await addCommands(command.addHelpText('after', HELP), COMMANDS, cli);
}
