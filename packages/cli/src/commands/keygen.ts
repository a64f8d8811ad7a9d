import { type KeyPair, sealKeyFile } from '@stele/crypto';
import { generateKeyPair } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../lib/cli.js';
import { CliError } from '../lib/errors.js';
import { refuseExisting, refuseInput, writeSecret } from '../lib/files.js';
import { toJwk } from '../lib/keys.js';
import { jsonText, printable } from '../lib/output.js';
import {
  addPassphraseOptions,
  PASSPHRASE_HELP,
  type PassphraseFlags,
  readPassphrase,
  refusePassphrase,
} from '../lib/passphrase.js';
import { keyUse } from '../lib/use.js';

interface Flags extends PassphraseFlags {
  readonly out: string;
  readonly use?: string;
  readonly plaintext?: true;
  readonly force?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .requiredOption('--out <file>', 'where the private key goes; readable by you alone (mode 0600)')
    .option(
      '--use <use>',
      'the one use of the key: covenant if not given; log, witness, token, approval, …',
      keyUse,
    )
    .option(
      '--plaintext',
      'write it in clear, as a JWK: whoever reads the file, or a backup of it, has the key',
    )
    .option('--force', 'replace an existing file');
  addPassphraseOptions(command)
    .addHelpText(
      'after',
      `
The key is sealed under a passphrase. The private key is never printed; what is printed is public.
${PASSPHRASE_HELP}

Examples:
  $ stele keygen --out owner.key
  $ stele keygen --out owner.key --passphrase-file passphrase`,
    )
    .action(cli.does((flags: Flags) => keygen(flags, cli)));
}

async function keygen(flags: Flags, cli: Cli): Promise<ExitCode> {
  const { out, force, plaintext } = flags;
  if (out === '-')
    throw new CliError('usage', 'a private key is not written to standard output', 'name a file with --out');
  await refuseInput(out, '--out', [flags.passphraseFile]);
  if (!force) await refuseExisting(out);
  const pair = await generateKeyPair();
  const text = plaintext ? inClear(pair, flags) : await sealed(pair, flags, cli);
  await writeSecret(out, text, force === true);
  const { did, publicKeyHex } = pair;
  if (flags.json) cli.print(jsonText({ did, publicKeyHex, file: out, encrypted: plaintext !== true }));
  else
    cli.print(
      `did         ${did}\npublic key  ${publicKeyHex}\nfile        ${printable(out)} (${plaintext ? CLEAR : SEALED})`,
    );
  return 0;
}

const SEALED = 'private: keep it and its passphrase apart';
const CLEAR = 'private and in clear: whoever reads it has the key';

function inClear(pair: KeyPair, flags: Flags): string {
  refusePassphrase(flags);
  if (flags.use !== undefined)
    throw new CliError('usage', 'a JWK holds no use', 'leave out --use or --plaintext');
  return toJwk(pair);
}

async function sealed(pair: KeyPair, flags: Flags, cli: Cli): Promise<string> {
  const passphrase = await readPassphrase(flags, cli, { what: 'key file', isNew: true });
  return sealKeyFile(pair, passphrase, { use: flags.use ?? 'covenant' });
}
