import { sealKeyFile } from '@stele/crypto';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { refuseExisting, refuseInput, writeSecret } from '../../lib/files.js';
import { readJwk } from '../../lib/keys.js';
import { jsonText, printable } from '../../lib/output.js';
import {
  addPassphraseOptions,
  PASSPHRASE_HELP,
  type PassphraseFlags,
  readPassphrase,
} from '../../lib/passphrase.js';
import { keyUse } from '../../lib/use.js';

interface Flags extends PassphraseFlags {
  readonly out: string;
  readonly use: string;
  readonly force?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(command.argument('<jwk>', 'a private key in clear, a JWK of mode 0600'))
    .requiredOption('--out <file>', 'where the key file goes; readable by you alone (mode 0600)')
    .option(
      '--use <use>',
      'the one use of the key: covenant, log, witness, token, approval, …',
      keyUse,
      'covenant',
    )
    .option('--force', 'replace an existing file')
    .addHelpText(
      'after',
      `
The key goes into a key file, not into a ring: a ring makes its own keys, so that none of them has ever been anywhere else. The
JWK stays where it is; remove it, and its backups.
${PASSPHRASE_HELP}

Example:
  $ stele keys import old.jwk --out owner.key --passphrase-file passphrase`,
    )
    .action(cli.does((jwk: string, flags: Flags) => importKey(jwk, flags, cli)));
}

async function importKey(jwk: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const { out, use, force } = flags;
  await refuseInput(out, '--out', [jwk, flags.passphraseFile]);
  if (!force) await refuseExisting(out);
  const pair = await readJwk(jwk);
  const passphrase = await readPassphrase(flags, cli, { what: 'key file', isNew: true });
  await writeSecret(out, await sealKeyFile(pair, passphrase, { use }), force === true);
  const { did, publicKeyHex } = pair;
  if (flags.json) cli.print(jsonText({ did, publicKeyHex, use, file: out }));
  else {
    cli.print(
      `did         ${did}\npublic key  ${publicKeyHex}\nfile        ${printable(out)} (under its passphrase)`,
    );
    cli.print('note: the key still stands in clear in the file that it came from');
  }
  return 0;
}
