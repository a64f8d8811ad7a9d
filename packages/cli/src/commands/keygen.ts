import { generateKeyPair } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../lib/cli.js';
import { CliError } from '../lib/errors.js';
import { writeSecret } from '../lib/files.js';
import { toJwk } from '../lib/keys.js';
import { jsonText } from '../lib/output.js';

interface Flags {
  readonly out: string;
  readonly force?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .requiredOption('--out <file>', 'where the private key goes; readable by you alone (mode 0600)')
    .option('--force', 'replace an existing file')
    .addHelpText(
      'after',
      `
The file is a JWK (RFC 8037, Ed25519). The private key is never printed; what is printed is public.

Example:
  $ stele keygen --out owner.jwk`,
    )
    .action(cli.does((flags: Flags) => keygen(flags, cli)));
}

async function keygen(flags: Flags, cli: Cli): Promise<ExitCode> {
  if (flags.out === '-')
    throw new CliError('usage', 'a private key is not written to standard output', 'name a file with --out');
  const pair = await generateKeyPair();
  await writeSecret(flags.out, toJwk(pair), flags.force === true);
  const { did, publicKeyHex } = pair;
  if (flags.json) cli.print(jsonText({ did, publicKeyHex, file: flags.out }));
  else
    cli.print(
      `did         ${did}\npublic key  ${publicKeyHex}\nfile        ${flags.out} (private: keep it to yourself)`,
    );
  return 0;
}
