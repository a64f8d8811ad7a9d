import type { Command } from 'commander';
import type { Cli } from '../lib/cli.js';
import { addCommands, type CommandEntry } from '../lib/commands.js';

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  pin: { summary: 'write down what the tools of an MCP server are', load: () => import('./tools/pin.js') },
  diff: {
    summary: 'say what has changed in the tools of an MCP server',
    load: () => import('./tools/diff.js'),
  },
};

export async function define(command: Command, cli: Cli): Promise<void> {
  await addCommands(command, COMMANDS, cli);
}
