import type { KeyDescription } from '@stele/crypto';
import { type Command, Option } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { toPublicJwk } from '../../lib/keys.js';
import { jsonText } from '../../lib/output.js';
import { addRingOption, readRing } from '../../lib/ring.js';

interface Flags {
  readonly ring: string;
  readonly format: 'did' | 'hex' | 'jwk';
  readonly all?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addRingOption(command)
    .addOption(
      new Option('--format <format>', 'dids, public keys in hex, or a JWK set')
        .choices(['did', 'hex', 'jwk'])
        .default('did'),
    )
    .option('--all', 'also the keys that are retired or revoked')
    .addHelpText(
      'after',
      `
Prints the keys that verify: the active one and those in their overlap, oldest first. It asks for no passphrase, and what it
reads is not authenticated: compare the dids with what the owner of the ring says.

Examples:
  $ stele keys export-public --ring ring
  $ stele keys export-public --ring ring --format jwk`,
    )
    .action(cli.does((flags: Flags) => exportPublic(flags, cli)));
}

const VERIFYING = ['active', 'retiring'];

async function exportPublic(flags: Flags, cli: Cli): Promise<ExitCode> {
  const { use, keys } = await readRing(flags.ring);
  const chosen = keys.filter(({ state }) => flags.all || VERIFYING.includes(state));
  const jwk = ({ did, publicKeyHex }: KeyDescription) => toPublicJwk(did, publicKeyHex);
  if (flags.json) cli.print(jsonText({ use, keys: chosen.map((key) => ({ ...key, jwk: jwk(key) })) }));
  else if (flags.format === 'jwk') cli.print(JSON.stringify({ keys: chosen.map(jwk) }, null, 2));
  else for (const { did, publicKeyHex } of chosen) cli.print(flags.format === 'did' ? did : publicKeyHex);
  return 0;
}
