import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { Collected } from '../../lib/audit/collected.js';
import { type Entry, entryOf, jsonOf, lineOf } from '../../lib/audit/entry.js';
import { type Head, readHead } from '../../lib/audit/head.js';
import { leavesOf } from '../../lib/audit/leaves.js';
import { LOG_ARGUMENT, openLog } from '../../lib/audit/log-name.js';
import { untilStopped } from '../../lib/audit/until-stopped.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { CliError } from '../../lib/errors.js';
import { jsonText } from '../../lib/output.js';

interface Flags {
  readonly n: string;
  readonly follow?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('<log>', LOG_ARGUMENT)
    .option('-n <entries>', 'how many of the newest entries to show, 0 to 10000', '20')
    .option('--follow', 'go on with each entry that is published, until interrupted')
    .addHelpText('after', HELP)
    .action(cli.does((name: string, flags: Flags) => tail(name, flags, cli)));
}

const HELP = `
Shows entries once a checkpoint covers them, which takes a second under load. It verifies nothing: stele audit verify does.
With --json it prints one JSON object; with --follow as well, one for each entry, each on its line.

Example:
  $ stele audit tail /var/lib/stele/audit -n 50 --follow`;

const POLL_MS = 500;
const MOST = 10_000;

async function tail(name: string, { n, follow, json }: Flags, cli: Cli): Promise<ExitCode> {
  if (!/^\d{1,5}$/.test(n) || Number(n) > MOST)
    throw new CliError('usage', `-n is no number from 0 to ${MOST}`);
  const { shown, reader, close } = await openLog(name);
  try {
    const head = await readHead(reader, shown);
    const from = Math.max(head.first, head.size - Number(n));
    if (json && !follow) {
      await asJson(head, from, shown, cli);
      return 0;
    }
    const print = (entry: Entry) => cli.print(json ? jsonText(jsonOf(entry)) : lineOf(entry));
    await printFrom(from, head, print);
    if (follow) await untilStopped((signal) => goOn(() => readHead(reader, shown), head, print, signal));
    return 0;
  } finally {
    await close();
  }
}

async function asJson(head: Head, from: number, shown: string, cli: Cli): Promise<void> {
  const collected = new Collected();
  for await (const leaf of leavesOf(head.reader, head.size, from, head.size)) collected.add(entryOf(leaf));
  const { origin, size, root, first } = head;
  const { entries, unlisted } = collected;
  cli.print(jsonText({ log: shown, origin, size, root, first, entries, unlisted }));
}

type Print = (entry: Entry) => void;

async function printFrom(from: number, head: Head, print: Print): Promise<void> {
  for await (const leaf of leavesOf(head.reader, head.size, from, head.size)) print(entryOf(leaf));
}

/** Looks for newer checkpoints, and shows what they add. */
async function goOn(
  newest: () => Promise<Head>,
  from: Head,
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  for (let seen = from; !signal.aborted; await wait(POLL_MS, undefined, { signal }).catch(() => undefined)) {
    const head = await newest();
    const isOther = head.size === seen.size && head.root !== seen.root;
    if (head.origin !== seen.origin || head.size < seen.size || isOther) throw replaced(seen, head);
    await printFrom(seen.size, head, print);
    seen = head;
  }
}

const replaced = (before: Head, now: Head) =>
  new CliError(
    'log_replaced',
    `the log had ${before.size} entries, and now has ${now.size}: it was put back, or replaced by another`,
    'verify it with the checkpoint that you kept: stele audit verify --since <checkpoint>',
  );
