import { createReadStream } from 'node:fs';
import { isSteleError } from '@stele/types/errors';
import type { Streams } from './cli.js';
import { CliError } from './errors.js';
import { printable } from './output.js';

const MIB = 1024 * 1024;

/** Standard input has no name of its own. */
export const nameOf = (path: string): string => (path === '-' ? 'standard input' : printable(path));

/**
 * Refuses to read standard input for two things.
 * @throws CliError `usage`
 */
export function refuseTwoInputs(...paths: readonly (string | undefined)[]): void {
  if (paths.filter((path) => path === '-').length < 2) return;
  throw new CliError('usage', 'standard input cannot be two things at once', 'put one of them into a file');
}

/**
 * The bytes of a file, or of standard input for `-`.
 * @throws CliError `file_unreadable`, `too_large`
 */
export async function readBytes(path: string, streams: Streams, maxBytes = MIB): Promise<Buffer> {
  const source = path === '-' ? streams.stdin : createReadStream(path);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk);
      size += bytes.length;
      if (size > maxBytes)
        throw new CliError('too_large', `${nameOf(path)} is larger than ${maxBytes} bytes`);
      chunks.push(bytes);
    }
  } catch (error) {
    throw isSteleError(error) ? error : unreadable(nameOf(path), error);
  }
  return Buffer.concat(chunks);
}

/** The error for a file that the system does not let us read. */
export function unreadable(name: string, error: unknown): CliError {
  return new CliError('file_unreadable', `cannot read ${name}: ${reasonOf(error)}`);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EEXIST: 'it exists already',
  ELOOP: 'too many symbolic links',
};

/** What a system error means, without the path that its message holds. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown error';
  return Object.hasOwn(REASONS, code) ? (REASONS[code] as string) : code;
}

/**
 * The text of a file in UTF-8. A byte order mark stays, for the reader of the text to refuse.
 * @throws CliError `file_unreadable`, `too_large`, `not_utf8`
 */
export async function readText(path: string, streams: Streams, maxBytes = MIB): Promise<string> {
  const bytes = await readBytes(path, streams, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CliError('not_utf8', `${nameOf(path)} is not UTF-8`, 'save it as UTF-8');
  }
}

/**
 * The value of a JSON file: strict I-JSON, frozen.
 * @throws CliError `file_unreadable`, `too_large`, `not_json`
 */
export async function readJson(path: string, streams: Streams, maxBytes = MIB): Promise<unknown> {
  const bytes = await readBytes(path, streams, maxBytes);
  const { parseJson } = await import('@stele/sdk');
  try {
    return parseJson(bytes, { maxBytes });
  } catch (error) {
    throw new CliError('not_json', `${nameOf(path)}: ${messageOf(error)}`);
  }
}

/**
 * The object of a JSON file.
 * @throws CliError as `readJson`
 */
export async function readJsonObject(
  path: string,
  streams: Streams,
): Promise<Readonly<Record<string, unknown>>> {
  const value = await readJson(path, streams);
  if (isRecord(value)) return value;
  throw new CliError('not_json', `${nameOf(path)} is not a JSON object`);
}

/**
 * The statements of continuity of some files, each of one statement or an array; what each is worth is judged where it is used.
 * @throws CliError as `readJson`
 */
export async function readStatements(paths: readonly string[], streams: Streams): Promise<unknown[]> {
  const values = await Promise.all(paths.map((path) => readJson(path, streams)));
  return values.flat();
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
