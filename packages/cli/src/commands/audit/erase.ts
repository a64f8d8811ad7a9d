import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SubjectKeyFolder } from '@stele/audit';
import type { Command } from 'commander';
import { type Erased, eraseInLog } from '../../lib/audit/erase-in-log.js';
import { readHead } from '../../lib/audit/head.js';
import { LOG_ARGUMENT, openLog } from '../../lib/audit/log-name.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { confirm } from '../../lib/confirm.js';
import { CliError } from '../../lib/errors.js';
import { KEY_OPTION, readSigner } from '../../lib/keys.js';
import { jsonText, printable } from '../../lib/output.js';
import {
  addPassphraseOptions,
  PASSPHRASE_HELP,
  type PassphraseFlags,
  refusePassphrase,
} from '../../lib/passphrase.js';

interface Flags extends PassphraseFlags {
  readonly subject: string;
  readonly keys: string;
  readonly signer?: string;
  readonly head?: string;
  readonly yes?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(
    command
      .argument('<log>', LOG_ARGUMENT)
      .requiredOption('--subject <subject>', 'whose values are erased, as the host names them')
      .requiredOption('--keys <folder>', 'the folder with the keys of subjects')
      .option('--signer <file>', `also say so in the log, as its writer; the key of the log: ${KEY_OPTION}`)
      .option(
        '--head <file>',
        'with --signer: where the host keeps the highest checkpoint, if not beside the log',
      )
      .option('--yes', 'do not ask'),
  )
    .addHelpText('after', HELP)
    .action(cli.does((name: string, flags: Flags) => erase(name, flags, cli)));
}

const HELP = `
Destroys the key under which the values of a subject are sealed: agent, resource, context and whatever else the host keeps. Every
entry and every proof stays as it is, and verifies. Copies of the key, in backups say, must be destroyed where they are.
A host that is running goes on: what it appends of the subject from then on gets a new key. With --signer this command is the writer
of the log for a moment (refused with audit_log_locked beside another one), and an entry log.erased commits to the subject.
Exit codes: 0 destroyed, 1 there was no key, 2 otherwise.
${PASSPHRASE_HELP}

Example:
  $ stele audit erase /var/lib/stele/audit --subject https://acme.example/customers/17 --keys subject-keys`;

async function erase(name: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const { subject, signer, yes } = flags;
  if (subject === '') throw new CliError('usage', '--subject is empty');
  const keys = await openKeys(flags.keys);
  const origin = await originOf(name);
  const key = signer === undefined ? withoutSigner(flags) : await readSigner(signer, flags, cli);
  const what = `the values of ${printable(subject)} in ${printable(origin)} are to be erased`;
  await confirm(what, yes === true, cli);
  const done =
    key === undefined
      ? { erased: await keys.destroy(subject) }
      : await eraseInLog(name, { origin, signer: key, keys, subject, head: flags.head });
  cli.print(flags.json ? jsonText({ origin, subject, ...done }) : asText(done, subject));
  return done.erased ? 0 : 1;
}

function withoutSigner(flags: Flags): undefined {
  refusePassphrase(flags);
  if (flags.head !== undefined)
    throw new CliError('usage', '--head is of use with --signer only', 'leave it out');
}

/** It would make an empty one, and find nothing to destroy. */
async function openKeys(path: string): Promise<SubjectKeyFolder> {
  const isThere = await stat(join(path, 'secret')).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isThere) return new SubjectKeyFolder(path);
  throw new CliError(
    'file_unreadable',
    `there are no keys of subjects in ${printable(path)}`,
    'name the folder that the host gave to SubjectKeyFolder',
  );
}

async function originOf(name: string): Promise<string> {
  const { shown, reader, close } = await openLog(name);
  try {
    return (await readHead(reader, shown)).origin;
  } finally {
    await close();
  }
}

function asText({ erased, index, salt }: Erased, subject: string): string {
  const lines = [
    erased
      ? `the key of ${printable(subject)} is destroyed: its values cannot be read any more`
      : `there was no key of ${printable(subject)}`,
  ];
  if (index !== undefined)
    lines.push(`entry ${index} says so, without the name; keep this salt to show whose it is: ${salt}`);
  else if (erased) lines.push('the log holds no entry about it: --signer writes one');
  return lines.join('\n');
}
