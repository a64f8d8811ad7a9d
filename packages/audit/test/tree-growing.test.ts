/** A tree that grows beside the appends, as far as one publication may carry. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
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

/** Notes which records were read back. */
class Reading extends MemoryLogBackend {
  readonly read = new Set<number>();

  override async *records(from: number, to: number) {
    let at = from;
    for await (const records of super.records(from, to)) {
      for (const _ of records) this.read.add(at++);
      yield records;
    }
  }
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

  it('holds the same whoever appended what, and reads back only what others did', async () => {
    const runs = fc.array(
      fc.record({ own: fc.boolean(), count: fc.integer({ min: 1, max: 300 }), grows: fc.boolean() }),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(runs, fc.boolean(), async (parts, alwaysGrows) => {
        const log = new Reading();
        await log.open();
        const tree = await GrowingTree.load(log, 0);
        const others = new Set<number>();
        let size = 0;
        for (const { own, count, grows } of parts) {
          const records = sampleRecords(size, size + count);
          await append(log, records);
          if (own) tree.recent.add(size, records);
          else for (let i = size; i < size + count; i++) others.add(i);
          size += count;
          if (grows || alwaysGrows) await tree.grow(size);
        }
        await tree.growTo(size);
        if (alwaysGrows) assert.deepEqual(log.read, others);
        const plain = await GrowingTree.load(log, 0);
        await plain.growTo(size);
        assert.deepEqual(tree.root(), plain.root());
      }),
      { numRuns: 50 },
    );
  });

  it('holds what was acknowledged, whatever has become of it in the log since', async () => {
    const log = await logOf([...sampleRecords(0, 2), ...sampleRecords(9, 10)]);
    const [tree, honest] = [
      await GrowingTree.load(log, 0),
      await GrowingTree.load(await logOf(sampleRecords(0, 3)), 0),
    ];
    tree.recent.add(0, sampleRecords(0, 3));
    await tree.growTo(3);
    await honest.growTo(3);
    assert.deepEqual(tree.root(), honest.root());
  });
});
