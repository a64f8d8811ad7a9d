/** What somebody may do to an export. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exportLog } from '../src/export.js';
import { tarHeader } from '../src/lib/tar-header.js';
import { verifyExport } from '../src/verify-export.js';
import { exported, exportedTar, inFolder, inTar, tarOf } from './support/export-files.js';
import {
  type Files,
  keyOf,
  leaf,
  leaves,
  madeLog,
  readerOf,
  signed,
  tilesOf,
  vkey,
} from './support/made-log.js';
import { scratch } from './support/places.js';

const [own, next] = await Promise.all([keyOf(1), keyOf(2)]);
const keys = [vkey(own)];
/** Single bytes that are changed; more of them at night. */
const CHANGES = Number(process.env.STELE_EXPORT_CHANGES ?? 10_000);

describe('an export of which one byte was changed', () => {
  it(`is found out, at ${CHANGES} places of a tar`, async () => {
    const tar = await exportedTar(4);
    const path = inTar(tar);
    expect(await verifyExport(path, { keys })).toMatchObject({ valid: true });
    const file = openSync(path, 'r+');
    onTestFinished(() => closeSync(file));
    const put = (byte: number, at: number) => writeSync(file, Uint8Array.of(byte), 0, 1, at);
    let random = 1;
    for (let i = 0; i < CHANGES; i++) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      const at = Math.floor((random / 2 ** 32) * tar.length);
      const byte = tar[at] as number;
      put(byte ^ (1 << (i % 8)), at);
      const { valid, problem } = await verifyExport(path, { keys });
      if (valid || problem === undefined) throw new Error(`byte ${at} was changed, and nobody noticed`);
      put(byte, at);
    }
    expect(await verifyExport(path, { keys })).toMatchObject({ valid: true });
  });
});

/** The same changes to a folder and to a tar, where both can hold them. */
type Change = (files: Files) => void;
interface Attack {
  readonly change: Change;
  readonly problem: Record<string, unknown>;
}

const BUNDLE = 'tile/entries/001.p/44';
const text = (files: Files, path: string) => Buffer.from(files.get(path) as Uint8Array).toString();
const replace =
  (path: string, pattern: string | RegExp, by: string): Change =>
  (files) =>
    void files.set(path, Buffer.from(text(files, path).replace(pattern, by)));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Makes the manifest name what is there. */
const described: Change = (files) => {
  const manifest = JSON.parse(text(files, 'manifest.json'));
  for (const part of manifest.parts) {
    const bytes = files.get(part.path) as Uint8Array;
    Object.assign(part, { bytes: bytes.length, sha256: sha256(bytes) });
  }
  files.set('manifest.json', Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));
};
const both =
  (...changes: readonly Change[]): Change =>
  (files) => {
    for (const change of changes) change(files);
  };

const attacks: Record<string, Attack> = {
  'an entry changed in its bundle': {
    change: replace(BUNDLE, 'c270', 'c27X'),
    problem: { code: 'entry_changed', index: 270, path: BUNDLE },
  },
  'an entry changed everywhere, and the manifest with it': {
    change: both(replace(BUNDLE, 'c270', 'c27X'), replace('entries.ndjson', 'c270', 'c27X'), described),
    problem: { code: 'entry_changed', index: 270 },
  },
  'a line changed': {
    change: replace('entries.ndjson', 'c270', 'c27X'),
    problem: { code: 'part_changed', index: 270, path: 'entries.ndjson', message: /line of entry 270/ },
  },
  'a line changed, and the manifest with it': {
    change: both(replace('entries.ndjson', 'c270', 'c27X'), described),
    problem: { code: 'part_changed', index: 270, path: 'entries.ndjson' },
  },
  'a line taken out': {
    change: replace('entries.ndjson', /.*c270.*\n/, ''),
    problem: { code: 'part_changed', index: 270 },
  },
  'a line added': {
    change: replace('entries.ndjson', /$/, '{}\n'),
    problem: { code: 'part_changed', index: 300, message: /goes on after entry 299/ },
  },
  'no last newline': {
    change: replace('entries.ndjson', /\n$/, ''),
    problem: { code: 'part_changed', index: 299 },
  },
  'a tile changed': {
    change: (files) =>
      void files.set(
        'tile/0/000',
        (files.get('tile/0/000') as Uint8Array).map((byte, i) => (i === 100 ? byte ^ 1 : byte)),
      ),
    problem: { code: 'tile_changed', index: 3, path: 'tile/0/000' },
  },
  'another hash in the manifest': {
    change: (files) =>
      replace('manifest.json', sha256(files.get('tile/0/000') as Uint8Array), '0'.repeat(64))(files),
    problem: { code: 'part_changed', path: 'tile/0/000' },
  },
  'a part that the manifest does not name': {
    change: replace('manifest.json', '"path": "tile/1/000.p/1"', '"path": "tile/1/000.p/2"'),
    problem: { code: 'part_changed', path: 'tile/1/000.p/1' },
  },
  'another length in the manifest': {
    change: replace('manifest.json', '"bytes": 32', '"bytes": 33'),
    problem: { code: 'part_changed', path: 'manifest.json' },
  },
  'another sentence in the manifest': {
    change: replace('manifest.json', 'until then it proves nothing', 'it proves everything'),
    problem: { code: 'part_changed', path: 'manifest.json' },
  },
  'another origin in the manifest': {
    change: replace('manifest.json', '"origin": "acme.example/audit"', '"origin": "evil.example/audit"'),
    problem: { code: 'part_changed', path: 'manifest.json' },
  },
  'a consistency proof that is not asked for': {
    change: replace('manifest.json', '"proves"', '"consistency": [], "proves"'),
    problem: { code: 'part_changed', path: 'manifest.json' },
  },
  'parts that are no list': {
    change: replace('manifest.json', '"parts": [', '"parts": 1, "more": ['),
    problem: { code: 'part_changed', path: 'checkpoint' },
  },
  'a part that is no object': {
    change: replace('manifest.json', '"parts": [', '"parts": [null, {"path": 1}, {"path": "x"},'),
    problem: { code: 'part_changed', path: 'manifest.json' },
  },
  'a manifest that is no JSON': {
    change: replace('manifest.json', '{', '('),
    problem: { code: 'export_malformed' },
  },
  'a manifest that is no object': {
    change: replace('manifest.json', /^.*$/s, '[]'),
    problem: { code: 'export_malformed', message: /no object/ },
  },
  'a manifest with a name twice': {
    change: replace('manifest.json', '"size": 300', '"size": 300, "size": 300'),
    problem: { code: 'export_malformed' },
  },
  'another format': {
    change: replace('manifest.json', '@v1', '@v2'),
    problem: { code: 'export_malformed', message: /@v2/ },
  },
  'no format': {
    change: replace('manifest.json', '"format"', '"form"'),
    problem: { code: 'export_malformed', message: /null/ },
  },
  'a range that is none': {
    change: replace('manifest.json', '"to": 300', '"to": -1'),
    problem: { code: 'export_malformed', message: /which entries/ },
  },
  'a range that begins within a tile': {
    change: replace('manifest.json', '"from": 0', '"from": 1'),
    problem: { code: 'export_malformed' },
  },
  'a range that begins after its end': {
    change: replace('manifest.json', '"from": 0', '"from": 512'),
    problem: { code: 'export_malformed' },
  },
  'a consistency proof that is no list': {
    change: replace('manifest.json', '"proves"', '"consistency": 1, "proves"'),
    problem: { code: 'export_malformed' },
  },
  'a consistency proof that is too long': {
    change: replace('manifest.json', '"proves"', `"consistency": [${'"", '.repeat(64)}""], "proves"`),
    problem: { code: 'export_malformed', message: /consistency/ },
  },
  'a beginning that is said to be pruned': {
    change: replace('manifest.json', '"from": 0', '"from": 256'),
    problem: { code: 'export_malformed', message: /does not belong/ },
  },
  'an end that is left out': {
    change: replace('manifest.json', '"to": 300', '"to": 256'),
    problem: { code: 'export_malformed' },
  },
  'an end beyond the checkpoint': {
    change: replace('manifest.json', '"to": 300', '"to": 301'),
    problem: { code: 'export_malformed' },
  },
  'a manifest that is far too long for its parts': {
    change: (files) => void files.set('manifest.json', Buffer.from(`[${'[],'.repeat(30_000)}[]]`)),
    problem: { code: 'export_malformed', message: /90004 bytes, and for 8 parts/ },
  },
  'no manifest': {
    change: (files) => void files.delete('manifest.json'),
    problem: { code: 'export_malformed', message: /no manifest/ },
  },
  'no checkpoint': {
    change: (files) => void files.delete('checkpoint'),
    problem: { code: 'export_malformed', path: 'checkpoint' },
  },
  'no lines': {
    change: (files) => void files.delete('entries.ndjson'),
    problem: { code: 'export_malformed', path: 'entries.ndjson' },
  },
  'a bundle missing': {
    change: (files) => void files.delete(BUNDLE),
    problem: { code: 'export_malformed', path: BUNDLE },
  },
  'a tile missing': {
    change: (files) => void files.delete('tile/0/000'),
    problem: { code: 'export_malformed', path: 'tile/0/000' },
  },
  'a tile of another log': {
    change: (files) => void files.set('tile/0/005', new Uint8Array(8192)),
    problem: { code: 'export_malformed', path: 'tile/0/005' },
  },
  'a file that no export has': {
    change: (files) => void files.set('notes.txt', Buffer.from('hello')),
    problem: { code: 'export_malformed', message: /"notes.txt" is no part/ },
  },
  'a tile that is too long': {
    change: (files) => void files.set('tile/1/000.p/1', new Uint8Array(33)),
    problem: { code: 'export_malformed', message: /33 bytes/ },
  },
  'a tile that is too short': {
    change: (files) => void files.set('tile/1/000.p/1', new Uint8Array(31)),
    problem: { code: 'tile_missing', message: /the export: / },
  },
  'a checkpoint that is too long': {
    change: (files) => void files.set('checkpoint', new Uint8Array(1_000_001)),
    problem: { code: 'export_malformed' },
  },
  'a checkpoint that is no text': {
    change: (files) => void files.set('checkpoint', Uint8Array.of(0xff)),
    problem: { code: 'checkpoint_malformed' },
  },
};

describe.each([
  ['folder', inFolder],
  ['tar', (files: Files) => inTar(tarOf(files))],
] as const)('a %s', (_, put) => {
  it('that was only copied is sound', async () => {
    expect(await verifyExport(put(await exported(300)), { keys })).toMatchObject({
      valid: true,
      checked: { entries: 300 },
    });
  });

  it.each(Object.entries(attacks))(
    'with %s is found out',
    async (__, { change, problem: { message, ...expected } }) => {
      const files = await exported(300);
      change(files);
      const { valid, problem, proves } = await verifyExport(put(files), { keys });
      expect(problem).toMatchObject(expected);
      if (message instanceof RegExp) expect(problem?.message).toMatch(message);
      expect([valid, proves]).toEqual([false, []]);
    },
  );
});

describe('a folder', () => {
  const ways: Record<string, (folder: string) => void> = {
    'a link to a file': (folder) => {
      rmSync(join(folder, 'checkpoint'));
      symlinkSync('/etc/passwd', join(folder, 'checkpoint'));
    },
    'a link to a folder': (folder) => {
      rmSync(join(folder, 'tile/1'), { recursive: true });
      symlinkSync('0', join(folder, 'tile/1'));
    },
    'an empty folder': (folder) => mkdirSync(join(folder, 'tile/2')),
    'a folder that no export has': (folder) => {
      mkdirSync(join(folder, 'more'));
      writeFileSync(join(folder, 'more/file'), '');
    },
    'a folder in place of a file': (folder) => {
      rmSync(join(folder, 'checkpoint'));
      mkdirSync(join(folder, 'checkpoint'));
    },
  };

  it.each(Object.entries(ways))('with %s is refused', async (_, change) => {
    const folder = inFolder(await exported(300));
    change(folder);
    expect(await verifyExport(folder, { keys })).toMatchObject({
      valid: false,
      origin: '',
      problem: { code: 'export_malformed' },
    });
  });
});

describe('a tar', () => {
  const block = (change: (header: Uint8Array) => unknown): Uint8Array => {
    const header = Uint8Array.from(tarHeader('manifest.json', 0));
    change(header);
    return header;
  };
  const ways: Record<string, (files: Files) => Uint8Array> = {
    'a member twice': (files) => tarOf([...files, ['checkpoint', files.get('checkpoint') as Uint8Array]]),
    'a way out of it': (files) => tarOf([...files, ['../checkpoint', Buffer.from('x')]]),
    'an absolute path': (files) => tarOf([...files, ['/etc/passwd', Buffer.from('x')]]),
    'a path with a detour': (files) => tarOf([...files, ['tile/../checkpoint', Buffer.from('x')]]),
    'a path that begins with a dot': (files) => tarOf([...files, ['./checkpoint', Buffer.from('x')]]),
    'a link': (files) => Buffer.concat([block((header) => header.set([0x32], 156)), tarOf(files)]),
    'an owner': (files) => Buffer.concat([block((header) => header.set([0x78], 265)), tarOf(files)]),
    'a size that is no number': (files) =>
      Buffer.concat([block((header) => void header.fill(0x78, 124, 136)), tarOf(files)]),
    'nothing in it': () => new Uint8Array(0),
    'no member': () => new Uint8Array(1024),
    'no end': (files) => tarOf(files).subarray(0, -1024),
    'half an end': (files) => tarOf(files).subarray(0, -512),
    'something after its end': (files) => Buffer.concat([tarOf(files), new Uint8Array(512)]),
    'something in its end': (files) => tarOf(files).with(-1, 1),
    'something between members': (files) => {
      const tar = Uint8Array.from(tarOf(files));
      const [first] = files.values();
      tar[512 + (first as Uint8Array).length] = 1;
      return tar;
    },
    'no last byte': (files) => tarOf(files).subarray(0, -1),
    'half of it': (files) => tarOf(files).subarray(0, 10_000),
  };

  it.each(Object.entries(ways))('with %s is refused', async (_, make) => {
    const path = inTar(make(await exported(300)));
    expect(await verifyExport(path, { keys })).toMatchObject({
      valid: false,
      problem: { code: 'export_malformed' },
    });
  });
});

describe('the report on an export', () => {
  it('says the least of one that cannot be read', async () => {
    expect(await verifyExport(inTar(new Uint8Array(5)), { keys })).toEqual({
      ...{ valid: false, origin: '', size: 0, root: '', from: 0, to: 0, proves: [] },
      checked: { entries: 0, tiles: 0, since: 0, witnesses: [] },
      problem: { code: 'export_malformed', message: expect.stringContaining('cut off') },
      problems: [{ code: 'export_malformed', message: expect.stringContaining('cut off') }],
      doesNotProve: [
        ...[expect.any(String), expect.any(String), expect.any(String)],
        expect.stringContaining('without a checkpoint that you held yourself'),
      ],
    });
  });

  it('lists a hundred problems', async () => {
    const files = await exported(300);
    replace('tile/entries/000', /"c/g, '"x')(files);
    files.delete('tile/1/000.p/1');
    const { problem, problems } = await verifyExport(inFolder(files), { keys });
    expect(problem).toMatchObject({ code: 'export_malformed', path: 'tile/1/000.p/1' });
    expect(problems).toHaveLength(100);
  });

  it.skipIf(!existsSync('/proc/self/fd'))('leaves no file open', async () => {
    const path = inTar(await exportedTar(4));
    await verifyExport(path, { keys });
    const open = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === path;
      } catch {
        return false; // closed meanwhile
      }
    });
    expect(open).toEqual([]);
  });
});

describe('an export signed by the operator', () => {
  it('that holds what no log may hold is found out', async () => {
    const entries = leaves(300).with(270, leaf(299));
    const files: Files = new Map([
      ...tilesOf(entries),
      ['checkpoint', Buffer.from(await signed(entries, own))],
    ]);
    const honest = await exported(300);
    files.set('entries.ndjson', Buffer.concat(entries.flatMap((each) => [each, Buffer.from('\n')])));
    files.set('manifest.json', honest.get('manifest.json') as Uint8Array);
    described(files);
    expect(await verifyExport(inFolder(files), { keys })).toMatchObject({
      problem: { code: 'entry_malformed', index: 270 },
    });
  });

  it('as an archive must begin what was signed', async () => {
    const archive = await exported(700, 512);
    expect(await verifyExport(inFolder(archive), { keys })).toMatchObject({
      valid: true,
      to: 512,
      size: 700,
    });
    replace(
      'manifest.json',
      /"consistency": \[\s*"[^"]*"/,
      `"consistency": ["${Buffer.alloc(32).toString('base64')}"`,
    )(archive);
    expect(await verifyExport(inFolder(archive), { keys })).toMatchObject({
      problem: { code: 'root_mismatch', index: 0, before: 512 },
    });
    replace('tile/entries/001', 'c300', 'c30X')(archive);
    expect(await verifyExport(inFolder(archive), { keys })).toMatchObject({
      problem: { code: 'entry_changed', index: 300 },
    });
  });

  it('as an archive may not be signed by a key that was retired in it', async () => {
    const keyed = { kind: 'log.key', key: vkey(next), previous: vkey(own) };
    const rotated = leaves(700).with(400, leaf(400, keyed));
    const both = { keys: [vkey(own), vkey(next)] };
    for (const [signer, to, problem] of [
      [own, 512, { code: 'key_retired' }],
      [own, 256, undefined],
      [next, 512, undefined],
      [next, 256, undefined],
    ] as const) {
      const path = join(scratch(), 'archive');
      await exportLog(readerOf(await madeLog(rotated, signer)), path, { to });
      expect((await verifyExport(path, both)).problem, `${to}`).toEqual(
        problem && expect.objectContaining(problem),
      );
    }
  });
});
