/** Packs files into a tar, the same bytes each time. */
import { createReadStream } from 'node:fs';
import { type FileHandle, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { AuditError } from '../errors.js';
import { withFile, writeAll } from './files.js';
import { MAX_TAR_MEMBER } from './tar-header.js';

/** No time and no owner: the same log gives the same file. */
const ALWAYS = { mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), type: 'file' } as const;

/**
 * Writes a tar of files, durably.
 * @param tar its path; nothing may be there yet
 * @param folder in which the files are
 * @param paths of the files, in order
 * @throws AuditError `export_malformed` for a file of 8 GiB or more, which this form of tar cannot hold
 */
export async function writeTar(tar: string, folder: string, paths: Iterable<string>): Promise<void> {
  await withFile(tar, 'wx', async (file) => {
    const packing = pack();
    const added = add(packing, folder, paths).catch((error: Error) => {
      packing.destroy(error);
      throw error;
    });
    // What fails on either side ends both. Whoever is told may remove the file: nobody writes it any more.
    for (const side of await Promise.allSettled([writeOut(packing, file), added])) {
      if (side.status === 'rejected') throw side.reason;
    }
    await file.sync();
  });
}

async function writeOut(packing: Pack, file: FileHandle): Promise<void> {
  let at = 0;
  for await (const bytes of packing as AsyncIterable<Uint8Array>) {
    await writeAll(file, bytes, at);
    at += bytes.length;
  }
}

async function add(packing: Pack, folder: string, paths: Iterable<string>): Promise<void> {
  for (const path of paths) {
    const { size } = await stat(join(folder, path));
    if (size > MAX_TAR_MEMBER) {
      throw new AuditError(
        'export_malformed',
        `${path} has ${size} bytes, more than a single file can hold`,
        {
          hint: 'Export to a folder instead.',
        },
      );
    }
    await pipeline(createReadStream(join(folder, path)), packing.entry({ ...ALWAYS, name: path, size }));
  }
  packing.finalize();
}
