/** Passphrases: from a prompt, a file or a file descriptor; never from an argument or the environment. */
import { createReadStream } from 'node:fs';
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import type { Cli, Input } from './cli.js';
import { CliError } from './errors.js';
import { reasonOf } from './input.js';
import { askHidden, isTerminal } from './prompt.js';
import { readSecretFile, type SecretFile } from './secret-file.js';

/** The options that `addPassphraseOptions` defines, as commander hands them over. */
export interface PassphraseFlags {
  readonly passphraseFile?: string;
  readonly passphraseFd?: number;
}

/** What the passphrase opens, as a person calls it, and whether it is chosen now. */
export interface PassphraseFor {
  readonly what: 'key file' | 'key ring';
  readonly isNew?: true;
}

const MAX_BYTES = 4_096;
const STDIN = 0;

const FILE: SecretFile = {
  what: 'passphrase file',
  maxBytes: MAX_BYTES + 1,
  exposed: [
    'passphrase_exposed',
    'run: chmod 600 <the file>; where its mode is not yours to choose: --passphrase-fd 3 3< <the file>',
  ],
  notPlain: 'hand a pipe over as a descriptor: --passphrase-fd 3 3< <(command)',
};

export function addPassphraseOptions(command: Command): Command {
  return command
    .option('--passphrase-file <file>', 'read the passphrase from this file, which you alone may read')
    .option(
      '--passphrase-fd <n>',
      'read it from this open file descriptor, 0 for standard input',
      descriptor,
    );
}

export const PASSPHRASE_HELP = `
The passphrase is asked for at the terminal, or read from --passphrase-file or --passphrase-fd to the end, without one newline
there. It is never an argument, nor taken from the environment.`;

/** `-` where the passphrase comes from standard input, which then cannot be anything else. */
export const passphraseInput = ({ passphraseFd }: PassphraseFlags): '-' | undefined =>
  passphraseFd === STDIN ? '-' : undefined;

/** @throws CliError `usage` where a passphrase is given for what has none */
export function refusePassphrase(flags: PassphraseFlags): void {
  if (flags.passphraseFile === undefined && flags.passphraseFd === undefined) return;
  throw new CliError('usage', 'this key stands in clear, without a passphrase', 'leave out the passphrase');
}

/**
 * The passphrase, from where the command line says that it is; else from the terminal, twice if it is new.
 * @throws CliError `passphrase_missing`, `passphrase_exposed`, `passphrase_unusable`, `interrupted`, `file_unreadable`
 */
export async function readPassphrase(
  { passphraseFile, passphraseFd }: PassphraseFlags,
  { streams }: Cli,
  { what, isNew }: PassphraseFor,
): Promise<string> {
  if (passphraseFile !== undefined && passphraseFd !== undefined)
    throw new CliError('usage', 'the passphrase is given twice', 'leave out one of the two options');
  if (passphraseFile !== undefined) return usable(withoutNewline(await readSecretFile(passphraseFile, FILE)));
  if (passphraseFd !== undefined)
    return usable(withoutNewline(await fromDescriptor(passphraseFd, streams.stdin)));
  if (!isTerminal(streams.stdin)) throw missing(what);
  const questions = isNew
    ? [`New passphrase of the ${what}: `, 'The same again: ']
    : [`Passphrase of the ${what}: `];
  const [first, second] = await askHidden(streams.stdin, streams.stderr, questions);
  if (isNew && first !== second) throw unusable('the two entries differ');
  return usable(first as string);
}

async function fromDescriptor(fd: number, stdin: Input): Promise<Buffer> {
  if (fd === STDIN ? stdin.isTTY === true : isatty(fd))
    throw new CliError(
      'usage',
      'this descriptor is a terminal, which would show the passphrase',
      'leave out --passphrase-fd',
    );
  const source = fd === STDIN ? stdin : createReadStream('', { fd, highWaterMark: MAX_BYTES });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      const bytes = Buffer.from(chunk as Uint8Array);
      chunks.push(bytes);
      size += bytes.length;
      if (size > MAX_BYTES + 2) break; // too long, whatever follows
    }
  } catch (error) {
    throw new CliError('file_unreadable', `cannot read the passphrase: ${reasonOf(error)}`);
  }
  return Buffer.concat(chunks);
}

function withoutNewline(bytes: Buffer): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.replace(/\r?\n$/, '');
  } catch {
    throw unusable('it is not UTF-8');
  }
}

/** Within the bounds of a key file, before anything is made that depends on it. */
function usable(passphrase: string): string {
  if (passphrase === '') throw unusable('it is empty');
  if (Buffer.byteLength(passphrase.normalize('NFC')) > MAX_BYTES)
    throw unusable(`it has more than ${MAX_BYTES} bytes`);
  return passphrase;
}

/** What is given in its place is not repeated: it may be the passphrase. */
function descriptor(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new CliError(
    'usage',
    'what --passphrase-fd names is no number of an open file descriptor',
    'for a passphrase in a file: --passphrase-fd 3 3< <the file>',
  );
}

const unusable = (why: string) =>
  new CliError('passphrase_unusable', `the passphrase cannot be used: ${why}`);

const missing = (what: string) =>
  new CliError(
    'passphrase_missing',
    `the ${what} needs a passphrase, and standard input is no terminal`,
    'give --passphrase-file <file> or --passphrase-fd <n>',
  );
