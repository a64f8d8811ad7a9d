/** What a folder goes through besides reading and writing: restarts of the machine, damage, other writers, other versions. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '@stele/crypto';
import { afterAll, describe, it } from 'vitest';
import { collect } from '../src/lib/contract/harness.js';
import { FileBackend } from '../src/lib/file-backend.js';
import { FileLock } from '../src/lib/file-lock.js';
import { bootId, isGone, thisProcess } from '../src/lib/process-identity.js';
import type { RecordChange } from '../src/record-backend.js';
import { failsWith } from './support/assert.js';
import { covenantIdOf, memoryFolder } from './support/backends.js';
import { goneProcess, withFs, withoutSyncs } from './support/faulty-fs.js';
import { deleteRecord, putRecord } from './support/records.js';

afterAll(withoutSyncs());

const root = memoryFolder();
let made = 0;
const freshPath = (): string => join(root, String(made++));
const bytes = (text: string) => new TextEncoder().encode(text);
const record = (n: number, tokens: string[] = [`t:${n % 3}`]) =>
  ({ kind: 'covenant', id: covenantIdOf(n), bytes: bytes(String(n)), tokens }) as const;
const put = (backend: FileBackend, n: number) => putRecord(backend, record(n), undefined);

async function filled(folder: string, count: number): Promise<FileBackend> {
  const backend = new FileBackend(folder);
  for (let n = 0; n < count; n++) await put(backend, n);
  return backend;
}

async function changesAfter(backend: FileBackend, after: string): Promise<RecordChange[]> {
  const end = await backend.latestChange();
  const changes: RecordChange[] = [];
  if (end === after) return changes;
  for await (const change of backend.changes(after, new AbortController().signal)) {
    changes.push(change);
    if (change.token === end) break;
  }
  return changes;
}

describe('the index of a folder', () => {
  it.each([
    ['is read', () => undefined],
    ['is made anew where it is missing', unlinkSync],
    ['is made anew where it is damaged', (path: string) => truncateSync(path, 100)],
    [
      'is made anew where it is of another feed',
      (path: string) => rmSync(join(dirname(path), 'feed'), { recursive: true }),
    ],
  ] as const)('%s', async (_, spoil) => {
    const folder = freshPath();
    const first = await filled(folder, 10);
    await putRecord(first, record(77, []), undefined);
    assert.equal(await first.count('covenant', { token: 't:0' }), 4);
    await first.close();
    assert.ok(existsSync(join(folder, 'index')));
    spoil(join(folder, 'index'));
    const second = new FileBackend(folder);
    assert.equal(await second.count('covenant', { token: 't:0' }), 4);
    assert.equal(await second.count('covenant'), 11);
    await deleteRecord(second, 'covenant', covenantIdOf(3));
    const found = await second.list('covenant', { token: 't:0', limit: 10 });
    assert.deepEqual(
      found.map(({ id }) => id),
      [0, 6, 9].map(covenantIdOf),
    );
    await second.close();
    await second.close();
  });

  it('follows what other writers do', async () => {
    const folder = freshPath();
    const [one, two] = [await filled(folder, 3), new FileBackend(folder)];
    assert.equal(await two.count('covenant', { token: 't:0' }), 1);
    await put(one, 3);
    await deleteRecord(one, 'covenant', covenantIdOf(0));
    await put(one, 6);
    assert.equal(await two.count('covenant', { token: 't:0' }), 2);
  });

  it('goes on past records that are gone, over many pages', async () => {
    const folder = freshPath();
    const backend = new FileBackend(folder);
    for (let n = 0; n < 200; n++) await putRecord(backend, record(n, ['t:all']), undefined);
    for (let n = 0; n < 70; n++) rmSync(join(folder, 'covenants', '00', covenantIdOf(n).slice(-64)));
    const found = await backend.list('covenant', { token: 't:all', limit: 50 });
    assert.deepEqual(
      found.map(({ id }) => id),
      Array.from({ length: 50 }, (_, n) => covenantIdOf(70 + n)),
    );
  });

  it('counts a record that it cannot read among those that any token may find', async () => {
    const folder = freshPath();
    const first = await filled(folder, 4);
    writeFileSync(join(folder, 'covenants', '00', covenantIdOf(1).slice(-64)), 'stele-file/1 damaged');
    rmSync(join(folder, 'feed'), { recursive: true });
    const second = new FileBackend(folder);
    assert.equal(await second.count('covenant', { token: 't:0' }), undefined);
    const [, bad] = await second.list('covenant', { token: 't:0', limit: 10 });
    assert.equal(bad?.error?.code, 'record_corrupt');
    await failsWith('record_corrupt', () => first.get('covenant', covenantIdOf(1)));
  });
});

describe('the records of a folder', () => {
  it('are found by prefix in one folder of many, alone and together', async () => {
    const backend = new FileBackend(freshPath());
    const ids = ['0', 'a', 'f'].map((digit) => `urn:stele:covenant:${digit.repeat(64)}`);
    for (const id of ids) await putRecord(backend, { kind: 'covenant', id, bytes: bytes(id) }, undefined);
    for (const id of ids) {
      assert.equal(await backend.count('covenant', { prefix: id }), 1);
      assert.deepEqual(
        (await backend.list('covenant', { prefix: id, limit: 9 })).map((found) => found.id),
        [id],
      );
    }
    const found = await backend.getMany('covenant', [...ids].reverse());
    assert.deepEqual(
      found.map((one) => new TextDecoder().decode(one?.bytes)),
      [...ids].reverse(),
    );
    assert.equal((await backend.getMany('covenant', ids.slice(1, 2))).length, 1);
  });

  it('are watched until the signal aborts', async () => {
    const backend = await filled(freshPath(), 1);
    const after = await backend.latestChange();
    assert.deepEqual(await collect(backend.changes(after, AbortSignal.abort())), []);
  });
});

describe('a folder that changes while it is read', () => {
  it('is read without a feed', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 4);
    rmSync(join(folder, 'feed'), { recursive: true });
    assert.equal(await backend.count('covenant', { token: 't:0' }), 2);
    assert.equal(await backend.count('covenant'), 4);
    assert.match(await backend.latestChange(), /^[0-9a-f]{32}\.0$/);
  });

  it('is indexed without a record that is gone when it is opened', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 4);
    const file = join(folder, 'covenants', '00', covenantIdOf(3).slice(-64));
    const found = await withFs(
      'openSync',
      (original, ...args) => {
        if (args[0] === file) rmSync(file, { force: true });
        return original(...args);
      },
      () => backend.list('covenant', { token: 't:0', limit: 10 }),
    );
    assert.deepEqual(
      found.map(({ id }) => id),
      [covenantIdOf(0)],
    );
  });

  it('is listed without a record that is gone when it is read', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 3);
    const file = join(folder, 'covenants', '00', covenantIdOf(1).slice(-64));
    const found = await withFs(
      'readFileSync',
      (original, ...args) => {
        if (args[0] === file) rmSync(file, { force: true });
        return original(...args);
      },
      () => backend.list('covenant', { limit: 2 }),
    );
    assert.deepEqual(
      found.map(({ id }) => id),
      [0, 2].map(covenantIdOf),
    );
  });

  it('is not ready where the disk forgets', async () => {
    const backend = await filled(freshPath(), 1);
    await backend.probe();
    const forget = (original: (...args: unknown[]) => unknown, ...args: unknown[]) =>
      String(args[0]).endsWith('probe.tmp') ? Buffer.from('prose') : original(...args);
    await failsWith('store_unavailable', () => withFs('readFileSync', forget, () => backend.probe()));
  });

  it('makes its index anew when the feed does not reach back to it', async () => {
    const folder = freshPath();
    const first = await filled(folder, 4);
    assert.equal(await first.count('covenant', { token: 't:0' }), 2);
    await first.close();
    const feed = join(folder, 'feed', 'current');
    const [header] = readFileSync(feed, 'utf8').split('\n');
    writeFileSync(feed, `${header?.replace(/\d+$/, '50')}\n`);
    rmSync(join(folder, 'covenants', '00', covenantIdOf(3).slice(-64)));
    const second = new FileBackend(folder);
    assert.equal(await second.count('covenant', { token: 't:0' }), 1);
    const epoch = header?.split(' ')[1];
    writeFileSync(join(folder, 'feed', 'previous'), `stele-feed/1 ${'0'.repeat(32)} x 0\n`);
    await failsWith('watch_expired', () => changesAfter(second, `${epoch}.3`));
  });
});

describe('a folder of version 1', () => {
  it('is taken over, and found by every token until it is written again', async () => {
    const folder = freshPath();
    await filled(folder, 0);
    writeFileSync(join(folder, 'format'), 'stele-store 1\n');
    rmSync(join(folder, 'feed'), { recursive: true });
    mkdirSync(join(folder, 'covenants', '00'), { recursive: true });
    writeFileSync(join(folder, 'covenants', '00', covenantIdOf(5).slice(-64)), 'old');
    const backend = new FileBackend(folder);
    await put(backend, 1);
    assert.equal(readFileSync(join(folder, 'format'), 'utf8'), 'stele-store 2\n');
    const found = await backend.list('covenant', { token: 't:1', limit: 10 });
    assert.deepEqual(
      found.map(({ id }) => id),
      [1, 5].map(covenantIdOf),
    );
    assert.equal(await backend.count('covenant', { token: 't:1' }), undefined);
    assert.equal(await backend.count('covenant'), 2);
    const old = await backend.get('covenant', covenantIdOf(5));
    assert.equal(new TextDecoder().decode(old?.bytes), 'old');
    assert.equal(await putRecord(backend, record(5), old?.version), true);
    assert.equal(await backend.count('covenant', { token: 't:1' }), 1);
  });
});

describe('the feed of a folder', () => {
  it('keeps 10,000 changes, and says so when it does not reach back', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 1);
    const start = await backend.latestChange();
    const feed = join(folder, 'feed', 'current');
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => `${from + i} covenant ${covenantIdOf(0)} + t:0\n`).join('');
    appendFileSync(feed, lines(2, 10_001));
    const middle = await backend.latestChange();
    await put(backend, 1);
    assert.ok(existsSync(join(folder, 'feed', 'previous')));
    assert.equal((await changesAfter(backend, start)).length, 10_000);
    assert.deepEqual(
      (await changesAfter(backend, middle)).map(({ id }) => id),
      [covenantIdOf(1)],
    );
    appendFileSync(feed, lines(10_002, 20_001));
    await put(backend, 2);
    await failsWith('watch_expired', () => changesAfter(backend, start));
    assert.equal((await changesAfter(backend, middle)).length, 10_001);
    // Whoever reads on from memory while the file is exchanged misses nothing.
    assert.equal((await changesAfter(new FileBackend(folder), middle)).length, 10_001);
  });

  it.each([
    ['the machine was started again', (text: string) => text.replace(bootId, 'another-start')],
    ['a line is damaged', (text: string) => text.replace('\n2 ', '\n7 ')],
    ['a line is no line', (text: string) => text.replace(' covenant ', ' x ')],
    ['its first line is damaged', (text: string) => text.replace('stele-feed/1', 'stele-feed/9')],
    ['it is empty', () => ''],
  ])('begins anew when %s, and no token of before is taken', async (_, change) => {
    const folder = freshPath();
    const first = await filled(folder, 4);
    const [before, counted] = [await first.latestChange(), await first.count('covenant', { token: 't:0' })];
    const feed = join(folder, 'feed', 'current');
    const text = readFileSync(feed, 'utf8');
    assert.notEqual(change(text), text);
    unlinkSync(feed);
    writeFileSync(feed, change(text));
    const second = new FileBackend(folder);
    await failsWith('watch_expired', () => changesAfter(second, before));
    const after = await second.latestChange();
    assert.equal(await put(second, 9), true);
    assert.equal((await changesAfter(second, after)).length, 1);
    assert.equal(await second.count('covenant', { token: 't:0' }), (counted ?? 0) + 1);
    assert.equal(await first.count('covenant', { token: 't:0' }), (counted ?? 0) + 1);
  });

  it('expires for one who watches while it begins anew', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 1);
    const after = await backend.latestChange();
    const watch = backend.changes(after, new AbortController().signal)[Symbol.asyncIterator]();
    const next = watch.next();
    rmSync(join(folder, 'feed'), { recursive: true });
    await put(backend, 1);
    await failsWith('watch_expired', () => next);
  });

  it('goes on after a writer that died between two files', async () => {
    const folder = freshPath();
    const first = await filled(folder, 2);
    const start = await first.latestChange();
    const feed = join(folder, 'feed');
    writeFileSync(join(feed, 'previous'), readFileSync(join(feed, 'current')));
    unlinkSync(join(feed, 'current'));
    await put(first, 2);
    assert.deepEqual(
      (await changesAfter(new FileBackend(folder), start)).map(({ id }) => id),
      [covenantIdOf(2)],
    );
  });

  it('has what was read while there is no file, and drops half a line', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 2);
    const before = await backend.latestChange();
    const feed = join(folder, 'feed', 'current');
    renameSync(feed, join(folder, 'feed', 'previous'));
    assert.equal(await backend.latestChange(), before);
    renameSync(join(folder, 'feed', 'previous'), feed);
    appendFileSync(feed, '3 covenant urn:');
    await put(backend, 2);
    assert.deepEqual(
      (await changesAfter(backend, before)).map(({ id }) => id),
      [covenantIdOf(2)],
    );
    assert.equal((await changesAfter(new FileBackend(folder), before)).length, 1);
  });

  it('is told to other processes', async () => {
    const folder = freshPath();
    const [one, two] = [await filled(folder, 1), new FileBackend(folder)];
    const watch = two.changes(await two.latestChange(), new AbortController().signal)[Symbol.asyncIterator]();
    const next = watch.next();
    await put(one, 1);
    assert.equal((await next).value?.id, covenantIdOf(1));
    await watch.return?.();
  });
});

describe('the journal of a folder', () => {
  const write = (folder: string, entry: object) => {
    const text = JSON.stringify(entry);
    writeFileSync(join(folder, 'journal'), `${sha256(text)}\n${text}`);
  };
  const DRAFT = '00000000-0000-4000-8000-000000000000.tmp';

  it('is finished after a restart of the machine if it was synced, and left alone if not', async () => {
    for (const synced of [true, false]) {
      const folder = freshPath();
      const first = await filled(folder, 2);
      const feed = join(folder, 'feed', 'current');
      writeFileSync(feed, readFileSync(feed, 'utf8').replace(bootId, 'another-start'));
      const gone = { kind: 'covenant', id: covenantIdOf(0), tokens: [] };
      const moved = { kind: 'covenant', id: covenantIdOf(8), draft: DRAFT, tokens: [] };
      write(folder, { epoch: 'x', first: 1, synced, moves: [gone, moved] });
      writeFileSync(join(folder, 'tmp', DRAFT), 'stored');
      const second = new FileBackend(folder);
      assert.equal(await second.has('covenant', covenantIdOf(0)), !synced);
      assert.equal(await second.has('covenant', covenantIdOf(8)), synced);
      assert.equal(readFileSync(join(folder, 'journal'), 'utf8'), '');
      assert.equal(existsSync(join(folder, 'tmp', DRAFT)), false);
      assert.equal(await put(first, 7), true);
    }
  });

  it('never leads out of the folder', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 1);
    const epoch = (await backend.latestChange()).split('.')[0];
    const stranger = join(folder, 'stranger');
    writeFileSync(stranger, 'mine');
    const moves = [
      { kind: 'covenant', id: covenantIdOf(1), draft: '../stranger', tokens: [] },
      { kind: 'covenant', id: 'urn:stele:covenant:../../stranger', tokens: [] },
    ];
    for (const move of moves) {
      write(folder, { epoch, first: 2, synced: true, moves: [move] });
      await put(new FileBackend(folder), 100 + moves.indexOf(move));
      assert.equal(readFileSync(stranger, 'utf8'), 'mine');
    }
  });

  it('is cleared before anything else is written, if a batch was finished and the clearing failed', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 1);
    const epoch = (await backend.latestChange()).split('.')[0];
    write(folder, {
      epoch,
      first: 1,
      synced: true,
      moves: [{ kind: 'covenant', id: covenantIdOf(0), tokens: [] }],
    });
    assert.equal((await backend.getMany('covenant', [covenantIdOf(0), covenantIdOf(1)]))[1], undefined);
    assert.equal(readFileSync(join(folder, 'journal'), 'utf8'), '');
    assert.equal(await backend.has('covenant', covenantIdOf(0)), true);
  });
});

describe('the lock of a folder', () => {
  const lockOf = (folder: string) => join(folder, 'lock');
  const [boot, space, , start] = thisProcess.split(' ');

  it('of a process that is gone is removed at once', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 1);
    const holders = [
      [boot, space, goneProcess(), start],
      // Its number was given to another: this process, which began at another time.
      [boot, space, process.pid, '1'],
    ];
    for (const [i, holder] of holders.entries()) {
      writeFileSync(lockOf(folder), `${holder.join(' ')} 00000000-0000-4000-8000-000000000000`);
      assert.equal(await put(backend, 10 + i), true);
      writeFileSync(lockOf(folder), `${holder.join(' ')} 00000000-0000-4000-8000-000000000000`);
      assert.equal(await put(new FileBackend(folder), 20 + i), true);
    }
    assert.equal(existsSync(lockOf(folder)), false);
  });

  it('of one who may be alive is not, until nothing has moved for ten seconds', async () => {
    for (const holder of [thisProcess, `another-start ${space} 1 1`, `${boot} another-space 1 1`, 'x', '']) {
      assert.equal(isGone(holder), false, holder);
    }
    const folder = freshPath();
    const backend = await filled(folder, 1);
    const holder = `another-start ${space} 1 1 00000000-0000-4000-8000-000000000000`;
    writeFileSync(lockOf(folder), holder);
    // Whoever was about to remove it has died.
    writeFileSync(join(folder, 'lock-00000000-0000-4000-8000-000000000000'), '');
    const other = new FileBackend(folder);
    assert.equal(readFileSync(lockOf(folder), 'utf8'), holder);
    assert.equal(await other.has('covenant', covenantIdOf(0)), true);
    await other.close();
    assert.equal(await put(backend, 1), true);
    assert.equal(existsSync(lockOf(folder)), false);
  }, 60_000);

  it('that changes hands all the time is waited for, and not for ever', async () => {
    const folder = freshPath();
    await filled(folder, 1);
    const next = (turn: number) => {
      writeFileSync(join(folder, 'x'), `another-start ${space} 1 ${turn} x`);
      renameSync(join(folder, 'x'), lockOf(folder));
    };
    next(0);
    let turn = 0;
    const change = setInterval(() => next(++turn), 1);
    const lock = new FileLock(folder, { leaseMs: 300_000, patienceMs: 100 });
    await failsWith('store_unavailable', () => lock.run(() => undefined));
    clearInterval(change);
    assert.match(readFileSync(lockOf(folder), 'utf8'), /^another-start /);
  });

  it('is taken from a holder without a name, and after a remover that died, when the lease is over', async () => {
    const token = '00000000-0000-4000-8000-000000000000';
    const holders = ['x', '', `${boot} ${space} ${goneProcess()} ${start} ${token}`];
    for (const holder of holders) {
      const folder = freshPath();
      await filled(folder, 1);
      writeFileSync(lockOf(folder), holder);
      writeFileSync(join(folder, `lock-${token}`), '');
      const lock = new FileLock(folder, { leaseMs: 20, patienceMs: 60_000 });
      assert.equal(await lock.run(() => 'done'), 'done');
      assert.equal(existsSync(lockOf(folder)), false);
    }
  });

  it('is left alone when another has it by then', async () => {
    const folder = freshPath();
    await filled(folder, 1);
    const token = '00000000-0000-4000-8000-000000000000';
    const gone = `${boot} ${space} ${goneProcess()} ${start} ${token}`;
    writeFileSync(lockOf(folder), gone);
    let others = 0;
    const lock = new FileLock(folder);
    // Another removes it and takes it, just before this one would remove it; then gives it back.
    const result = await withFs(
      'writeFileSync',
      (original, path, ...rest) => {
        if (path === join(folder, `lock-${token}`) && others++ === 0) {
          writeFileSync(join(folder, 'y'), `${gone}x`);
          renameSync(join(folder, 'y'), lockOf(folder));
          setTimeout(() => rmSync(lockOf(folder), { force: true }), 20);
        }
        return original(path, ...rest);
      },
      () => lock.run(() => existsSync(lockOf(folder))),
    );
    assert.deepEqual([result, others], [true, 1]);
  });

  it('goes to one of two who come at once', async () => {
    const folder = freshPath();
    await filled(folder, 1);
    writeFileSync(lockOf(folder), thisProcess);
    let looks = 0;
    const lock = new FileLock(folder);
    await withFs(
      'statSync',
      (original, ...args) => {
        // There was no lock when it was looked for, and there is one when it is made.
        if (args[0] !== lockOf(folder) || looks++ > 0) return original(...args);
        setTimeout(() => rmSync(lockOf(folder), { force: true }), 5);
        return undefined;
      },
      () => lock.run(() => undefined),
    );
    assert.ok(looks > 1);
  });

  it('that was lost is noticed before anything is changed', async () => {
    const folder = freshPath();
    await filled(folder, 1);
    const lock = new FileLock(folder);
    await failsWith('store_unavailable', () =>
      lock.run(() => {
        writeFileSync(lockOf(folder), 'somebody else');
        lock.assertHeld();
      }),
    );
    assert.equal(readFileSync(lockOf(folder), 'utf8'), 'somebody else');
    rmSync(lockOf(folder));
    await failsWith('store_unavailable', () =>
      lock.run(() => {
        rmSync(lockOf(folder));
        lock.assertHeld();
      }),
    );
  });

  it('cannot be taken where the folder is gone', async () => {
    const folder = freshPath();
    const backend = await filled(folder, 1);
    rmSync(folder, { recursive: true });
    await failsWith('store_unavailable', () => put(backend, 1));
    assert.equal(existsSync(folder), false);
    await failsWith('store_unavailable', () => backend.probe());
    await failsWith('store_unavailable', () => backend.latestChange());
    await backend.close();
    for (const use of [
      () => backend.get('covenant', covenantIdOf(0)),
      () => backend.count('covenant'),
      () => put(backend, 1),
    ]) {
      await failsWith('store_closed', use);
    }
  });

  it('leaves names and modes alone', async () => {
    const folder = freshPath();
    await filled(folder, 1);
    assert.equal(statSync(join(folder, 'journal')).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'feed', 'current')).mode & 0o777, 0o600);
  });
});
