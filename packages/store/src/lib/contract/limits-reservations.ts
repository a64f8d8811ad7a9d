import assert from 'node:assert/strict';
import { charge, idOf, isUnavailable, type LimitCase, refusalOf } from './limits-harness.js';

/** What becomes of reservations. */
export function keepingReservations(test: LimitCase): void {
  test('counts a reservation before it is committed', async (t) => {
    await t.take({ amount: 1 });
    assert.ok(!(await t.fits({ amount: 1 })));
  });

  test('gives back once', async (t) => {
    const [first] = [await t.take(), await t.take(), await t.take()];
    await t.limits.release(first);
    await t.limits.release(first);
    assert.deepEqual((await t.charge()).remaining, [0]);
    assert.ok(!(await t.fits()));
  });

  test('gives back in part, and then the rest is final', async (t) => {
    const both = ['a', 'b', 'c'].map((key) => charge({ key, amount: 1 }));
    const id = idOf(await t.limits.reserve(both));
    await t.limits.release(id, [1, 7, -1]);
    await t.limits.release(id);
    const fits = await Promise.all(['a', 'b', 'c'].map((key) => t.fits({ key, amount: 1 })));
    assert.deepEqual(fits, [false, true, false]);
  });

  test('gives back nothing for an empty list, which makes all final', async (t) => {
    const id = await t.take({ amount: 1 });
    await t.limits.release(id, []);
    await t.limits.release(id);
    assert.ok(!(await t.fits({ amount: 1 })));
  });

  test('gives back one of two charges to one key', async (t) => {
    const id = idOf(await t.limits.reserve([charge({ cost: 0.5 }), charge({ cost: 1.25 })]));
    await t.limits.release(id, [1]);
    assert.deepEqual((await t.charge({ cost: 2.5 })).remaining, [0]);
  });

  test('gives nothing back once committed', async (t) => {
    const ids = [await t.take(), await t.take(), await t.take()];
    for (const id of ids) {
      await t.limits.commit(id);
      await t.limits.commit(id);
      await t.limits.release(id);
    }
    assert.ok(!(await t.fits()));
  });

  test('commits what has expired, to the millisecond', async (t) => {
    const ids = [await t.take({}, 10), await t.take({}, 10), await t.take({}, 11)];
    t.clock.at(10);
    for (const id of ids) await t.limits.release(id);
    assert.ok(await t.fits());
    assert.ok(!(await t.fits()));
  });

  test('holds a reservation for ten minutes if nothing is said', async (t) => {
    const hour = { amount: 2, periodMs: 3_600_000 };
    const ids = [await t.take(hour)];
    t.clock.at(1);
    ids.push(await t.take(hour));
    t.clock.at(600_000);
    for (const id of ids) await t.limits.release(id);
    assert.ok(await t.fits(hour));
    assert.ok(!(await t.fits(hour)));
  });

  test('gives nothing back of what has passed', async (t) => {
    const id = await t.take();
    t.clock.at(1000);
    await t.take();
    await t.limits.release(id);
    assert.deepEqual((await t.charge()).remaining, [1]);
  });

  test('gives nothing back of a charge whose key has begun anew', async (t) => {
    const old = await t.take();
    t.clock.at(2000);
    for (let i = 0; i < 3; i++) await t.take({ key: `${i}` });
    for (let i = 0; i < 3; i++) await t.take();
    await t.limits.release(old);
    assert.ok(!(await t.fits()));
  });

  test('keeps what others charged in the same millisecond', async (t) => {
    const [mine] = [await t.take({ amount: 1, cost: 0.125 }), await t.take({ amount: 1, cost: 0.5 })];
    await t.limits.release(mine);
    assert.deepEqual((await t.charge({ amount: 1, cost: 0.5 })).remaining, [0]);
  });

  test('leaves nothing behind when all is given back', async (t) => {
    await t.limits.release(await t.take({ amount: 1, cost: 0.125 }));
    assert.deepEqual((await t.charge({ amount: 1 })).remaining, [0]);
  });

  test('ignores ids that it does not know', async (t) => {
    await t.take({ amount: 1 });
    for (const id of ['', 'none', '0', '1e0', "' OR 1=1 --", '__proto__', '\0']) {
      await t.limits.commit(id);
      await t.limits.release(id);
      await t.limits.release(id, [0]);
    }
    assert.ok(!(await t.fits({ amount: 1 })));
  });
}

/** What it does when it is full. */
export function keepingBounds(test: LimitCase): void {
  test(
    'drops keys that have passed, and is unavailable while all are in use',
    async (t) => {
      assert.ok(await t.fits({ key: 'a' }));
      const b = await t.take({ key: 'b' });
      await isUnavailable(t.charge({ key: 'c' }));
      assert.ok(await t.fits({ key: 'a' }));
      // A cost of 0 takes no room, and a refusal neither.
      assert.ok(await t.fits({ key: 'd', cost: 0 }));
      assert.ok(!(await t.fits({ key: 'd', cost: 4 })));
      await t.limits.release(b);
      assert.ok(await t.fits({ key: 'c' }));
      await isUnavailable(t.limits.reserve([charge({ key: 'a' }), charge({ key: 'd' })]));
      assert.deepEqual((await t.charge({ key: 'a' })).remaining, [0]);
      t.clock.at(1000);
      idOf(await t.limits.reserve([charge({ key: 'x' }), charge({ key: 'y' })]));
      await isUnavailable(t.charge({ key: 'z' }));
    },
    { maxKeys: 2 },
  );

  test(
    'drops reservations that have expired, and is unavailable while all are open',
    async (t) => {
      await t.take({}, 10);
      const second = await t.take({}, 20);
      await isUnavailable(t.charge());
      t.clock.at(10);
      await t.take({}, 20);
      await isUnavailable(t.charge({ key: 'other' }));
      await t.limits.commit(second);
      await t.take({ key: 'other' });
    },
    { maxPending: 2 },
  );

  test(
    'merges charges, which never permits more, and refuses early by a part in four at most',
    async (t) => {
      // 16 entries at most, so that four parts in sixteen may be refused early.
      const amount = 20_000;
      const times: number[] = [];
      let least = amount;
      for (let ms = 0; ms < 900; ms += 1) {
        t.clock.at(ms);
        const answer = await t.charge({ amount, cost: 100, periodMs: 300 });
        const used = times.filter((time) => time > ms - 300).length * 100;
        if (answer.ok) {
          assert.ok(used + 100 <= amount);
          times.push(ms);
        } else {
          least = Math.min(least, used);
        }
      }
      assert.ok(
        times.length > 200 && least >= (amount * 3) / 4,
        `${times.length} charges, refused at ${least}`,
      );
    },
    { maxEntriesPerKey: 16 },
  );

  test(
    'gives back what has been merged',
    async (t) => {
      const ids: string[] = [];
      for (let ms = 0; ms < 200; ms++) {
        t.clock.at(ms);
        ids.push(await t.take({ amount: 20_000, cost: 100 }));
      }
      assert.ok(!(await t.fits({ amount: 20_000 })));
      for (const id of ids.slice(0, 100)) await t.limits.release(id);
      assert.deepEqual(refusalOf(await t.charge({ amount: 20_000, cost: 10_001 })).remaining, [10_000]);
      t.clock.at(5000);
      for (const id of ids) await t.limits.release(id);
      assert.deepEqual((await t.charge({ amount: 20_000 })).remaining, [19_999]);
    },
    { maxEntriesPerKey: 16 },
  );
}
