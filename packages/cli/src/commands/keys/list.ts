import type { KeyDescription, KeyRingDescription } from '@stele/crypto';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { ageOf, days, type Policy, policyOf } from '../../lib/key-ages.js';
import { jsonText, printable, table } from '../../lib/output.js';
import { addRingOption, MAX_AGE, newestOf, readRing } from '../../lib/ring.js';

interface Flags {
  readonly ring: string;
  readonly maxAge: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addRingOption(command)
    .option('--max-age <span>', 'the age from which the active key is due for rotation', MAX_AGE)
    .addHelpText(
      'after',
      `
It reads what stands in clear, and asks for no passphrase. None of that is authenticated: whoever may write the ring
could have written it.

Example:
  $ stele keys list --ring ring --max-age 90d`,
    )
    .action(cli.does((flags: Flags) => list(flags, cli)));
}

async function list(flags: Flags, cli: Cli): Promise<ExitCode> {
  const ring = await readRing(flags.ring);
  const policy = policyOf(newestOf(ring), flags.maxAge);
  cli.print(flags.json ? jsonText(asJson(flags.ring, ring, policy)) : asText(ring, policy));
  return 0;
}

function asJson(path: string, { use, keys, revoked }: KeyRingDescription, policy: Policy): object {
  const aged = keys.map((key) => ({ ...key, ageDays: days(ageOf(key)) }));
  return { ring: path, use, ...policy, keys: aged, revoked };
}

function asText({ use, keys, revoked }: KeyRingDescription, { due, ageDays, maxAgeDays }: Policy): string {
  const rows = keys.map((key) => [key.state, `${days(ageOf(key))} d`, ...timesOf(key), key.did]);
  const heading = ['state', 'age', 'created', 'replaced', 'verifies until', 'ended', 'did'];
  const own = new Set(keys.map(({ publicKeyHex }) => publicKeyHex));
  return [
    `use ${use}; times in UTC`,
    table(heading, rows),
    ...keys
      .filter(({ reason }) => reason !== undefined)
      .map((key) => reasonLine(key.did, key.reason as string)),
    ...revoked
      .filter(({ publicKeyHex }) => !own.has(publicKeyHex))
      .map(({ publicKeyHex, reason }) => reasonLine(`${publicKeyHex}, not of this ring`, reason)),
    `the active key is ${ageDays} of ${maxAgeDays} days old: ${due ? 'due for rotation (stele keys rotate)' : 'not due'}`,
  ].join('\n');
}

const reasonLine = (key: string, reason: string) => `revoked ${key}: ${printable(reason)}`;

function timesOf({ createdAt, replacedAt, verifiesUntil, retiredAt, revokedAt }: KeyDescription): string[] {
  return [createdAt, replacedAt, verifiesUntil, revokedAt ?? retiredAt].map((time) =>
    time === undefined ? '-' : `${time.slice(0, 10)} ${time.slice(11, 16)}`,
  );
}
