/** The feed and the journal of a folder, also after a new start of the machine. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stele/crypto';
import { afterAll, describe, it } from 'vitest';
import { FileBackend } from '../src/lib/file-backend.js';
import { bootId } from '../src/lib/process-identity.js';
import { failsWith } from './support/assert.js';
import { covenantIdOf } from './support/backends.js';
import { withoutSyncs } from './support/faulty-fs.js';
import { changesAfter, filled, freshFolder, put } from './support/folders.js';

afterAll(withoutSyncs());

describe('the feed of a folder', () => {
  it('keeps 10,000 changes, and says so when it does not reach back', async () => {
    const folder = freshFolder();
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
    const folder = freshFolder();
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
    const folder = freshFolder();
    const backend = await filled(folder, 1);
    const after = await backend.latestChange();
    const watch = backend.changes(after, new AbortController().signal)[Symbol.asyncIterator]();
    const next = watch.next();
    rmSync(join(folder, 'feed'), { recursive: true });
    await put(backend, 1);
    await failsWith('watch_expired', () => next);
  });

  it('goes on after a writer that died between two files', async () => {
    const folder = freshFolder();
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
    const folder = freshFolder();
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
    const folder = freshFolder();
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
      const folder = freshFolder();
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
    const folder = freshFolder();
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
    const folder = freshFolder();
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
