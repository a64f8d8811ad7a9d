import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exportLog } from '../src/export.js';
import { checkMember } from '../src/lib/export-parts.js';
import { TarFile } from '../src/lib/tar-file.js';
import { tarHeader } from '../src/lib/tar-header.js';
import { writeTar } from '../src/lib/tar-writer.js';
import { verifyExport } from '../src/verify-export.js';
import { type Files, keyOf, leaf, leaves, madeLog, readerOf, signed, vkey } from './support/made-log.js';
import { filesUnder, scratch } from './support/places.js';

const key = await keyOf(1);
const keys = [vkey(key)];
const files = await madeLog(leaves(700), key);
const reader = readerOf(files);
const without = (path: string): Files => new Map([...files].filter(([each]) => each !== path));
const corrupt = { code: 'audit_log_corrupt' };

/** The files that this process has open, where the system tells. */
function openFiles(): string[] {
  const descriptors = '/proc/self/fd';
  if (!existsSync(descriptors)) return [];
  return readdirSync(descriptors).flatMap((name) => {
    try {
      return [readlinkSync(join(descriptors, name))];
    } catch {
      return [];
    }
  });
}

describe('an export', () => {
  it.each(
    [0, 1, 255, 256, 300, 700].flatMap(
      (size) =>
        [
          [size, ''],
          [size, '.tar'],
        ] as const,
    ),
  )('of %i entries to *%s verifies', async (size, ending) => {
    const path = join(scratch(), `export${ending}`);
    const log = readerOf(await madeLog(leaves(size), key));
    const done = await exportLog(log, path);
    expect(done).toMatchObject({
      size,
      from: 0,
      to: size,
      manifest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const report = await verifyExport(path, { keys });
    expect(report).toMatchObject({ valid: true, size, to: size, checked: { entries: size } });
  });

  it('is the same file each time, and leaves nothing beside it', async () => {
    const folder = scratch();
    for (const name of ['a.tar', 'b.tar']) await exportLog(reader, join(folder, name));
    expect(readFileSync(join(folder, 'a.tar')).equals(readFileSync(join(folder, 'b.tar')))).toBe(true);
    expect(readdirSync(folder)).toEqual(['a.tar', 'b.tar']);
  });

  it('holds the same in a tar as in a folder, for any program that reads tars', async () => {
    const folder = scratch();
    await exportLog(reader, join(folder, 'export'));
    await exportLog(reader, join(folder, 'export.tar'));
    mkdirSync(join(folder, 'unpacked'));
    execFileSync('tar', ['-xf', join(folder, 'export.tar'), '-C', join(folder, 'unpacked')]);
    const listing = (name: string) =>
      filesUnder(join(folder, name)).map(({ path, bytes }) => [
        path.slice(join(folder, name).length),
        bytes.toString('latin1'),
      ]);
    expect(listing('unpacked').sort()).toEqual(listing('export').sort());
    expect(await verifyExport(join(folder, 'unpacked'), { keys })).toMatchObject({ valid: true });
  });

  it('has its entries as lines, and says what it is', async () => {
    const path = join(scratch(), 'export');
    await exportLog(reader, path);
    const lines = readFileSync(join(path, 'entries.ndjson'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(Array.from({ length: 700 }, (_, i) => i));
    const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ format: 'stele-audit-export@v1', size: 700, from: 0, to: 700 });
    expect(manifest.doesNotProve.join(' ')).toContain('Without witnesses');
    expect(manifest.parts.map((part: { path: string }) => part.path)).toEqual([
      ...['checkpoint', 'entries.ndjson', 'tile/0/000', 'tile/0/001', 'tile/0/002.p/188', 'tile/1/000.p/2'],
      ...['tile/entries/000', 'tile/entries/001', 'tile/entries/002.p/188'],
    ]);
  });

  it('is compared with checkpoints that were kept, and asks for witnesses', async () => {
    const path = join(scratch(), 'export.tar');
    await exportLog(reader, path);
    const since = await Promise.all([300, 800].map((size) => signed(leaves(size), key)));
    expect(await verifyExport(path, { keys, since: since[0] })).toMatchObject({
      valid: true,
      checked: { since: 1 },
    });
    expect(await verifyExport(path, { keys, since })).toMatchObject({ problem: { code: 'truncated' } });
    expect(await verifyExport(path, { keys: [vkey(await keyOf(2))] })).toMatchObject({
      problem: { code: 'checkpoint_unsigned' },
    });
  });

  it('replaces nothing', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'a.tar'), 'mine');
    mkdirSync(join(folder, 'b'));
    symlinkSync('nowhere', join(folder, 'c.tar'));
    for (const name of ['a.tar', 'b', 'c.tar'])
      await expect(exportLog(reader, join(folder, name))).rejects.toMatchObject({ code: 'export_exists' });
    expect(readFileSync(join(folder, 'a.tar'), 'utf8')).toBe('mine');
    expect(readdirSync(folder)).toEqual(['a.tar', 'b', 'c.tar']);
  });

  it('is not there when it could not be made', async () => {
    const folder = scratch();
    for (const path of ['tile/0/001', 'tile/entries/001', 'tile/entries/002.p/188'])
      await expect(exportLog(readerOf(without(path)), join(folder, 'x'))).rejects.toMatchObject(corrupt);
    await expect(exportLog(readerOf(without('checkpoint')), join(folder, 'x'))).rejects.toMatchObject({
      code: 'entry_not_found',
    });
    await expect(exportLog(reader, join(folder, 'none/x'))).rejects.toMatchObject({
      code: 'audit_log_unavailable',
    });
    await expect(exportLog(reader, '')).rejects.toThrow(TypeError);
    await expect(exportLog(reader, 7 as unknown as string)).rejects.toThrow(TypeError);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('tells how far it is, and can be stopped', async () => {
    const seen: number[] = [];
    const stop = new AbortController();
    const onProgress = ({ entries }: { entries: number }) => {
      seen.push(entries);
      if (entries === 512) stop.abort(new Error('stopped'));
    };
    const folder = scratch();
    const options = { onProgress, signal: stop.signal };
    await expect(exportLog(reader, join(folder, 'x.tar'), options)).rejects.toThrow('stopped');
    expect([seen, readdirSync(folder)]).toEqual([[256, 512], []]);
  });

  it('may be an archive of a beginning, and of what was left of one', async () => {
    const folder = scratch();
    await exportLog(reader, join(folder, 'a.tar'), { to: 512 });
    const report = await verifyExport(join(folder, 'a.tar'), { keys, since: await signed(leaves(300), key) });
    expect(report).toMatchObject({
      valid: true,
      size: 700,
      from: 0,
      to: 512,
      checked: { entries: 512, since: 1 },
    });
    expect(report.doesNotProve.join(' ')).toContain('from 512 on');
    const newer = await verifyExport(join(folder, 'a.tar'), { keys, since: await signed(leaves(600), key) });
    expect(newer).toMatchObject({ problem: { code: 'since_uncheckable' } });
    await exportLog(readerOf(files, 256), join(folder, 'b'), { to: 512 });
    expect(await verifyExport(join(folder, 'b'), { keys })).toMatchObject({
      valid: true,
      from: 256,
      to: 512,
    });
    const older = await verifyExport(join(folder, 'b'), { keys, since: await signed(leaves(100), key) });
    expect(older).toMatchObject({ problem: { code: 'since_uncheckable' } });
  });

  it('of a pruned log must be announced', async () => {
    const path = join(scratch(), 'x');
    await exportLog(readerOf(files, 256), path);
    expect(await verifyExport(path, { keys })).toMatchObject({
      problem: { code: 'pruned_unannounced', before: 256 },
    });
    const said = await madeLog(
      leaves(700).with(600, leaf(600, { kind: 'log.pruned', before: 256, policy: 'yes' })),
      key,
    );
    await exportLog(readerOf(said, 256), `${path}.tar`);
    expect(await verifyExport(`${path}.tar`, { keys })).toMatchObject({ valid: true, from: 256 });
  });

  it.each([[0], [100], [1024], [256.5]])('cannot end at %j', async (to) => {
    await expect(exportLog(reader, join(scratch(), 'x'), { to })).rejects.toThrow(RangeError);
  });

  it('cannot begin after its end', async () => {
    await expect(exportLog(readerOf(files, 512), join(scratch(), 'x'), { to: 512 })).rejects.toThrow(
      RangeError,
    );
  });
});

describe('verifyExport', () => {
  it('says that nothing is there, or nothing that can be read', async () => {
    const folder = scratch();
    await expect(verifyExport(join(folder, 'none'), { keys })).rejects.toMatchObject({
      code: 'audit_log_unavailable',
    });
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    expect(await verifyExport(join(folder, 'pipe'), { keys })).toMatchObject({
      problem: { code: 'export_malformed' },
    });
    await expect(TarFile.open(join(folder, 'none'))).rejects.toMatchObject({ code: 'audit_log_unavailable' });
    expect(await verifyExport(folder, { keys })).toMatchObject({
      valid: false,
      problem: { code: 'export_malformed' },
    });
  });

  it.each([[''], [7], [undefined]])('takes no %j', async (path) => {
    await expect(verifyExport(path as string, { keys })).rejects.toThrow(TypeError);
  });

  it('notices that a tar becomes shorter while it is read', async () => {
    const path = join(scratch(), 'x.tar');
    await exportLog(reader, path);
    const tar = await TarFile.open(path);
    truncateSync(path, 3_000);
    await expect(tar.read('tile/entries/002.p/188')).rejects.toMatchObject({ code: 'export_malformed' });
    expect(await tar.read('tile/entries/003')).toBeUndefined();
    await tar.close();
  });

  it('can be stopped', async () => {
    const path = join(scratch(), 'x.tar');
    await exportLog(reader, path);
    await expect(
      verifyExport(path, { keys, signal: AbortSignal.abort(new Error('stopped')) }),
    ).rejects.toThrow('stopped');
  });
});

describe('the parts of an export', () => {
  it('are bounded in number', () => {
    const many = { has: () => false, size: 1_000_000 } as unknown as ReadonlyMap<string, number>;
    expect(() => checkMember('checkpoint', 1, many)).toThrow(
      expect.objectContaining({ code: 'export_malformed' }),
    );
  });

  it('must fit into a tar', async () => {
    const folder = scratch();
    writeFileSync(join(folder, 'big'), '');
    truncateSync(join(folder, 'big'), 8 ** 11);
    await expect(writeTar(join(folder, 'x.tar'), folder, ['big'])).rejects.toMatchObject({
      code: 'export_malformed',
    });
    // Whoever is told may remove what was begun: nothing of it comes later.
    expect(readdirSync(folder)).toEqual(['big', 'x.tar']);
    expect(openFiles().filter((path) => path.startsWith(folder))).toEqual([]);
    await expect(writeTar(join(folder, 'y.tar'), folder, ['none'])).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(writeTar(join(folder, 'none/z.tar'), folder, ['x.tar'])).rejects.toMatchObject({
      code: 'ENOENT',
    });
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  it('have the headers that the library writes', async () => {
    const folder = scratch();
    mkdirSync(join(folder, 'tile/0/x001'), { recursive: true });
    for (const [name, size] of [
      ['checkpoint', 0],
      ['tile/0/x001/234.p', 511],
      ['tile/0/x001/235', 8192],
    ] as const) {
      writeFileSync(join(folder, name), new Uint8Array(size));
      await writeTar(join(folder, `${size}.tar`), folder, [name]);
      expect(readFileSync(join(folder, `${size}.tar`)).subarray(0, 512)).toEqual(tarHeader(name, size));
    }
  });
});
