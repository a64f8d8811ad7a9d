import assert from 'node:assert/strict';
import { append, type Case } from './harness.js';
import { sampleRecord, sampleRecords } from './samples.js';

export function keepingPermits(test: Case): void {
  test('tells of permits without an outcome when their writer is gone', async (place) => {
    const before = await place.open();
    const opens = new Set([1, 3, 4, 7, 9]);
    await append(
      before,
      sampleRecords(0, 10, (i) => ({ opens: opens.has(i) })),
    );
    await append(before, [sampleRecord(10, { closes: 3 }), sampleRecord(11, { closes: 9, opens: false })]);
    assert.deepEqual(await before.unsettled(), []);
    await before.close();
    const log = await place.open();
    assert.deepEqual(await log.unsettled(), [1, 4, 7]);
    assert.deepEqual(await log.unsettled(), [1, 4, 7]);
  });

  test('forgets a permit whose outcome is appended', async (place) => {
    const before = await place.open();
    await append(
      before,
      sampleRecords(0, 4, () => ({ opens: true })),
    );
    await before.close();
    const between = await place.open();
    assert.deepEqual(await between.unsettled(), [0, 1, 2, 3]);
    await append(between, [sampleRecord(4, { closes: 2 }), sampleRecord(5, { closes: 0 })]);
    assert.deepEqual(await between.unsettled(), [1, 3]);
    await between.close();
    const log = await place.open();
    assert.deepEqual(await log.unsettled(), [1, 3]);
    await append(log, [sampleRecord(6, { closes: 1 }), sampleRecord(7, { closes: 3 })]);
    assert.deepEqual(await log.unsettled(), []);
    await log.close();
    assert.deepEqual(await (await place.open()).unsettled(), []);
  });

  test('settles a permit within one batch, and takes a second outcome and one of nothing', async (place) => {
    const before = await place.open();
    await append(before, [
      sampleRecord(0, { opens: true }),
      sampleRecord(1, { closes: 0 }),
      sampleRecord(2, { closes: 0 }),
      sampleRecord(3, { opens: true }),
      sampleRecord(4, { closes: 2 }),
    ]);
    await append(before, [sampleRecord(5, { closes: 4 })]);
    await before.close();
    assert.deepEqual(await (await place.open()).unsettled(), [3]);
  });

  test('tells one writer of the permits of another that is gone, and of none that lives', async (place) => {
    const one = await place.open();
    if (!one.shared) return;
    const two = await place.open();
    await append(
      one,
      sampleRecords(0, 2, () => ({ opens: true })),
    );
    await append(
      two,
      sampleRecords(2, 4, () => ({ opens: true })),
    );
    assert.deepEqual([await one.unsettled(), await two.unsettled()], [[], []]);
    await one.close();
    assert.deepEqual(await two.unsettled(), [0, 1]);
    // They are another's to settle now, as long as it lives.
    const three = await place.open();
    assert.deepEqual(await three.unsettled(), []);
    await append(two, [sampleRecord(4, { closes: 1 })]);
    await two.close();
    assert.deepEqual(await three.unsettled(), [0, 2, 3]);
  });
}
