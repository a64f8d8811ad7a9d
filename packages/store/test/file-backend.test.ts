/** What a folder goes through besides reading and writing: damage, changes by others, other versions. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { collect } from '../src/lib/contract/harness.js';
import { FileBackend } from '../src/lib/file-backend.js';
import { failsWith } from './support/assert.js';
import { covenantIdOf } from './support/backends.js';
import { withFs, withoutSyncs } from './support/faulty-fs.js';
import { bytesOf, changesAfter, filled, freshFolder, put, record } from './support/folders.js';
import { deleteRecord, putRecord } from './support/records.js';

afterAll(withoutSyncs());

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
    const folder = freshFolder();
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
    const folder = freshFolder();
    const [one, two] = [await filled(folder, 3), new FileBackend(folder)];
    assert.equal(await two.count('covenant', { token: 't:0' }), 1);
    await put(one, 3);
    await deleteRecord(one, 'covenant', covenantIdOf(0));
    await put(one, 6);
    assert.equal(await two.count('covenant', { token: 't:0' }), 2);
  });

  it('goes on past records that are gone, over many pages', async () => {
    const folder = freshFolder();
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
    const folder = freshFolder();
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
    const backend = new FileBackend(freshFolder());
    const ids = ['0', 'a', 'f'].map((digit) => `urn:stele:covenant:${digit.repeat(64)}`);
    for (const id of ids) await putRecord(backend, { kind: 'covenant', id, bytes: bytesOf(id) }, undefined);
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
    const backend = await filled(freshFolder(), 1);
    const after = await backend.latestChange();
    assert.deepEqual(await collect(backend.changes(after, AbortSignal.abort())), []);
  });
});

describe('a folder that changes while it is read', () => {
  it('is read without a feed', async () => {
    const folder = freshFolder();
    const backend = await filled(folder, 4);
    rmSync(join(folder, 'feed'), { recursive: true });
    assert.equal(await backend.count('covenant', { token: 't:0' }), 2);
    assert.equal(await backend.count('covenant'), 4);
    assert.match(await backend.latestChange(), /^[0-9a-f]{32}\.0$/);
  });

  it('is indexed without a record that is gone when it is opened', async () => {
    const folder = freshFolder();
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
    const folder = freshFolder();
    const backend = await filled(folder, 3);
    const file = join(folder, 'covenants', '00', covenantIdOf(1).slice(-64));
    const found = await withFs(
      'openSync',
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
    const backend = await filled(freshFolder(), 1);
    await backend.probe();
    const forget = (original: (...args: unknown[]) => unknown, ...args: unknown[]) =>
      String(args[0]).endsWith('probe.tmp') ? Buffer.from('prose') : original(...args);
    await failsWith('store_unavailable', () => withFs('readFileSync', forget, () => backend.probe()));
  });

  it('makes its index anew when the feed does not reach back to it', async () => {
    const folder = freshFolder();
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
    const folder = freshFolder();
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
