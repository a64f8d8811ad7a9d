import assert from 'node:assert/strict';
import type { LogBackend } from '../../backend.js';
import { append, type Case, doesNotAppend, recordsOf, refusesArgument } from './harness.js';
import { leafOf, sampleRecord, sampleRecords } from './samples.js';

/** The most that is held in memory of a log while it is read, and then some. */
const MOST_BYTES = 16 * 1024 * 1024;
const MOST_LEAF = 65_535;

export function appending(test: Case): void {
  test('gives back what was appended, in order', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 300);
    await append(log, records.slice(0, 1));
    await append(log, records.slice(1), 7);
    assert.equal(await log.size(), 300);
    const expected = records.map(({ leaf, hash }) => ({ leaf, hash }));
    assert.deepEqual((await recordsOf(log, 0, 300)).map(plain), expected);
  });

  test('keeps leaves of any length and any bytes', async (place) => {
    const log = await place.open();
    const lengths = [1, 2, 255, 256, 511, 512, 513, 2000, 4061, 4096, 8192, MOST_LEAF];
    const records = lengths.map((length, i) => sampleRecord(i, { leaf: leafOf(length) }));
    await append(log, records);
    const expected = records.map(({ leaf, hash }) => ({ leaf, hash }));
    assert.deepEqual((await recordsOf(log, 0, lengths.length)).map(plain), expected);
  });

  test('appends nothing when one of the records is too long', async (place) => {
    const log = await place.open();
    await append(log, sampleRecords(0, 3));
    const long = sampleRecord(4, { leaf: leafOf(MOST_LEAF + 1) });
    await refusesArgument(log.append(3, [sampleRecord(3), long, sampleRecord(5)]));
    assert.equal(await log.size(), 3);
    await append(log, sampleRecords(3, 5));
    assert.equal((await recordsOf(log, 0, 5)).length, 5);
  });

  test('appends nowhere but at the end', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 9);
    await append(log, records.slice(0, 4));
    await doesNotAppend(log, 3, [sampleRecord(100)]);
    // As many as there would be if it had been done.
    await doesNotAppend(log, 2, sampleRecords(100, 102));
    await doesNotAppend(log, 0, sampleRecords(100, 104));
    await doesNotAppend(log, 5, [sampleRecord(100)]);
    await append(log, records.slice(4));
    assert.deepEqual(await leavesOf(log, 9), textOf(records));
  });

  test('appends a large batch as a whole', async (place) => {
    const log = await place.open();
    const pattern = leafOf(1500);
    const records = sampleRecords(0, 4096, (i) => ({ leaf: pattern.slice(i % 500) }));
    await append(log, records);
    assert.equal(await log.size(), 4096);
    assert.deepEqual(await leavesOf(log, 4096), textOf(records));
  });

  test('is not reached through what went in or what came out', async (place) => {
    const log = await place.open();
    const record = sampleRecord(0);
    const given = { leaf: record.leaf.slice(), hash: record.hash.slice() };
    await append(log, [given]);
    given.leaf.fill(0);
    given.hash.fill(0);
    for (const { leaf, hash } of await recordsOf(log, 0, 1)) {
      leaf.fill(1);
      hash.fill(1);
    }
    assert.deepEqual((await recordsOf(log, 0, 1)).map(plain), [record]);
  });
}

export function reading(test: Case): void {
  test('gives any range of the records', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 777);
    await append(log, records, 50);
    const ranges = [0, 1, 49, 50, 51, 255, 256, 257, 700, 776, 777];
    for (const from of ranges) {
      for (const to of ranges.filter((end) => end >= from)) {
        const found = await recordsOf(log, from, to);
        assert.deepEqual(textOf(found), textOf(records.slice(from, to)), `${from} to ${to}`);
      }
    }
  });

  test('gives what was asked for while more is appended', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 3000);
    await append(log, records.slice(0, 2000));
    const found: string[] = [];
    let at = 2000;
    for await (const batch of log.records(0, 2000)) {
      found.push(...textOf(batch));
      await append(log, records.slice(at, ++at));
    }
    assert.deepEqual(found, textOf(records.slice(0, 2000)));
    assert.equal(await log.size(), at);
  });

  test('gives records in batches of bounded size', async (place) => {
    const log = await place.open();
    const leaf = leafOf(MOST_LEAF);
    const records = sampleRecords(0, 300, () => ({ leaf }));
    await append(log, records, 64);
    let count = 0;
    for await (const batch of log.records(0, 300)) {
      const bytes = batch.reduce((sum, { leaf }) => sum + leaf.length, 0);
      assert.ok(bytes <= MOST_BYTES, `${bytes} bytes at once`);
      count += batch.length;
    }
    assert.equal(count, 300);
  });
}

export function appendingTogether(test: Case): void {
  test('lets several writers append to one history where it is shared, and to none where it is not', async (place) => {
    const first = await place.open();
    if (!first.shared) return;
    const writers = [first, await place.open(), await place.open()];
    const got = await Promise.all(writers.map((log, n) => appendMany(log, n)));
    const size = got.flat().length;
    assert.equal(size, 3 * 20 * 2);
    for (const log of writers) {
      assert.equal(await log.size(), size);
      const expected: string[] = [];
      for (const { index, text } of got.flat()) expected[index] = text;
      assert.deepEqual(await leavesOf(log, size), expected);
    }
    for (const mine of got)
      assert.deepEqual(
        mine.map(({ index }) => index),
        [...mine.map(({ index }) => index)].sort((a, b) => a - b),
      );
  });

  test('tells a writer that was overtaken how long the log is', async (place) => {
    const one = await place.open();
    if (!one.shared) return;
    const two = await place.open();
    await append(one, sampleRecords(0, 1));
    assert.deepEqual(await two.append(0, [sampleRecord(7)]), { appended: false, size: 1 });
    assert.deepEqual(await two.append(1, [sampleRecord(1)]), { appended: true, size: 2 });
    assert.deepEqual(await one.append(1, [sampleRecord(8)]), { appended: false, size: 2 });
    assert.deepEqual(await leavesOf(one, 2), textOf(sampleRecords(0, 2)));
  });
}

/** Appends twenty batches of two, each again until it is there. */
async function appendMany(log: LogBackend, writer: number): Promise<{ index: number; text: string }[]> {
  const mine: { index: number; text: string }[] = [];
  let at = 0;
  for (let n = 0; n < 20; ) {
    const records = [0, 1].map((i) => sampleRecord(0, { leaf: Buffer.from(`${writer}.${n}.${i}`) }));
    const { appended, size } = await log.append(at, records);
    if (appended) {
      mine.push(...textOf(records).map((text, i) => ({ index: at + i, text })));
      n++;
    }
    at = size;
  }
  return mine;
}

async function leavesOf(log: LogBackend, size: number): Promise<string[]> {
  return textOf(await recordsOf(log, 0, size));
}

function textOf(records: readonly { readonly leaf: Uint8Array }[]): string[] {
  return records.map(({ leaf }) => Buffer.from(leaf).toString('latin1'));
}

/** Without what tells a Buffer from an array of bytes. */
const plain = ({ leaf, hash }: { leaf: Uint8Array; hash: Uint8Array }) => ({
  leaf: new Uint8Array(leaf),
  hash: new Uint8Array(hash),
});
