import { type Exported, exportLog } from '@stele/audit';
import type { Command } from 'commander';
import { LOG_ARGUMENT } from '../../lib/audit/log-name.js';
import { type LogSession, withLog } from '../../lib/audit/log-session.js';
import { readSelection } from '../../lib/audit/selection.js';
import { addTrustOptions, KEY_HELP, readTrust, type TrustFlags } from '../../lib/audit/trust.js';
import { type ProgressFlags, withProgress } from '../../lib/audit/verdict.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { CliError } from '../../lib/errors.js';
import { refuseExisting } from '../../lib/files.js';
import { count, jsonText, printable } from '../../lib/output.js';
import { addProgressOptions } from '../../lib/store/flags.js';

interface Flags extends TrustFlags, ProgressFlags {
  readonly to: string;
  readonly html?: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addProgressOptions(
    addTrustOptions(
      command
        .argument('<log>', LOG_ARGUMENT)
        .requiredOption('--to <path>', 'a folder that is not there yet, or a file that ends with .tar'),
    ),
  )
    .option('--html <file>', 'also write the page that a person can read, see: stele audit show --help')
    .addHelpText('after', HELP)
    .action(cli.does((name: string, flags: Flags) => exportTo(name, flags, cli)));
}

const HELP = `
Writes what the newest checkpoint covers: entries (NDJSON), tiles, checkpoint, and a manifest that says what it proves and what not.
Values and their keys are never in it. Keep the printed hash of the manifest: it stands for the whole export. Given a --key, the log
is verified first, and one that does not verify is not exported.
${KEY_HELP}
Exit codes: 0 written, 1 the log does not verify, 2 it could not be read or written, or the command is wrong.

Examples:
  $ stele audit export /var/lib/stele/audit --to audit-2026-11.tar
  $ stele audit export /var/lib/stele/audit --to audit-2026-11.tar --html audit.html --key audit.example/refunds+7f3a9b1c+Aa…`;

async function exportTo(name: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const { to, html } = flags;
  if (to === '' || to === '-') throw new CliError('usage', '--to names no folder or file');
  await refuseExisting(to, 'name another one: an export never replaces anything');
  if (html !== undefined) await refuseExisting(html, 'name another file');
  const trust = await readTrust(flags, cli.streams);
  return withLog(name, trust, flags, cli, async (session) => {
    if (session.report?.valid === false) return failed(session, flags, cli);
    if (html !== undefined) await writeHtml(html, session, trust?.keys ?? []);
    const exported = await withProgress(
      flags,
      cli,
      (onProgress) => exportLog(session.head.reader, to, { onProgress }),
      'export',
    );
    say(exported, session, flags, cli);
    return 0;
  });
}

function failed({ report, shown }: LogSession, { json }: Flags, cli: Cli): ExitCode {
  if (json) cli.print(jsonText({ log: shown, exported: false, verified: false, problem: report?.problem }));
  return 1;
}

async function writeHtml(path: string, session: LogSession, keys: readonly string[]): Promise<void> {
  const { head, shown, report } = session;
  const { writePage } = await import('../../lib/audit/write-page.js');
  const verified = report === undefined ? undefined : { report, keys };
  await writePage(path, { head, shown, verified, selection: readSelection({}, head) });
}

function say(exported: Exported, { report, shown }: LogSession, flags: Flags, cli: Cli): void {
  const { to: file, html, json } = flags;
  const { origin, size, from, to, manifest } = exported;
  if (json) {
    const verified = report === undefined ? null : report.valid;
    const page = html === undefined ? {} : { page: html };
    cli.print(
      jsonText({ log: shown, exported: true, file, origin, size, from, to, manifest, verified, ...page }),
    );
    return;
  }
  cli.print(`${count(to - from)} entries of ${printable(origin)} are in ${printable(file)}`);
  if (html !== undefined) cli.print(`the page is ${printable(html)}`);
  cli.print(`manifest ${manifest}`);
}
