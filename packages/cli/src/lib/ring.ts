/** Key rings: folders of `FileKeyRing`, whose history stands in clear and whose private keys a passphrase seals. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  describeKeyRing,
  type KeyDescription,
  KeyManager,
  type KeyManagerOptions,
  type KeyRing,
  type KeyRingDescription,
  KeyRingError,
  passphraseSealer,
} from '@stele/crypto';
import { FileKeyRing } from '@stele/crypto/node';
import { isSteleError } from '@stele/types/errors';
import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { CliError } from './errors.js';
import { isExposed, isWritableByOthers } from './files.js';
import { reasonOf } from './input.js';
import { printable } from './output.js';
import { type PassphraseFlags, readPassphrase } from './passphrase.js';

/** Age from which a key is due for rotation, and how long the one before it still verifies. */
export const MAX_AGE = '90d';
export const OVERLAP = '7d';

export function addRingOption(command: Command): Command {
  return command.requiredOption('--ring <folder>', 'the key ring, a folder that `stele keys init` made');
}

/**
 * What a ring says in clear, as of now.
 * @throws CliError `ring_missing`, `file_unreadable`; KeyRingError `key_ring_malformed`, `key_ring_version`
 */
export async function readRing(path: string): Promise<KeyRingDescription> {
  const stored = await loadRing(path);
  if (stored !== undefined) return describeKeyRing(stored.state);
  throw new CliError(
    'ring_missing',
    `there is no key ring at ${printable(path)}`,
    'make one: stele keys init --ring <folder>',
  );
}

/** What is stored, or undefined. @throws CliError `file_unreadable` */
export async function loadRing(path: string): ReturnType<KeyRing['load']> {
  try {
    return await new FileKeyRing(path).load();
  } catch (error) {
    throw new CliError('file_unreadable', `cannot read the key ring ${printable(path)}: ${reasonOf(error)}`);
  }
}

/** The newest key: it signs, unless it is revoked. */
export const newestOf = ({ keys }: KeyRingDescription): KeyDescription => keys.at(-1) as KeyDescription;

/** A ring whose private keys can be used. */
export interface OpenRing {
  readonly manager: KeyManager;
  /** What it said before the passphrase was asked for. */
  readonly before: KeyRingDescription;
}

/**
 * Opens a ring that is there, with a passphrase.
 * @throws CliError as `readRing` and `readPassphrase`, `key_exposed`; KeyRingError `key_ring_locked` for another passphrase
 */
export async function openRing(
  path: string,
  flags: PassphraseFlags,
  cli: Cli,
  options: Pick<KeyManagerOptions, 'maxAgeMs' | 'overlapPeriodMs'> = {},
): Promise<OpenRing> {
  const before = await readRing(path);
  await refuseExposed(path);
  const passphrase = await readPassphrase(flags, cli, { what: 'key ring' });
  const manager = managerOf(path, before.use, passphrase, options);
  await mended(() => manager.initialize());
  return { manager, before };
}

/** Who can write to the folder could put an older state back. @throws CliError `key_exposed` */
async function refuseExposed(path: string): Promise<void> {
  const folder = await statOf(path);
  if (folder !== undefined && isWritableByOthers(folder)) throw exposed('change');
  if ((await exposedStates(path)).length > 0) throw exposed('read');
}

const exposed = (how: 'change' | 'read') =>
  new CliError(
    'key_exposed',
    `others than its owner can ${how} the key ring`,
    'run: chmod -R go= <the ring>',
  );

/** A manager over a ring that need not be there yet; nothing is read or made. */
export function managerOf(
  path: string,
  use: string,
  passphrase: string,
  options: Pick<KeyManagerOptions, 'maxAgeMs' | 'overlapPeriodMs'> = {},
): KeyManager {
  return new KeyManager({
    ...options,
    use,
    ring: new FileKeyRing(path),
    sealer: passphraseSealer(passphrase),
    refreshMs: 0,
  });
}

/** The names of the states of a ring that others than its owner may read. */
export async function exposedStates(path: string): Promise<string[]> {
  const states = (await readdir(path)).filter((name) => /^\d+\.json$/.test(name));
  const looked = await Promise.all(
    states.map(async (name) => ({ name, stats: await statOf(join(path, name)) })),
  );
  return looked
    .filter(({ stats }) => stats !== undefined && stats.size > 0 && isExposed(stats))
    .map(({ name }) => name);
}

/** Undefined for a file that was removed meanwhile. */
const statOf = (path: string) => stat(path).catch(() => undefined);

/** Does something with a ring; what goes wrong is said in the words of the command line, under the same code. */
export async function mended<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isSteleError(error)) throw error;
    if (error.code === 'key_ring_locked')
      throw new KeyRingError('key_ring_locked', 'the key ring could not be opened', {
        cause: error,
        hint: 'the passphrase is another one, or the ring was changed',
      });
    if (error.code === 'key_ring_unavailable')
      throw new KeyRingError('key_ring_unavailable', `${error.message}: ${reasonOf(error.cause)}`, {
        cause: error,
        hint: 'whether it was changed is not known; `stele keys list` says what it holds',
      });
    throw error;
  }
}
