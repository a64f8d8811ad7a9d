/** Whom an auditor believes: the same options wherever a command verifies. */

import { parseVerifierKey, type VerifyLogOptions } from '@stele/audit';
import { publicKeyFromDid } from '@stele/crypto';
import { isSteleError } from '@stele/types/errors';
import type { Command } from 'commander';
import type { Streams } from '../cli.js';
import { CliError } from '../errors.js';
import { readText } from '../input.js';
import { many } from '../verify-flags.js';

/** The options that `addTrustOptions` defines, as commander hands them over. */
export interface TrustFlags {
  readonly key?: string[];
  readonly origin?: string;
  readonly since?: string[];
  readonly witness?: string[];
  readonly quorum?: string;
}

/** What verifying takes. */
export type Trust = Pick<VerifyLogOptions, 'origin' | 'witnesses'> & {
  readonly keys: readonly string[];
  readonly since: readonly string[];
};

const MAX_KEY_FILE = 64 * 1024;
const HEX = /^[0-9a-f]{64}$/;

export const KEY_HELP = `
A key is a verifier key (name+hash+base64), a did:key, 64 hex characters, or a file with such keys, one a line. Keys that the
log has retired count for what it signed before; leave out one that was stolen. Nothing is asked of any server.`;

export function addTrustOptions(command: Command): Command {
  return command
    .addOption(many('--key <key>', 'a public key of the log, or a file with some; repeatable'))
    .option('--origin <name>', 'the log that is meant, where no verifier key says it')
    .addOption(many('--since <file>', 'a checkpoint that you kept: the log must begin with it; repeatable'))
    .addOption(many('--witness <vkey>', 'the verifier key of a witness that must have signed; repeatable'))
    .option('--quorum <n>', 'how many of the witnesses must have signed; all if not given');
}

/**
 * Reads what the options name.
 * @returns undefined where no key is given
 * @throws CliError `usage`, `key_malformed`, `file_unreadable`, `too_large`
 */
export async function readTrust(flags: TrustFlags, streams: Streams): Promise<Trust | undefined> {
  const { key, origin, since = [], witness, quorum } = flags;
  if (key === undefined) {
    refuseWithoutKey(flags);
    return undefined;
  }
  if (quorum !== undefined && witness === undefined)
    throw new CliError('usage', '--quorum needs witnesses', 'name them: --witness <vkey>');
  const keys = (await Promise.all(key.map((each) => keysOf(each, streams)))).flat();
  return {
    keys,
    ...(origin === undefined ? {} : { origin }),
    since: await Promise.all(since.map((path) => readText(path, streams))),
    ...(witness === undefined ? {} : { witnesses: witnessesOf(witness, quorum) }),
  };
}

function refuseWithoutKey(flags: TrustFlags): void {
  const given = (['origin', 'since', 'witness', 'quorum'] as const).find((name) => flags[name] !== undefined);
  if (given !== undefined)
    throw new CliError('usage', `--${given} needs a key to verify with`, 'name the key of the log: --key');
}

/** What was given is not repeated, nor what a file holds: either may be a private key. */
async function keysOf(text: string, streams: Streams): Promise<string[]> {
  if (isKey(text)) return [text];
  const content = await readText(text, streams, MAX_KEY_FILE).catch(() => {
    throw malformed('what --key names is neither a public key nor a file of them that can be read');
  });
  const keys = content.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (keys.length > 0 && keys.every(isKey)) return keys;
  throw malformed('the file that --key names holds something that is no public key');
}

const malformed = (message: string) =>
  new CliError(
    'key_malformed',
    message,
    'one key a line: name+hash+base64, a did:key or 64 lower-case hex characters',
  );

function isKey(text: string): boolean {
  if (HEX.test(text)) return true;
  try {
    if (text.startsWith('did:')) publicKeyFromDid(text);
    else parseVerifierKey(text);
    return true;
  } catch (error) {
    if (isSteleError(error)) return false;
    throw error;
  }
}

function witnessesOf(keys: readonly string[], quorum: string | undefined) {
  if (quorum === undefined) return { keys };
  if (!/^\d{1,4}$/.test(quorum) || Number(quorum) < 1 || Number(quorum) > keys.length)
    throw new CliError('usage', `--quorum must be 1 to ${keys.length}, the number of witnesses`);
  return { keys, quorum: Number(quorum) };
}
