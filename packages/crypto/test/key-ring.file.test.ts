/** A ring in files: what is on the disk, and what it does when the disk is not as it left it. */
import fs, {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyRing, MAX_KEY_RING_BYTES, MemoryKeyRing } from '../src/lib/key-ring.js';
import { FileKeyRing } from '../src/lib/key-ring-file.js';
import { playFault } from './key-ring-support/faults.js';
import { freshPath } from './key-ring-support/rings.js';

/** Does something just before the next call of a function of the file system, or the n-th. */
function meanwhile(
  name: 'linkSync' | 'statSync' | 'lstatSync' | 'openSync' | 'readFileSync' | 'rmSync' | 'readdirSync',
  action: () => void,
  n = 1,
): void {
  const original = fs[name];
  const table = fs as unknown as Record<string, unknown>;
  const put = (value: unknown) => {
    table[name] = value;
    syncBuiltinESMExports();
  };
  let calls = 0;
  put((...args: unknown[]) => {
    if (++calls < n) return Reflect.apply(original, fs, args);
    put(original);
    action();
    return Reflect.apply(original, fs, args);
  });
}

const rings: [string, () => [KeyRing, KeyRing]][] = [
  [
    'MemoryKeyRing',
    () => {
      const ring = new MemoryKeyRing();
      return [ring, ring];
    },
  ],
  [
    'FileKeyRing',
    () => {
      const path = freshPath();
      return [new FileKeyRing(path), new FileKeyRing(path)];
    },
  ],
];

describe.each(rings)('%s', (_, make) => {
  it('agrees with a list of states, whoever asks', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(1), fc.option(fc.nat(6), { nil: undefined }), fc.string({ minLength: 1 }))),
        async (steps) => {
          const both = make();
          const states: string[] = [];
          for (const [who, expected, state] of steps) {
            const version = states.length === 0 ? undefined : states.length;
            const fits = expected === version;
            expect(await both[who]!.save(expected, state)).toBe(fits);
            if (fits) states.push(state);
            const found = await both[1 - who]!.load();
            expect(found).toEqual(
              states.length ? { version: states.length, state: states.at(-1) } : undefined,
            );
          }
        },
      ),
      { numRuns: 60 },
    ));

  it('lets exactly one of many win', async () => {
    const both = make();
    for (const expected of [undefined, 1, 2]) {
      const won = await Promise.all(Array.from({ length: 9 }, (_, i) => both[i % 2]!.save(expected, `${i}`)));
      expect(won.filter(Boolean)).toHaveLength(1);
    }
  });

  it('refuses a state that is empty, too long, or no text', async () => {
    const [ring] = make();
    for (const state of ['', 'x'.repeat(MAX_KEY_RING_BYTES + 1)]) {
      await expect(ring.save(undefined, state)).rejects.toThrow(RangeError);
    }
    await expect(ring.save(undefined, '\ud800')).rejects.toMatchObject({ code: 'lone_surrogate' });
    expect(await ring.load()).toBeUndefined();
    expect(await ring.save(undefined, 'x'.repeat(MAX_KEY_RING_BYTES))).toBe(true);
    expect((await ring.load())?.state).toHaveLength(MAX_KEY_RING_BYTES);
  });
});

describe('the folder of a ring', () => {
  it('is not there before something is saved, and then its owner’s alone', async () => {
    const path = `${freshPath()}/deep/ring`;
    const ring = new FileKeyRing(path);
    expect(await ring.load()).toBeUndefined();
    expect(statSync(dirname(path), { throwIfNoEntry: false })).toBeUndefined();
    await ring.save(undefined, 'state');
    for (const folder of [path, dirname(path)]) expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(`${path}/1.json`).mode & 0o777).toBe(0o600);
    expect(readdirSync(path)).toEqual(['1.json']);
  });

  it('holds one state, and 100 names that are taken', async () => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    for (let i = 0; i < 150; i++) await ring.save(i || undefined, `state ${i + 1}`);
    const sizes = new Map(readdirSync(path).map((name) => [name, statSync(`${path}/${name}`).size]));
    expect(sizes.size).toBe(101);
    expect([...sizes].filter(([, size]) => size > 0)).toEqual([['150.json', 9]]);
    expect(sizes.has('50.json')).toBe(true);
    expect(sizes.has('49.json')).toBe(false);
  });

  it.each([1, 50, 100, 101, 300])(
    'takes no state of a writer who stood still for %i others',
    async (others) => {
      const path = freshPath();
      const [slow, ring] = [new FileKeyRing(path), new FileKeyRing(path)];
      await ring.save(undefined, 'state 1');
      const saves: Promise<boolean>[] = [];
      meanwhile('linkSync', () => {
        for (let i = 1; i <= others; i++) saves.push(ring.save(i, `state ${i + 1}`));
      });
      expect(await slow.save(1, 'late')).toBe(false);
      expect(new Set(await Promise.all(saves))).toEqual(new Set([true]));
      expect(await slow.load()).toEqual({ version: others + 1, state: `state ${others + 1}` });
      expect(await ring.save(others + 1, 'next')).toBe(true);
      const texts = readdirSync(path).map((name) => readFileSync(`${path}/${name}`, 'utf8'));
      expect(texts.filter((text) => text !== '')).toEqual(['next']);
    },
    60_000, // hundreds of synced files
  );

  it.each(['statSync', 'readFileSync'] as const)('is read anew when it goes on before %s', async (name) => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    await ring.save(undefined, 'state 1');
    meanwhile(name, () => void ring.save(1, 'state 2'));
    expect(await ring.load()).toEqual({ version: 2, state: 'state 2' });
  });

  it('gives no part of a state that is being emptied', async () => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    await ring.save(undefined, 'state 1');
    meanwhile('readFileSync', () => {
      void ring.save(1, 'state 2');
      writeFileSync(`${path}/1.json`, 'sta');
    });
    expect(await ring.load()).toEqual({ version: 2, state: 'state 2' });
  });

  it('may lose old names to another process at any time', async () => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    await ring.save(undefined, 'state 1');
    meanwhile('lstatSync', () => rmSync(`${path}/1.json`));
    expect(await ring.save(1, 'state 2')).toBe(true);
    expect(readdirSync(path)).toEqual(['2.json']);
    meanwhile('statSync', () => rmSync(`${path}/2.json`));
    expect(await ring.load()).toBeUndefined();
  });

  it('outlives the machine: what is written is synced, and the name of each folder that was made', async () => {
    const root = freshPath();
    mkdirSync(root);
    const opened: string[] = [];
    const calls = { openSync: 0, fsyncSync: 0, closeSync: 0 };
    const names = Object.keys(calls) as (keyof typeof calls)[];
    const originals = names.map((name) => [name, fs[name]] as const);
    const table = fs as unknown as Record<string, unknown>;
    for (const [name, original] of originals) {
      table[name] = (...args: unknown[]) => {
        calls[name]++;
        if (name === 'openSync') opened.push(String(args[0]));
        return Reflect.apply(original, fs, args);
      };
    }
    syncBuiltinESMExports();
    const ring = new FileKeyRing(`${root}/a/b`);
    try {
      await ring.save(undefined, 'state 1');
      await ring.save(1, 'state 2');
    } finally {
      for (const [name, original] of originals) table[name] = original;
      syncBuiltinESMExports();
    }
    const folders = opened.filter((path) => !/\.(?:draft|json)$/.test(path));
    expect(folders).toEqual([`${root}/a`, root, `${root}/a/b`, `${root}/a/b`]);
    expect(calls.fsyncSync).toBe(folders.length + 2);
    expect(calls.closeSync).toBe(calls.openSync);
  });

  it('costs the same to save in, however old it is', async () => {
    const ring = new FileKeyRing(freshPath());
    const changes = new Set<number>();
    for (let i = 0; i < 20; i++) {
      const counted = playFault(0, 'throw');
      await ring.save(i || undefined, 'state').finally(counted.end);
      if (i > 0) changes.add(counted.count());
    }
    expect(changes.size).toBe(1);
  });

  it('keeps a state as it was, byte order mark and all', async () => {
    const ring = new FileKeyRing(freshPath());
    await ring.save(undefined, '\ufeffstate\r\n');
    expect((await ring.load())?.state).toBe('\ufeffstate\r\n');
  });

  it('is tidied to the end although a file vanishes before it is looked at, or removed', async () => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    await ring.save(undefined, 'state 1');
    await ring.save(1, 'state 2');
    meanwhile('lstatSync', () => rmSync(`${path}/1.json`));
    expect(await ring.save(2, 'state 3')).toBe(true);
    expect(statSync(`${path}/2.json`).size).toBe(0);
    writeFileSync(`${path}/0.draft`, 'x');
    utimesSync(`${path}/0.draft`, 1, 1);
    meanwhile('rmSync', () => rmSync(`${path}/0.draft`), 2); // the first removes the writer’s own
    expect(await ring.save(3, 'state 4')).toBe(true);
    expect(statSync(`${path}/3.json`).size).toBe(0);
  });

  it.each(['linkSync', 'rmSync', 'readdirSync'] as const)(
    'saves nothing, and says so, when %s fails',
    async (name) => {
      const ring = new FileKeyRing(freshPath());
      await ring.save(undefined, 'state 1');
      meanwhile(name, () => {
        throw Object.assign(new Error('no disk'), { code: 'EIO' });
      });
      await expect(ring.save(1, 'state 2')).rejects.toMatchObject({ code: 'EIO' });
      expect((await ring.load())?.version).toBe(name === 'rmSync' ? 2 : 1);
    },
  );

  it.skipIf(process.platform === 'win32')('empties nothing through a link (needs POSIX links)', async () => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    await ring.save(undefined, 'state 1');
    await ring.save(1, 'state 2');
    const precious = freshPath();
    writeFileSync(precious, 'precious');
    rmSync(`${path}/1.json`);
    symlinkSync(precious, `${path}/1.json`);
    expect(await ring.save(2, 'state 3')).toBe(true);
    // And not where one was put in place after a look at it.
    meanwhile('lstatSync', () =>
      meanwhile('openSync', () => {
        rmSync(`${path}/3.json`);
        symlinkSync(precious, `${path}/3.json`);
      }),
    );
    expect(await ring.save(3, 'state 4')).toBe(true);
    expect(readlinkSync(`${path}/3.json`)).toBe(precious);
    expect(readFileSync(precious, 'utf8')).toBe('precious');
  });

  it('is tidied of what dead writers left, once that is old', async () => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    await ring.save(undefined, 'state 1');
    const [fresh, old, other] = [`${path}/a.draft`, `${path}/b.draft`, `${path}/notes.txt`];
    for (const file of [fresh, old, other]) writeFileSync(file, 'x');
    const hourAgo = Date.now() / 1_000 - 3_601;
    for (const file of [old, other]) utimesSync(file, hourAgo, hourAgo);
    await ring.save(1, 'state 2');
    expect(readdirSync(path).sort()).toEqual(['1.json', '2.json', 'a.draft', 'notes.txt']);
    expect(readFileSync(other, 'utf8')).toBe('x');
  });

  it.each(['0.json', '01.json', '1.json.bak', '-1.json', '1e3.json', '9999999999999999.json', ' 5.json'])(
    'may hold %j, which is no state',
    async (name) => {
      const path = freshPath();
      const ring = new FileKeyRing(path);
      await ring.save(undefined, 'state');
      writeFileSync(`${path}/${name}`, 'x');
      expect(await ring.load()).toEqual({ version: 1, state: 'state' });
      expect(await ring.save(1, 'next')).toBe(true);
      expect(readFileSync(`${path}/${name}`, 'utf8')).toBe('x');
    },
  );

  it('whose newest state is empty, too long, or no UTF-8 is refused', async () => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    await ring.save(undefined, 'state');
    writeFileSync(`${path}/2.json`, '');
    await expect(ring.load()).rejects.toThrow(/2\.json, is empty/);
    writeFileSync(`${path}/2.json`, Buffer.alloc(MAX_KEY_RING_BYTES + 1, 0x20));
    await expect(ring.load()).rejects.toThrow(RangeError);
    writeFileSync(`${path}/2.json`, Uint8Array.of(0x22, 0xff, 0x22));
    await expect(ring.load()).rejects.toThrow(TypeError);
    rmSync(`${path}/2.json`);
    mkdirSync(`${path}/2.json`);
    await expect(ring.load()).rejects.toThrow();
  });

  it('that is no folder, or in none, is the file system’s error', async () => {
    const path = freshPath();
    writeFileSync(path, 'a file');
    for (const each of [path, `${path}/ring`]) {
      await expect(new FileKeyRing(each).load()).rejects.toMatchObject({ code: 'ENOTDIR' });
      await expect(new FileKeyRing(each).save(undefined, 'state')).rejects.toThrow();
    }
  });

  it('saves although it cannot be tidied', async () => {
    const path = freshPath();
    const ring = new FileKeyRing(path);
    await ring.save(undefined, 'state 1');
    rmSync(`${path}/1.json`);
    mkdirSync(`${path}/1.json`); // cannot be truncated
    expect(await ring.save(1, 'state 2')).toBe(true);
    expect((await ring.load())?.state).toBe('state 2');
  });

  it.each(['', 'a\0b', undefined, 5])('has no path like %j', (path) => {
    expect(() => new FileKeyRing(path as string)).toThrow(TypeError);
    expect(() => new FileKeyRing(path as string)).toThrow(/^path must/);
  });
});
