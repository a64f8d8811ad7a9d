import type { Command } from 'commander';
import { Collected } from '../../lib/audit/collected.js';
import { entryOf, lineOf } from '../../lib/audit/entry.js';
import { leavesOf } from '../../lib/audit/leaves.js';
import { isUrl, LOG_ARGUMENT, pathOf } from '../../lib/audit/log-name.js';
import { type LogSession, withLog } from '../../lib/audit/log-session.js';
import { addSelectionOptions, readSelection, type SelectionFlags } from '../../lib/audit/selection.js';
import { addTrustOptions, KEY_HELP, readTrust, type TrustFlags } from '../../lib/audit/trust.js';
import type { ProgressFlags } from '../../lib/audit/verdict.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { refuseInput } from '../../lib/files.js';
import { count, jsonText, printable } from '../../lib/output.js';
import { addProgressOptions } from '../../lib/store/flags.js';

interface Flags extends SelectionFlags, TrustFlags, ProgressFlags {
  readonly html?: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addProgressOptions(addTrustOptions(addSelectionOptions(command.argument('<log>', LOG_ARGUMENT))))
    .option(
      '--html <file>',
      'write one page of HTML instead, which loads nothing and can be sent to a person',
    )
    .addHelpText('after', HELP)
    .action(cli.does((name: string, flags: Flags) => show(name, flags, cli)));
}

const HELP = `
Shows what the newest checkpoint covers. Given a --key it verifies the whole log first, and the page says what was proved; without
one nothing of it is verified. Agent, resource and context stand in a log as salted hashes only.
${KEY_HELP}
Exit codes: 0 shown, 1 shown, but the log does not verify, 2 it could not be read or the command is wrong.

Examples:
  $ stele audit show /var/lib/stele/audit --decision deny --since-time 24h
  $ stele audit show /var/lib/stele/audit --key audit.example/refunds+7f3a9b1c+Aa… --html audit.html`;

async function show(name: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const trust = await readTrust(flags, cli.streams);
  const { key = [], since = [] } = flags;
  if (flags.html !== undefined)
    await refuseInput(flags.html, '--html', [isUrl(name) ? undefined : pathOf(name), ...key, ...since]);
  return withLog(name, trust, flags, cli, async (session) => {
    if (flags.html !== undefined) await toPage(flags.html, session, trust?.keys ?? [], flags, cli);
    else if (flags.json) await asJson(session, flags, cli);
    else await asLines(session, flags, cli);
    return session.report?.valid === false ? 1 : 0;
  });
}

async function asLines({ head }: LogSession, flags: Flags, cli: Cli): Promise<void> {
  const selection = readSelection(flags, head);
  for await (const leaf of leavesOf(head.reader, head.size, selection.from, selection.to)) {
    const entry = entryOf(leaf);
    if (selection.includes(entry)) cli.print(lineOf(entry));
  }
}

async function asJson({ head, shown, report }: LogSession, flags: Flags, cli: Cli): Promise<void> {
  const selection = readSelection(flags, head);
  const collected = new Collected();
  for await (const leaf of leavesOf(head.reader, head.size, selection.from, selection.to)) {
    const entry = entryOf(leaf);
    if (selection.includes(entry)) collected.add(entry);
  }
  const { origin, size, root, first } = head;
  const { entries, unlisted } = collected;
  const verified = report?.valid ?? null;
  cli.print(jsonText({ log: shown, origin, size, root, first, verified, entries, unlisted }));
}

async function toPage(
  path: string,
  { head, shown, report }: LogSession,
  keys: readonly string[],
  flags: Flags,
  cli: Cli,
): Promise<void> {
  // The templates of the page are loaded only here.
  const { writePage } = await import('../../lib/audit/write-page.js');
  const verified = report === undefined ? undefined : { report, keys };
  const selection = readSelection(flags, head);
  const entries = await writePage(path, { head, selection, shown, verified });
  const { origin, size } = head;
  if (flags.json)
    cli.print(jsonText({ log: shown, origin, size, verified: report?.valid ?? null, page: path, entries }));
  else
    cli.print(
      `${count(entries)} of ${count(size)} entries of ${printable(origin)} are on ${printable(path)}`,
    );
}
