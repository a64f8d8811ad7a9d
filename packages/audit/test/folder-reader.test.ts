import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderLogReader } from '../src/folder-reader.js';
import { PlainFiles } from '../src/lib/plain-files.js';
import { encodeBundle } from '../src/lib/tiles.js';
import { keyOf, leaves, madeLog, writeLog } from './support/made-log.js';
import { scratch } from './support/places.js';

const files = await madeLog(leaves(700), await keyOf(1));
const corrupt = expect.objectContaining({ code: 'audit_log_corrupt' });
const unavailable = expect.objectContaining({ code: 'audit_log_unavailable' });

function folder(): string {
  const path = join(scratch(), 'log');
  writeLog(files, path);
  return path;
}

describe('FolderLogReader', () => {
  it('reads what is there', async () => {
    const path = folder();
    const reader = new FolderLogReader(path);
    expect(reader.name).toBe(path);
    expect(await reader.checkpoint()).toBe(Buffer.from(files.get('checkpoint') as Uint8Array).toString());
    expect(await reader.tile(0, 1, 256)).toEqual(files.get('tile/0/001'));
    expect(await reader.tile(0, 2, 188)).toEqual(files.get('tile/0/002.p/188'));
    expect(await reader.entries(2, 188)).toEqual(files.get('tile/entries/002.p/188'));
    expect(await reader.first()).toBe(0);
  });

  it('gives the beginning of what is wider', async () => {
    const reader = new FolderLogReader(folder());
    expect(await reader.tile(0, 1, 3)).toEqual(files.get('tile/0/001')?.subarray(0, 96));
    expect(await reader.tile(0, 2, 100)).toEqual(files.get('tile/0/002.p/188')?.subarray(0, 3200));
    const { length } = encodeBundle(leaves(700).slice(512, 612));
    expect(await reader.entries(2, 100)).toEqual(files.get('tile/entries/002.p/188')?.subarray(0, length));
  });

  it('gives nothing where nothing is, or less than is wanted', async () => {
    const reader = new FolderLogReader(folder());
    expect(await reader.tile(0, 2, 189)).toBeUndefined();
    expect(await reader.tile(0, 3, 1)).toBeUndefined();
    expect(await reader.tile(5, 0, 1)).toBeUndefined();
    expect(await reader.entries(3, 256)).toBeUndefined();
  });

  it('has no checkpoint where none was signed', async () => {
    expect(await new FolderLogReader(scratch()).checkpoint()).toBeUndefined();
  });

  it('says that there is no folder', async () => {
    await expect(new FolderLogReader(join(scratch(), 'none')).checkpoint()).rejects.toEqual(unavailable);
  });

  it.each([[''], [7], [undefined]])('takes no %j for a path', (path) => {
    expect(() => new FolderLogReader(path as string)).toThrow(TypeError);
  });

  it('gives a bundle that breaks off as far as it goes', async () => {
    const path = folder();
    truncateSync(join(path, 'tile/entries/002.p/188'), 1001);
    const reader = new FolderLogReader(path);
    expect((await reader.entries(2, 188))?.length).toBe(1001);
    expect((await reader.entries(2, 100))?.length).toBe(1001);
    truncateSync(join(path, 'tile/entries/002.p/188'), 1);
    expect((await reader.entries(2, 100))?.length).toBe(1);
  });

  it('refuses a tile whose length is not the one of its name', async () => {
    const path = folder();
    truncateSync(join(path, 'tile/0/001'), 8191);
    truncateSync(join(path, 'tile/0/000'), 8193);
    const reader = new FolderLogReader(path);
    await expect(reader.tile(0, 1, 3)).rejects.toEqual(corrupt);
    await expect(reader.tile(0, 0, 256)).rejects.toEqual(corrupt);
  });

  it('refuses files that are too long, without reading them', async () => {
    const path = folder();
    truncateSync(join(path, 'checkpoint'), 2 ** 40);
    truncateSync(join(path, 'tile/entries/000'), 2 ** 40);
    const reader = new FolderLogReader(path);
    await expect(reader.checkpoint()).rejects.toEqual(corrupt);
    await expect(reader.entries(0, 256)).rejects.toEqual(corrupt);
  });

  it('refuses a checkpoint that is no text', async () => {
    const path = folder();
    writeFileSync(join(path, 'checkpoint'), Uint8Array.of(0xff));
    await expect(new FolderLogReader(path).checkpoint()).rejects.toEqual(corrupt);
  });

  it('follows no link within the folder', async () => {
    const path = folder();
    renameSync(join(path, 'checkpoint'), join(path, 'moved'));
    symlinkSync('moved', join(path, 'checkpoint'));
    renameSync(join(path, 'tile/0'), join(path, 'elsewhere'));
    symlinkSync('../elsewhere', join(path, 'tile/0'));
    const reader = new FolderLogReader(path);
    await expect(reader.checkpoint()).rejects.toEqual(corrupt);
    await expect(reader.tile(0, 0, 256)).rejects.toEqual(corrupt);
    await expect(new PlainFiles(join(path, 'tile')).list('.')).rejects.toEqual(corrupt);
  });

  it('follows the link that it was given', async () => {
    const path = folder();
    symlinkSync(path, `${path}.link`);
    expect(await new FolderLogReader(`${path}.link`).tile(0, 1, 256)).toEqual(files.get('tile/0/001'));
  });

  it('does not wait for a pipe, and does not take a folder for a file', async () => {
    const path = folder();
    rmSync(join(path, 'checkpoint'));
    execFileSync('mkfifo', [join(path, 'checkpoint')]);
    await expect(new FolderLogReader(path).checkpoint()).rejects.toEqual(corrupt);
    rmSync(join(path, 'checkpoint'));
    mkdirSync(join(path, 'checkpoint'));
    await expect(new FolderLogReader(path).checkpoint()).rejects.toEqual(corrupt);
  });

  it.skipIf(process.getuid?.() === 0)('says what it may not read', async () => {
    const path = folder();
    chmodSync(join(path, 'checkpoint'), 0);
    await expect(new FolderLogReader(path).checkpoint()).rejects.toEqual(unavailable);
  });

  it('says what the file system refuses', async () => {
    await expect(new PlainFiles(folder()).read('x'.repeat(5_000), 1)).rejects.toEqual(unavailable);
  });

  it('remembers a bounded number of folders', async () => {
    const path = scratch();
    for (let i = 0; i < 70; i++) {
      mkdirSync(join(path, `${i}`));
      writeFileSync(join(path, `${i}/file`), `${i}`);
    }
    const plain = new PlainFiles(path);
    for (let i = 0; i < 70; i++)
      expect(await plain.read(`${i}/file`, 9)).toEqual(new Uint8Array(Buffer.from(`${i}`)));
  });

  it('refuses a folder with names without end', async () => {
    const path = scratch();
    for (let i = 0; i <= 4_096; i++) writeFileSync(join(path, `${i}`), '');
    await expect(new PlainFiles(path).list('.')).rejects.toEqual(corrupt);
  });

  it('gives what is not there no length and no pieces', async () => {
    const plain = new PlainFiles(scratch());
    expect(await plain.size('none')).toBe(0);
    for await (const piece of plain.pieces('none')) expect(piece).toBeUndefined();
  });

  describe('finds the first entry', () => {
    const withBundles = (...names: readonly string[]): FolderLogReader => {
      const path = scratch();
      for (const name of names) {
        mkdirSync(join(path, 'tile/entries', name), { recursive: true });
        rmSync(join(path, 'tile/entries', name), { recursive: true });
        writeFileSync(join(path, 'tile/entries', name), '');
      }
      return new FolderLogReader(path);
    };

    it.each([
      [[], 0],
      [['000', '001'], 0],
      [['007', '012', 'x001/000'], 7],
      [['x001/010', 'x001/009', 'x002/000'], 1_009],
      [['x002/000', 'x001/x000/000'], 2_000],
      [['x001/x002/003'], 1_002_003],
      [['something', 'x1/000', '0000'], 0],
    ])('among %j', async (names, bundle) => {
      expect(await withBundles(...names).first()).toBe(bundle * 256);
    });

    it('in a bundle that is not full', async () => {
      expect(await withBundles('003.p/17').first()).toBe(768);
    });

    it('past folders that pruning has emptied', async () => {
      const path = scratch();
      mkdirSync(join(path, 'tile/entries/x001'), { recursive: true });
      mkdirSync(join(path, 'tile/entries/x002'), { recursive: true });
      writeFileSync(join(path, 'tile/entries/x002/005'), '');
      expect(await new FolderLogReader(path).first()).toBe(2_005 * 256);
    });
  });
});
