import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { CovenantDocument } from '@stele/core';
import { describe, it } from 'vitest';
import { FileStore } from '../src/index.js';
import { sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { failsWith } from './support/assert.js';
import { freshPath } from './support/stores.js';

const modeOf = (path: string) => statSync(path).mode & 0o777;
const filesIn = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );

describe('FileStore', () => {
  it('finds everything again when it is opened anew', async () => {
    const folder = freshPath();
    const covenants = await sampleCovenants(5);
    const revocation = await sampleRevocation(covenants[0]!);
    const first = new FileStore(folder);
    for (const covenant of covenants) await first.put(covenant);
    await first.putRevocation(revocation);
    await first.close();
    const second = new FileStore(folder);
    for (const covenant of covenants) assert.deepEqual(await second.get(covenant.id), covenant);
    assert.deepEqual(await second.getRevocations(revocation.covenant), [revocation]);
  });

  it('makes the folders above it, and works with a relative path', async () => {
    const folder = join(freshPath(), 'a', 'b');
    const covenant = await sampleCovenant();
    await new FileStore(relative(process.cwd(), folder)).put(covenant);
    assert.deepEqual(await new FileStore(`${folder}/`).get(covenant.id), covenant);
    assert.equal(modeOf(dirname(folder)), 0o700);
  });

  it('keeps its files from other users, whatever the umask', async () => {
    const folder = freshPath();
    const before = process.umask(0);
    try {
      const store = new FileStore(folder);
      const covenant = await sampleCovenant();
      await store.put(covenant);
      await store.putRevocation(await sampleRevocation(covenant));
    } finally {
      process.umask(before);
    }
    assert.equal(modeOf(folder), 0o700);
    assert.deepEqual(
      filesIn(folder)
        .map((name) => name.split('/')[0])
        .sort(),
      ['covenants', 'feed', 'format', 'journal', 'revocations'],
    );
    for (const name of filesIn(folder)) {
      assert.equal(modeOf(join(folder, name)), 0o600, name);
      assert.equal(modeOf(dirname(join(folder, name))), 0o700, name);
    }
  });

  it('names files by hex alone and leaves no temporary ones', async () => {
    const folder = freshPath();
    const store = new FileStore(folder);
    const covenant = await sampleCovenant();
    await store.put(covenant);
    await store.put(covenant);
    await store.putRevocation(await sampleRevocation(covenant));
    const hex = covenant.id.slice(-64);
    const names = filesIn(folder).sort();
    assert.deepEqual(names.slice(0, -1), [
      `covenants/${hex.slice(0, 2)}/${hex}`,
      'feed/current',
      'format',
      'journal',
    ]);
    assert.match(names.at(-1) as string, new RegExp(`^revocations/${hex.slice(0, 2)}/${hex}-[0-9a-f]{64}$`));
  });

  it('clears away what a dead writer left', async () => {
    const folder = freshPath();
    const covenant = await sampleCovenant();
    await new FileStore(folder).put(covenant);
    writeFileSync(join(folder, 'tmp', 'left.tmp'), 'half a docu');
    const store = new FileStore(folder);
    assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
    assert.equal(await store.count(), 1);
    assert.deepEqual((await store.list()).items, [covenant]);
  });

  it('does not take foreign names for records', async () => {
    const folder = freshPath();
    const store = new FileStore(folder);
    const covenant = await sampleCovenant();
    await store.put(covenant);
    const shard = join(folder, 'covenants', covenant.id.slice(-64, -62));
    for (const name of ['README', '.hidden', `${covenant.id.slice(-64)}.bak`, 'A'.repeat(64), '__proto__']) {
      writeFileSync(join(shard, name), 'foreign');
    }
    mkdirSync(join(folder, 'covenants', 'lost+found'));
    writeFileSync(join(folder, 'covenants', 'note.txt'), 'foreign');
    assert.equal(await store.count(), 1);
    assert.deepEqual((await store.list()).items, [covenant]);
  });

  it('refuses a folder of an unknown version, or one whose marker is lost', async () => {
    const folder = freshPath();
    const store = new FileStore(folder);
    await store.put(await sampleCovenant());
    assert.equal(readFileSync(join(folder, 'format'), 'utf8'), 'stele-store 2\n');
    for (const text of ['stele-store 3\n', 'stele-store 2', '', 'x'.repeat(1000)]) {
      writeFileSync(join(folder, 'format'), text);
      await failsWith('store_version', () => new FileStore(folder));
    }
    rmSync(join(folder, 'format'));
    await failsWith('store_version', () => new FileStore(folder));
    assert.equal(await store.count(), 1);
  });

  it('says store_unavailable when the file system does not let it', async () => {
    const file = freshPath();
    writeFileSync(file, 'a file, no folder');
    await failsWith('store_unavailable', () => new FileStore(join(file, 'below')));
    const folder = freshPath();
    const store = new FileStore(folder);
    const covenant = await sampleCovenant();
    const hex = covenant.id.slice(-64);
    writeFileSync(join(folder, 'covenants'), 'in the way');
    const error = await failsWith('store_unavailable', () => store.put(covenant));
    assert.ok(error.cause instanceof Error);
    assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
    rmSync(join(folder, 'covenants'));
    // A folder where a record should be can neither be read nor replaced, and is not taken for absent.
    mkdirSync(join(folder, 'covenants', hex.slice(0, 2), hex), { recursive: true });
    await failsWith('record_corrupt', () => store.get(covenant.id));
    await failsWith('record_corrupt', () => store.put(covenant));
    await failsWith('store_unavailable', () => store.delete(covenant.id));
    assert.equal(await store.has(covenant.id), true);
    assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
  });

  it('waits for no pipe and reads no device, wherever one is planted', async () => {
    const path = freshPath();
    const [first, second] = (await sampleCovenants(2)) as [CovenantDocument, CovenantDocument];
    const store = new FileStore(path);
    await store.put(first);
    const hex = first.id.slice(-64);
    const record = join(path, 'covenants', hex.slice(0, 2), hex);
    const plants: ((at: string) => unknown)[] = [
      (at) => spawnSync('mkfifo', [at]),
      (at) => symlinkSync('/dev/zero', at),
      (at) => mkdirSync(at),
    ];
    for (const plantAt of plants) {
      rmSync(record, { recursive: true });
      plantAt(record);
      await failsWith('record_corrupt', () => store.get(first.id));
      await failsWith('record_corrupt', () => store.put(first));
      const reported: unknown[] = [];
      await store.list({ onCorrupt: ({ id }) => reported.push(id) });
      await store.list({ tag: 'x', onCorrupt: ({ id }) => reported.push(id) });
      assert.deepEqual(reported, [first.id, first.id]);
    }
    rmSync(record, { recursive: true });
    await store.close();
    for (const name of ['lock', 'journal', 'feed/current']) {
      rmSync(join(path, name), { force: true });
      spawnSync('mkfifo', [join(path, name)]);
      await failsWith('store_unavailable', () => new FileStore(path).put(second));
      rmSync(join(path, name));
    }
    // What is only a help, or left by a writer that died, is made anew.
    for (const name of ['index.new', 'feed/current.new']) spawnSync('mkfifo', [join(path, name)]);
    const again = new FileStore(path);
    await again.put(second);
    assert.equal(await again.count(), 1);
    await again.close();
  });

  it('takes paths only', () => {
    for (const path of [undefined, null, '', 1, {}, 'a\0b']) {
      assert.throws(() => new FileStore(path as string), TypeError);
    }
  });
});
