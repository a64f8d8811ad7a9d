import { readdir } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { CliError } from '../../lib/errors.js';
import { jsonText, printable } from '../../lib/output.js';
import {
  addPassphraseOptions,
  PASSPHRASE_HELP,
  type PassphraseFlags,
  readPassphrase,
} from '../../lib/passphrase.js';
import { loadRing, managerOf, mended } from '../../lib/ring.js';
import { keyUse } from '../../lib/use.js';

interface Flags extends PassphraseFlags {
  readonly ring: string;
  readonly use: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(command)
    .requiredOption('--ring <folder>', 'where the ring goes: a folder that is not there yet, or empty')
    .option(
      '--use <use>',
      'the one use of its keys: covenant, log, witness, token, approval, …',
      keyUse,
      'covenant',
    )
    .addHelpText(
      'after',
      `
What is printed is public; the private key never is.
${PASSPHRASE_HELP}

Example:
  $ stele keys init --ring ring --passphrase-file passphrase`,
    )
    .action(cli.does((flags: Flags) => init(flags, cli)));
}

async function init(flags: Flags, cli: Cli): Promise<ExitCode> {
  const { ring, use } = flags;
  if ((await loadRing(ring)) !== undefined)
    throw new CliError(
      'ring_exists',
      `there is a key ring at ${printable(ring)} already`,
      'name another folder',
    );
  if ((await readdir(ring).catch(() => [])).length > 0)
    throw new CliError(
      'file_exists',
      `${printable(ring)} holds other things`,
      'name a folder that is not there yet',
    );
  const passphrase = await readPassphrase(flags, cli, { what: 'key ring', isNew: true });
  const manager = managerOf(ring, use, passphrase);
  await mended(() => manager.initialize());
  const { did, publicKeyHex } = manager.activeKey;
  if (flags.json) cli.print(jsonText({ did, publicKeyHex, use, ring }));
  else
    cli.print(
      `did         ${did}\npublic key  ${publicKeyHex}\nring        ${printable(ring)} (private: keep it and its passphrase apart)`,
    );
  return 0;
}
