import assert from 'node:assert/strict';
import type { LogTile } from '../../backend.js';
import { append, bytesOf, type Case, recordsOf, refusesArgument, sealedOf } from './harness.js';
import { bundleOf, publicationOf, sampleRecords, tilesBetween } from './samples.js';

export function pruning(test: Case): void {
  test('removes whole tiles and bundles below an index, with their sealed values', async (place) => {
    const before = await place.open();
    const records = sampleRecords(0, 1100, (i) => ({ sealed: Uint8Array.of(i % 251) }));
    await append(before, records);
    await before.publish(publicationOf(records, 1050));
    await before.prune(512);
    await before.close();
    const log = await place.open();
    assert.deepEqual([await log.first(), await log.size()], [512, 1100]);
    for (const index of [0, 1]) {
      for (const width of [1, 255, 256]) {
        assert.equal(await log.tile(0, index, width), undefined);
        assert.equal(await log.entries(index, width), undefined);
      }
    }
    for (const [index, width] of [
      [2, 256],
      [3, 256],
      [4, 26],
    ] as const) {
      const range = records.slice(index * 256, index * 256 + width);
      assert.deepEqual(bytesOf(await log.entries(index, width)), bundleOf(range));
      assert.equal(bytesOf(await log.tile(0, index, width)).length, width * 32);
    }
    // Their roots are what proofs of the rest are made of.
    const [roots] = tilesBetween(records, 0, 1050).filter(({ level }) => level === 1);
    assert.deepEqual(bytesOf(await log.tile(1, 0, 4)), (roots as LogTile).bytes);
    assert.deepEqual([await sealedOf(log, 0), await sealedOf(log, 511)], [undefined, undefined]);
    assert.deepEqual(bytesOf(await sealedOf(log, 512)), Uint8Array.of(512 % 251));
    assert.equal((await recordsOf(log, 1050, 1100)).length, 50);
  });

  test('goes on after it was pruned, and is pruned again', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 900);
    await append(log, records.slice(0, 600));
    const first = publicationOf(records, 600);
    await log.publish(first);
    await log.prune(256);
    await append(log, records.slice(600));
    await log.publish(publicationOf(records, 900, first));
    await log.prune(256);
    await log.prune(0);
    assert.equal(await log.first(), 256);
    await log.prune(768);
    assert.equal(await log.first(), 768);
    assert.equal(await log.entries(2, 256), undefined);
    assert.deepEqual(bytesOf(await log.entries(3, 132)), bundleOf(records.slice(768)));
  });

  test('prunes nothing but whole tiles, and nothing that is not published', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 600);
    await append(log, records);
    await assert.rejects(log.prune(256));
    await log.publish(publicationOf(records, 500));
    for (const index of [1, 255, 257, -256, 0.5, Number.NaN]) await refusesArgument(log.prune(index));
    await assert.rejects(log.prune(512));
    assert.equal(await log.first(), 0);
    assert.deepEqual(bytesOf(await log.entries(0, 256)), bundleOf(records.slice(0, 256)));
  });
}

/** So long that a third level begins, and so many permits that not all of them are told of at once. */
const LONG = 65_536 + 300;

export function beingLong(test: Case): void {
  test('keeps tiles of three levels, tells of 65,536 permits at once, and prunes a whole tile of roots', async (place) => {
    const before = await place.open();
    const records = sampleRecords(0, LONG, (i) => ({ opens: i > 0 }));
    await append(before, records);
    const publication = publicationOf(records, LONG);
    const { tiles } = publication;
    assert.equal(await before.publish(publication), true);
    await before.close();
    const log = await place.open();
    assert.equal(await log.size(), LONG);
    const unsettled = await log.unsettled();
    assert.deepEqual([unsettled.length, unsettled[0], unsettled.at(-1)], [65_536, 1, 65_536]);
    const expected = (level: number) =>
      (tiles.find((tile) => tile.level === level && tile.index === 0) as LogTile).bytes;
    assert.deepEqual(bytesOf(await log.tile(1, 0, 256)), expected(1));
    assert.deepEqual(bytesOf(await log.tile(2, 0, 1)), expected(2));
    await log.prune(65_280);
    assert.deepEqual([await log.tile(0, 254, 1), await log.entries(254, 256)], [undefined, undefined]);
    assert.deepEqual(bytesOf(await log.tile(1, 0, 256)), expected(1));
    await log.prune(65_536);
    assert.deepEqual([await log.tile(0, 255, 256), await log.tile(1, 0, 256)], [undefined, undefined]);
    assert.deepEqual(bytesOf(await log.tile(2, 0, 1)), expected(2));
    assert.equal(bytesOf(await log.tile(1, 1, 1)).length, 32);
    assert.deepEqual(bytesOf(await log.entries(256, 256)), bundleOf(records.slice(65_536, 65_792)));
  });
}
