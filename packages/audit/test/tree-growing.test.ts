/** A tree that grows beside the appends, as far as one publication may carry. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { LogBackend, LogRecord } from '../src/index.js';
import { append } from '../src/lib/contract/harness.js';
import { leafOf, sampleRecords } from '../src/lib/contract/samples.js';
import { rootAt } from '../src/lib/tiles.js';
import { GrowingTree } from '../src/lib/tree-growing.js';
import { MemoryLogBackend } from '../src/testing.js';
import { codeOf } from './support/entries.js';

async function logOf(records: readonly LogRecord[], log = new MemoryLogBackend()): Promise<LogBackend> {
  await log.open();
  await append(log, records);
  return log;
}

async function publish(log: LogBackend, tree: GrowingTree): Promise<void> {
  const checkpoint = `of ${tree.size}`;
  const publication = { checkpoint, size: tree.size, tiles: tree.unstaged() };
  assert.equal(await log.publish({ before: await log.checkpoint(), ...publication }), true);
  tree.markPublished();
}

describe('a tree that grows', () => {
  it('stops where a publication has enough bytes, and goes on after it', async () => {
    const leaf = leafOf(65_535);
    const log = await logOf(sampleRecords(0, 700, () => ({ leaf })));
    const tree = await GrowingTree.load(log, 0);
    await tree.grow(700);
    const { size } = tree;
    assert.ok(size * leaf.length >= 32 * 1024 * 1024 && size < 700, `${size}`);
    await tree.grow(700);
    assert.equal(tree.size, size);
    await publish(log, tree);
    await tree.grow(700);
    assert.equal(tree.size, 700);
    await publish(log, tree);
    assert.deepEqual(await rootAt(log, 700), tree.root());
  });

  it('grows to what was signed in one go, however large it is', async () => {
    const leaf = leafOf(65_535);
    const tree = await GrowingTree.load(await logOf(sampleRecords(0, 600, () => ({ leaf }))), 0);
    await tree.growTo(600);
    assert.equal(tree.size, 600);
  });

  it('is none of a log that lacks entries', async () => {
    const tree = await GrowingTree.load(await logOf(sampleRecords(0, 5)), 0);
    assert.equal(await codeOf(() => tree.grow(200)), 'audit_log_corrupt');
  });

  it('is none of a log that lacks its last bundle', async () => {
    class Bare extends MemoryLogBackend {
      override async entries(): Promise<undefined> {}
    }
    const log = await logOf(sampleRecords(0, 5), new Bare());
    const tree = await GrowingTree.load(log, 0);
    await tree.grow(5);
    await publish(log, tree);
    assert.equal(await codeOf(() => GrowingTree.load(log, 5)), 'audit_log_corrupt');
  });
});
