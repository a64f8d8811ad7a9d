import assert from 'node:assert/strict';
import type { LogBackend, LogRecord, Publication } from '../../backend.js';
import { append, bytesOf, type Case, recordsOf, refusesArgument, sealedOf } from './harness.js';
import { bundleOf, publicationOf, sampleRecords, tilesBetween } from './samples.js';

export function publishing(test: Case): void {
  test('shows nothing of what was appended before it is published', async (place) => {
    const log = await place.open();
    await append(log, sampleRecords(0, 300));
    assert.equal(await log.checkpoint(), undefined);
    assert.equal(await log.tile(0, 0, 1), undefined);
    assert.equal(await log.entries(0, 1), undefined);
  });

  test('shows what was published, as it grows', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 1100);
    let before: Publication | undefined;
    for (const size of [1, 2, 255, 256, 257, 511, 512, 1024, 1100]) {
      await append(log, records.slice(before?.size ?? 0, size));
      const publication = publicationOf(records, size, before);
      assert.equal(await log.publish(publication), true);
      assert.equal(await log.checkpoint(), publication.checkpoint);
      await shows(log, records, size);
      before = publication;
    }
  });

  test('shows no more than the checkpoint covers', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 700);
    await append(log, records);
    const first = publicationOf(records, 300);
    assert.equal(await log.publish(first), true);
    await shows(log, records, 300);
    assert.equal(await log.tile(0, 1, 45), undefined);
    assert.equal(await log.entries(1, 45), undefined);
    assert.equal(await log.entries(2, 1), undefined);
    assert.equal((await recordsOf(log, 300, 700)).length, 400);
    assert.equal(await log.publish(publicationOf(records, 700, first)), true);
    await shows(log, records, 700);
  });

  test('shows tiles that were staged when they are published, and not before', async (place) => {
    const before = await place.open();
    const { stage } = before;
    if (stage === undefined) return;
    const records = sampleRecords(0, 600);
    await append(before, records);
    const first = publicationOf(records, 300);
    await before.publish(first);
    const next = publicationOf(records, 600, first);
    for (const tile of [...next.tiles, ...next.tiles]) await stage.call(before, [tile]);
    await shows(before, records, 300);
    await before.close();
    const log = await place.open();
    await shows(log, records, 300);
    assert.ok(log.stage !== undefined, 'it can still be staged to');
    await log.stage(next.tiles.slice(1));
    assert.equal(await log.publish({ ...next, tiles: next.tiles.slice(0, 1) }), true);
    await shows(log, records, 600);
  });

  test('replaces a checkpoint by another of the same tree', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 5);
    await append(log, records);
    const first = publicationOf(records, 5);
    await log.publish(first);
    const checkpoint = `${first.checkpoint}— witness.example ${'A'.repeat(96)}\n`;
    assert.equal(await log.publish({ before: first.checkpoint, checkpoint, size: 5, tiles: [] }), true);
    assert.equal(await log.checkpoint(), checkpoint);
    await shows(log, records, 5);
  });

  test('publishes only over the checkpoint that it was made after', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 300);
    await append(log, records);
    const first = publicationOf(records, 100);
    await doesNotPublish(log, { ...first, before: 'another' });
    assert.equal(await log.tile(0, 0, 1), undefined);
    assert.equal(await log.publish(first), true);
    const next = publicationOf(records, 300, first);
    await doesNotPublish(log, { ...next, before: undefined });
    await doesNotPublish(log, { ...next, before: `${first.checkpoint}\n` });
    await doesNotPublish(log, { ...next, before: next.checkpoint });
    await shows(log, records, 100);
    assert.equal(await log.tile(0, 0, 101), undefined);
    assert.equal(await log.publish(next), true);
    await shows(log, records, 300);
  });

  test('publishes nothing that is not durable', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 20);
    await append(log, records.slice(0, 10));
    await assert.rejects(log.publish(publicationOf(records, 11)));
    assert.equal(await log.checkpoint(), undefined);
    assert.equal(await log.publish(publicationOf(records, 10)), true);
  });

  test('never goes back to a smaller tree', async (place) => {
    const log = await place.open();
    const records = sampleRecords(0, 20);
    await append(log, records);
    const first = publicationOf(records, 20);
    await log.publish(first);
    await assert.rejects(log.publish({ ...publicationOf(records, 19), before: first.checkpoint }));
    assert.equal(await log.checkpoint(), first.checkpoint);
    await shows(log, records, 20);
  });

  test('lets one of several writers publish, where it is shared', async (place) => {
    const log = await place.open();
    if (!log.shared) return;
    const others = [await place.open(), await place.open()];
    const records = sampleRecords(0, 30);
    await append(log, records);
    const answers = await Promise.all(
      [log, ...others].map((writer, i) => writer.publish(publicationOf(records, 10 + i))),
    );
    assert.equal(answers.filter(Boolean).length, 1);
    const size = 10 + answers.indexOf(true);
    for (const writer of [log, ...others]) await shows(writer, records, size);
  });

  test('refuses what is no tile', async (place) => {
    const log = await place.open();
    for (const width of [0, -1, 257, 1.5, Number.NaN]) {
      await refusesArgument(log.tile(0, 0, width));
      await refusesArgument(log.entries(0, width));
    }
    for (const index of [-1, 0.5, Number.NaN, 2 ** 53]) {
      await refusesArgument(log.tile(0, index, 1));
      await refusesArgument(log.entries(index, 1));
    }
    for (const level of [-1, 64, 0.5]) await refusesArgument(log.tile(level, 0, 1));
  });
}

export function sealing(test: Case): void {
  test('keeps sealed values beside the entries', async (place) => {
    const log = await place.open();
    const sealed = [undefined, Uint8Array.of(1, 2, 3), new Uint8Array(1_048_576).fill(7), undefined];
    const records = sampleRecords(0, 4, (i) => ({ sealed: sealed[i] }));
    await append(log, records);
    const givesThem = async () => {
      for (const [i, values] of sealed.entries()) {
        const found = await sealedOf(log, i);
        assert.deepEqual(found && new Uint8Array(found), values);
      }
      assert.equal(await sealedOf(log, 4), undefined);
    };
    await givesThem();
    await log.publish(publicationOf(records, 4));
    await givesThem();
    assert.deepEqual(bytesOf(await log.entries(0, 4)), bundleOf(records));
  });
}

/** Asserts that every tile and bundle of a tree is there, in each of its widths, and that none is wider. */
export async function shows(log: LogBackend, records: readonly LogRecord[], size: number): Promise<void> {
  for (const { level, index, width, bytes } of tilesBetween(records, 0, size)) {
    const read = (n: number) => (level === 'entries' ? log.entries(index, n) : log.tile(level, index, n));
    const what = `tile ${level}/${index} of ${size}`;
    for (const part of new Set([1, Math.ceil(width / 2), width])) {
      const expected =
        level === 'entries'
          ? bundleOf(records.slice(index * 256, index * 256 + part))
          : bytes.slice(0, part * 32);
      const found = await read(part);
      assert.ok(found !== undefined && Buffer.compare(found, expected) === 0, `${what}, width ${part}`);
    }
    if (width < 256) assert.equal(await read(width + 1), undefined, `${what} is no wider than ${width}`);
  }
}

/** Of a log that is not shared nobody else can have published: whoever says otherwise may be told so. */
async function doesNotPublish(log: LogBackend, publication: Publication): Promise<void> {
  const before = await log.checkpoint();
  const done = log.publish(publication);
  assert.equal(await (log.shared ? done : done.catch(() => false)), false);
  assert.equal(await log.checkpoint(), before);
}
