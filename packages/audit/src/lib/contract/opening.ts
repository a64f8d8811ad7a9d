import assert from 'node:assert/strict';
import type { LogBackend, LogTile } from '../../backend.js';
import { append, bytesOf, type Case, recordsOf, rejectsWith, sealedOf } from './harness.js';
import { publicationOf, sampleRecord, sampleRecords } from './samples.js';

export function opening(test: Case): void {
  test('begins empty', async (place) => {
    const log = place.backend();
    assert.deepEqual(await log.open(), { size: 0, cutBytes: 0 });
    assert.equal(await log.size(), 0);
    assert.equal(await log.first(), 0);
    assert.equal(await log.checkpoint(), undefined);
    assert.equal(await log.tile(0, 0, 1), undefined);
    assert.equal(await log.entries(0, 1), undefined);
    assert.equal(await sealedOf(log, 0), undefined);
    assert.deepEqual(await recordsOf(log, 0, 0), []);
    assert.deepEqual(await log.unsettled(), []);
    assert.ok(log.name.length > 0);
  });

  test('finds everything again when it is opened anew', async (place) => {
    const before = await place.open();
    const records = sampleRecords(0, 600, (i) => ({
      sealed: i % 5 === 0 ? Uint8Array.of(i % 256) : undefined,
    }));
    await append(before, records.slice(0, 500));
    const publication = publicationOf(records, 400);
    assert.equal(await before.publish(publication), true);
    await append(before, records.slice(500));
    await before.close();
    const log = place.backend();
    assert.deepEqual(await log.open(), { size: 600, cutBytes: 0 });
    assert.equal(await log.checkpoint(), publication.checkpoint);
    assert.equal((await recordsOf(log, 400, 600)).length, 200);
    const [second] = publication.tiles.filter((tile) => tile.index === 1 && tile.level === 0);
    assert.deepEqual(bytesOf(await log.tile(0, 1, 144)), (second as LogTile).bytes);
    assert.deepEqual(bytesOf(await sealedOf(log, 595)), Uint8Array.of(595 % 256));
    await append(log, [sampleRecord(600)]);
    assert.equal(await log.size(), 601);
  });

  test('refuses a second writer until the first has given the log back, unless it is shared', async (place) => {
    const first = await place.open();
    const second = place.backend();
    if (first.shared) {
      assert.deepEqual(await second.open(), { size: 0, cutBytes: 0 });
      return;
    }
    await append(first, [sampleRecord(0)]);
    await rejectsWith(second.open(), 'audit_log_locked');
    await rejectsWith(place.open(), 'audit_log_locked');
    await append(first, [sampleRecord(1)]);
    await first.close();
    const third = place.backend();
    assert.deepEqual(await third.open(), { size: 2, cutBytes: 0 });
    await rejectsWith(place.open(), 'audit_log_locked');
  });
}

export function closing(test: Case): void {
  test('can be closed twice, and without having been opened', async (place) => {
    const log = await place.open();
    await log.close();
    await log.close();
    await place.backend().close();
  });

  test('refuses everything before it is opened', async (place) => {
    const log = place.backend();
    for (const use of USES) await rejectsWith(use(log), 'audit_log_closed');
  });

  test('refuses everything after it was closed, and is not opened again', async (place) => {
    const log = await place.open();
    await append(log, sampleRecords(0, 300));
    await log.publish(publicationOf(sampleRecords(0, 300), 300));
    await log.close();
    for (const use of USES) await rejectsWith(use(log), 'audit_log_closed');
    await rejectsWith(log.open(), 'audit_log_closed');
    assert.equal(await (await place.open()).size(), 300);
  });
}

const USES: readonly ((log: LogBackend) => Promise<unknown>)[] = [
  (log) => log.append(300, [sampleRecord(300)]),
  (log) => log.size(),
  (log) => recordsOf(log, 0, 1),
  (log) => log.publish(publicationOf(sampleRecords(0, 300), 300)),
  (log) => log.unsettled(),
  (log) => log.prune(256),
  async (log) => {
    if (log.stage === undefined) await log.size();
    else await log.stage([]);
  },
  (log) => log.checkpoint(),
  (log) => log.tile(0, 0, 1),
  (log) => log.entries(0, 1),
  (log) => log.first(),
  (log) => sealedOf(log, 0),
];
