/** What is named on the command line: a log, an export of one, or a proof of one entry. */
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FolderLogReader, type LogReader, SqliteLogReader } from '@stele/audit';
import { CliError } from '../errors.js';
import { unreadable } from '../input.js';
import { printable } from '../output.js';
import { parseStoreName } from '../store/name.js';

export const LOG_ARGUMENT = 'the log: its folder, its SQLite file, or postgres://…?schema=…';

/** A log that can be read; nothing of it is locked. */
export interface OpenedLog {
  /** What may be shown of its name. */
  readonly shown: string;
  readonly reader: LogReader;
  close(): Promise<void>;
}

export type EvidenceKind = 'log' | 'export' | 'proof';

/** How long a server may take over one call: nobody else waits. */
const TIMEOUT_MS = 30_000;
const SQLITE = 'SQLite format 3\0';
const PROOF = 'c2sp.org/tlog-proof@';
const TAR_MAGIC = 257;
/** The file that makes an export of a folder. */
const MANIFEST = 'manifest.json';

/**
 * What kind of evidence a name names, by what is there rather than by how it is called.
 * @throws CliError `file_unreadable` for what is not there, `usage` for what is none
 */
export async function kindOf(name: string): Promise<EvidenceKind> {
  if (isUrl(name)) return 'log';
  const path = pathOf(name);
  const found = await stat(path).catch((error) => {
    throw unreadable(printable(path), error);
  });
  if (found.isDirectory()) return (await isFile(join(path, MANIFEST))) ? 'export' : 'log';
  const head = await headOf(path);
  if (head.toString('latin1', 0, SQLITE.length) === SQLITE) return 'log';
  if (head.toString('latin1', 0, PROOF.length) === PROOF) return 'proof';
  if (head.toString('latin1', TAR_MAGIC, TAR_MAGIC + 5) === 'ustar') return 'export';
  throw new CliError(
    'usage',
    `${printable(path)} is neither a log, nor an export of one, nor a proof`,
    'name a folder, a SQLite file, an export (.tar) or a .tlog-proof',
  );
}

/**
 * Opens a log for reading.
 * @throws CliError `usage`, `file_unreadable`; AuditError
 */
export async function openLog(name: string): Promise<OpenedLog> {
  if (isUrl(name)) return openServer(name);
  const path = pathOf(name);
  if ((await kindOf(path)) !== 'log')
    throw new CliError(
      'usage',
      `${printable(path)} is no log`,
      'name the log itself: its folder or its SQLite file',
    );
  const reader = (await isSqlite(path)) ? new SqliteLogReader(path) : new FolderLogReader(path);
  return {
    shown: printable(path),
    reader,
    close: async () => ('close' in reader ? reader.close() : undefined),
  };
}

async function openServer(name: string): Promise<OpenedLog> {
  const { PostgresLogReader } = await import('@stele/audit/postgres');
  const { url, options, shown } = serverOf(name) as Server;
  try {
    const reader = new PostgresLogReader(url, options);
    return { shown, reader, close: () => reader.close() };
  } catch (error) {
    // Says which part of the name has the wrong form, without repeating it.
    if (error instanceof RangeError) throw new CliError('usage', error.message);
    throw error;
  }
}

interface Server {
  readonly url: string;
  readonly options: { readonly schema?: string; readonly timeoutMs: number };
  readonly shown: string;
}

/** What a URL names; undefined for a path. @throws CliError `usage` */
export function serverOf(name: string): Server | undefined {
  if (!isUrl(name)) return undefined;
  const parsed = parseStoreName(name);
  if (parsed.kind !== 'postgres')
    throw new CliError('usage', 'there are no logs of this kind', 'postgres://host/database?schema=stele');
  const { url, space, shown } = parsed;
  return {
    url,
    shown,
    options: { ...(space === undefined ? {} : { schema: space }), timeoutMs: TIMEOUT_MS },
  };
}

/** Whether a log that is there is a file, and not a folder. */
export async function isSqlite(name: string): Promise<boolean> {
  return (await stat(pathOf(name))).isFile();
}

export const isUrl = (name: string) => /^[a-z][a-z0-9+.-]*:\/\//i.test(name);

/** @throws CliError `usage` */
export function pathOf(name: string): string {
  const path = name.startsWith('sqlite:') ? name.slice('sqlite:'.length) : name;
  if (path !== '' && path !== '-' && !path.includes('\0')) return path;
  throw new CliError('usage', 'this names no log', 'name a folder, a SQLite file or a URL');
}

async function headOf(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(printable(path), error);
  }
}

const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
