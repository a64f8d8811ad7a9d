import type { Command } from 'commander';
import type { Cli } from '../lib/cli.js';
import { addCommands, type CommandEntry } from '../lib/commands.js';

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  list: { summary: 'list requests for approval', load: () => import('./approvals/list.js') },
  show: { summary: 'show all that an approver signs for', load: () => import('./approvals/show.js') },
  approve: { summary: 'sign that a call may be made', load: () => import('./approvals/approve.js') },
  deny: { summary: 'sign that a call may not be made', load: () => import('./approvals/deny.js') },
  prune: { summary: 'remove requests that have long expired', load: () => import('./approvals/prune.js') },
};

const HELP = `
A call that a covenant lets through only with approval waits in the store as a request, until enough approvers have signed it, one has
denied it, or it expires. Approvers sign with a key of their own for this use: stele keygen --use approval, stele keys init --use approval.

Example:
  $ stele approvals list --store covenants
  $ stele approvals approve urn:stele:approval:9f2c… --store covenants --key approver.key`;

export async function define(command: Command, cli: Cli): Promise<void> {
  await addCommands(command.addHelpText('after', HELP), COMMANDS, cli);
}
