/** The keeper of the highest checkpoint never goes back. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { FileHeadKeeper } from '../src/index.js';
import { codeOf } from './support/entries.js';
import { memoryFolder } from './support/folders.js';

const root = memoryFolder();
let made = 0;
const fresh = () => join(root, String(made++));

const note = (size: number, byte = 1, origin = 'example.org/log') =>
  `${origin}\n${size}\n${Buffer.alloc(32, byte).toString('base64')}\n\n— example.org/log ${Buffer.alloc(68, 7).toString('base64')}\n`;

describe('a keeper of heads', () => {
  it('keeps the last of those that grow, for its owner alone', async () => {
    const path = fresh();
    const keeper = new FileHeadKeeper(path);
    assert.equal(await keeper.read(), undefined);
    for (const size of [0, 1, 7]) {
      await keeper.write(note(size, size));
      assert.equal(await keeper.read(), note(size, size));
    }
    assert.equal(readFileSync(path, 'utf8'), note(7, 7));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(await new FileHeadKeeper(path).read(), note(7, 7));
  });

  it('takes another note of the same tree, such as one with a cosignature', async () => {
    const keeper = new FileHeadKeeper(fresh());
    await keeper.write(note(7));
    const longer = `${note(7)}— w.example ${Buffer.alloc(76, 3).toString('base64')}\n`;
    await keeper.write(longer);
    assert.equal(await keeper.read(), longer);
  });

  it('refuses what is lower, of another tree, of another log or no checkpoint', async () => {
    const keeper = new FileHeadKeeper(fresh());
    await keeper.write(note(7));
    for (const other of [note(6), note(0), note(7, 2), note(8, 1, 'example.org/other')]) {
      assert.equal(await codeOf(() => keeper.write(other)), 'audit_log_rolled_back');
    }
    assert.equal(await codeOf(() => keeper.write('nonsense')), 'note_malformed');
    assert.equal(await keeper.read(), note(7));
  });

  it('refuses what is no file of a checkpoint', async () => {
    const path = fresh();
    mkdirSync(path);
    assert.equal(await codeOf(() => new FileHeadKeeper(path).read()), 'audit_log_corrupt');
    const long = fresh();
    writeFileSync(long, Buffer.alloc(1_000_001));
    assert.equal(await codeOf(() => new FileHeadKeeper(long).read()), 'audit_log_corrupt');
    assert.equal(
      await codeOf(() => new FileHeadKeeper(join(fresh(), 'nowhere')).write(note(1))),
      'audit_log_unavailable',
    );
  });

  it('needs a path', () => {
    for (const path of ['', 7, undefined]) assert.throws(() => new FileHeadKeeper(path as string), TypeError);
  });
});
