import type { Command } from 'commander';
import type { Cli } from './cli.js';

/** A command, with what loads it: the help of all must not wait for the code of all. */
export interface CommandEntry {
  readonly summary: string;
  /** Whether it only holds others. */
  readonly isGroup?: true;
  readonly load: () => Promise<{ define(command: Command, cli: Cli): void | Promise<void> }>;
}

/** Adds commands; only those that the command line names are loaded. */
export async function addCommands(
  parent: Command,
  entries: Readonly<Record<string, CommandEntry>>,
  cli: Cli,
): Promise<void> {
  // Behind `help`, and one deeper in a group.
  const named = cli.argv.slice(0, 3);
  for (const [name, { summary, isGroup, load }] of Object.entries(entries)) {
    const command = parent.command(name).summary(summary).description(capital(summary));
    if (!named.includes(name)) continue;
    if (!isGroup) command.option('--json', 'print one JSON object');
    await (await load()).define(command, cli);
  }
}

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The words that call a command: `stele ccl fmt`. */
export function wordsOf(command: Command): string {
  return command.parent === null ? command.name() : `${wordsOf(command.parent)} ${command.name()}`;
}
