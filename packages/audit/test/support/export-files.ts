/** Exports to be changed: as files by path, and as the bytes of a tar. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exportLog } from '../../src/export.js';
import { tarHeader, tarPadding } from '../../src/lib/tar-header.js';
import { type Files, keyOf, leaves, madeLog, readerOf } from './made-log.js';
import { filesUnder, scratch } from './places.js';

const made = new Map<string, Promise<Files>>();

/** The files of the export of a log, by path. */
export async function exported(size: number, to?: number): Promise<Files> {
  const key = `${size} ${to}`;
  const files = made.get(key) ?? makeExport(size, to);
  made.set(key, files);
  return new Map(await files);
}

async function makeExport(size: number, to: number | undefined): Promise<Files> {
  const folder = join(scratch(), 'export');
  await exportLog(readerOf(await madeLog(leaves(size), await keyOf(1))), folder, { to });
  return new Map(filesUnder(folder).map(({ path, bytes }) => [path.slice(folder.length + 1), bytes]));
}

export async function exportedTar(size: number): Promise<Uint8Array> {
  const path = join(scratch(), 'export.tar');
  await exportLog(readerOf(await madeLog(leaves(size), await keyOf(1))), path);
  return readFileSync(path);
}

export function inFolder(files: Files): string {
  const folder = join(scratch(), 'export');
  mkdirSync(folder);
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

/** Members of a tar, whatever they are called. */
export function tarOf(members: Iterable<readonly [string, Uint8Array]>): Uint8Array {
  const blocks = [...members].flatMap(([name, bytes]) => [
    tarHeader(name, bytes.length),
    bytes,
    Buffer.alloc(tarPadding(bytes.length)),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

export function inTar(bytes: Uint8Array): string {
  const path = join(scratch(), 'export.tar');
  writeFileSync(path, bytes);
  return path;
}
