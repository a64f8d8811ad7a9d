import { verifyExport, verifyProof } from '@stele/audit';
import type { Command } from 'commander';
import { kindOf, openLog } from '../../lib/audit/log-name.js';
import { addTrustOptions, KEY_HELP, readTrust, type Trust, type TrustFlags } from '../../lib/audit/trust.js';
import {
  type ProgressFlags,
  type Verdict,
  verdictOn,
  verdictText,
  withProgress,
} from '../../lib/audit/verdict.js';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { CliError } from '../../lib/errors.js';
import { readBytes } from '../../lib/input.js';
import { jsonText } from '../../lib/output.js';
import { addProgressOptions } from '../../lib/store/flags.js';

interface Flags extends TrustFlags, ProgressFlags {
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addProgressOptions(
    addTrustOptions(
      command.argument(
        '<evidence>',
        'a log (its folder, SQLite file or postgres://…), an export (folder or .tar) or a .tlog-proof',
      ),
    ),
  )
    .addHelpText('after', HELP)
    .action(cli.does((name: string, flags: Flags) => verify(name, flags, cli)));
}

const HELP = `
Recomputes the tree from every entry and compares it with the signed checkpoint, names the first bad place, and says what was proved
and what was not. Keep the checkpoints that you have seen, and give them with --since: without one, and without witnesses, the
operator could have written the whole log anew.
${KEY_HELP}
Exit codes: 0 valid, 1 not valid, 2 it could not be read or the command is wrong.

Examples:
  $ stele audit verify export.tar --key audit.example/refunds+7f3a9b1c+Aa…
  $ stele audit verify decision-17.tlog-proof --key log-keys.txt
  $ stele audit verify /var/lib/stele/audit --key did:key:z6Mk… --since checkpoint.monday \\
      --witness witness.example/w1+1c2d3e4f+Ba… --quorum 1`;

async function verify(name: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const trust = await readTrust(flags, cli.streams);
  if (trust === undefined)
    throw new CliError('usage', 'nothing can be verified without a key', 'name the key of the log: --key');
  const verdict = await verdictOf(name, trust, flags, cli);
  cli.print(flags.json ? jsonText(verdict) : verdictText(verdict));
  return verdict.valid ? 0 : 1;
}

async function verdictOf(name: string, trust: Trust, flags: Flags, cli: Cli): Promise<Verdict> {
  switch (await kindOf(name)) {
    case 'proof':
      return verifyProofFile(name, trust, cli);
    case 'export':
      return withProgress(flags, cli, (onProgress) => verifyExport(name, { ...trust, onProgress }));
    case 'log':
      return verifyNamedLog(name, trust, flags, cli);
  }
}

async function verifyNamedLog(name: string, trust: Trust, flags: Flags, cli: Cli): Promise<Verdict> {
  const log = await openLog(name);
  try {
    return await verdictOn(log.reader, trust, flags, cli);
  } finally {
    await log.close();
  }
}

async function verifyProofFile(path: string, { since, ...trust }: Trust, cli: Cli): Promise<Verdict> {
  if (since.length > 0)
    throw new CliError('usage', 'a single proof cannot be compared with a checkpoint', 'leave out --since');
  const proof = await readBytes(path, cli.streams);
  return withProgress({ progress: false }, cli, () => verifyProof(proof, trust));
}
