/** Rules from files: CCL texts, and the constraints of covenants. Nothing is verified here. */
import { CclSyntaxError, compile, type Policy } from '@stele/ccl';
import type { Streams } from './cli.js';
import { CliError } from './errors.js';
import { isRecord, nameOf, readText } from './input.js';
import { parseAnyJson } from './json.js';

/** Room for 1 MiB of rules as JSON, most characters escaped. */
const MAX_FILE = 4 * 1024 * 1024;

/**
 * The rules of a file: the text itself, or the constraints of a covenant, which is told by its `{`, with which no rules
 * begin. Whether the covenant is genuine is not asked.
 * @throws CliError for what cannot be read
 */
export async function readConstraints(path: string, streams: Streams): Promise<string> {
  const text = await readText(path, streams, MAX_FILE);
  if (!/^\s*\{/.test(text)) return text;
  const document = parseAnyJson(text, nameOf(path));
  if (isRecord(document) && typeof document.constraints === 'string') return document.constraints;
  throw new CliError(
    'not_rules',
    `${nameOf(path)} is JSON, but no covenant: it has no text "constraints"`,
    'name a .ccl file, or a covenant as `stele sign` writes it',
  );
}

/**
 * Compiles the rules of a file.
 * @throws CliError for what cannot be read, CclSyntaxError
 */
export async function compileFile(path: string, streams: Streams): Promise<Policy> {
  return compileText(await readConstraints(path, streams), path);
}

/** Compiles a text; a mistake in it says in which file it stands. */
export function compileText(text: string, path: string): Policy {
  return inFile(path, () => compile(text));
}

/** Runs a reader of CCL; a mistake that it finds says in which file it stands. */
export function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CclSyntaxError) error.message = `${nameOf(path)}: ${error.message}`;
    throw error;
  }
}
