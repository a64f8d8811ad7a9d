import { type KeyDescription, publicKeyFromDid, toHex } from '@stele/crypto';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { CliError } from '../../lib/errors.js';
import { jsonText } from '../../lib/output.js';
import { addPassphraseOptions, PASSPHRASE_HELP, type PassphraseFlags } from '../../lib/passphrase.js';
import { checkReason } from '../../lib/reason.js';
import { addRingOption, mended, newestOf, openRing, readRing } from '../../lib/ring.js';

interface Flags extends PassphraseFlags {
  readonly ring: string;
  readonly reason: string;
  readonly foreign?: true;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(addRingOption(command.argument('<key>', 'its did, or its public key in hex')))
    .requiredOption('--reason <text>', 'why, for the revocation list: 1 to 1,024 characters')
    .option('--foreign', 'the key is none of this ring; put it on the list all the same')
    .addHelpText(
      'after',
      `
From then on nothing verifies with the key or is signed by it. If it was the active one, a new one takes its place at once.
Verifiers elsewhere learn of it by a list: stele keys crl.
${PASSPHRASE_HELP}

Example:
  $ stele keys revoke did:key:z6Mk… --ring ring --passphrase-file passphrase --reason 'found in a log'`,
    )
    .action(cli.does((key: string, flags: Flags) => revoke(key, flags, cli)));
}

async function revoke(key: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  checkReason(flags.reason);
  const publicKeyHex = hexOf(key);
  const { keys } = await readRing(flags.ring);
  // A slip of the pen must not pass for a revocation.
  if (!flags.foreign && !keys.some((each) => each.publicKeyHex === publicKeyHex))
    throw new CliError(
      'key_unknown',
      'the ring has no such key',
      'see: stele keys list; --foreign for a key of others',
    );
  const { manager, before } = await openRing(flags.ring, flags, cli);
  await mended(() => manager.revoke(publicKeyHex, flags.reason));
  const entry = manager.getRevocationList().find((each) => each.publicKeyHex === publicKeyHex);
  const { activeKey } = manager;
  const replaced = newestOf(before).publicKeyHex === activeKey.publicKeyHex ? undefined : activeKey;
  if (flags.json) cli.print(jsonText({ revoked: entry, replaced: replaced !== undefined, activeKey }));
  else
    cli.print(
      asText(entry as { publicKeyHex: string; revokedAt: string }, activeKey, replaced !== undefined),
    );
  return 0;
}

function asText(
  { publicKeyHex, revokedAt }: { publicKeyHex: string; revokedAt: string },
  active: KeyDescription,
  isNew: boolean,
) {
  return `revoked     ${publicKeyHex}, at ${revokedAt}\nactive key  ${active.did}${isNew ? ' (new)' : ''}`;
}

function hexOf(key: string): string {
  if (/^[0-9a-f]{64}$/.test(key)) return key;
  try {
    return toHex(publicKeyFromDid(key));
  } catch {
    throw new CliError('usage', 'the key is neither a did:key nor 64 lower-case hex characters');
  }
}
