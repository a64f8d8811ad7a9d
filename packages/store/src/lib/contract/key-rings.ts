import assert from 'node:assert/strict';

/** What the contract asks of a ring; `KeyRing` of @stele/crypto, with a way to end it. */
export interface KeyRingToTest {
  load(): Promise<{ readonly version: number; readonly state: string } | undefined>;
  save(expectedVersion: number | undefined, state: string): Promise<boolean>;
  close?(): Promise<void>;
}

/** Registers one test, which gets two handles on one ring that is empty. */
export type KeyRingCase = (
  title: string,
  body: (ring: KeyRingToTest, other: KeyRingToTest) => Promise<void>,
) => void;

export function keepingKeyRings(test: KeyRingCase): void {
  test('is empty at first', async (ring) => {
    assert.equal(await ring.load(), undefined);
  });

  test('numbers its states from 1, one by one', async (ring, other) => {
    for (let version = 1; version <= 5; version++) {
      assert.equal(await ring.save(version === 1 ? undefined : version - 1, `"${version}"`), true);
      assert.deepEqual({ ...(await ring.load()) }, { version, state: `"${version}"` });
      assert.deepEqual({ ...(await other.load()) }, { version, state: `"${version}"` });
    }
  });

  test('is begun only once', async (ring, other) => {
    assert.equal(await ring.save(undefined, '"one"'), true);
    assert.equal(await other.save(undefined, '"other"'), false);
    assert.equal(await ring.save(undefined, '"again"'), false);
    assert.equal((await other.load())?.state, '"one"');
  });

  test('changes nothing when another version is expected', async (ring, other) => {
    for (const version of [0, 1, 2, 7]) assert.equal(await ring.save(version, '"early"'), false);
    assert.equal(await ring.load(), undefined);
    assert.equal(await ring.save(undefined, '"1"'), true);
    assert.equal(await other.save(1, '"2"'), true);
    for (const version of [0, 1, 3, 4, 1_000]) assert.equal(await ring.save(version, '"wrong"'), false);
    assert.deepEqual({ ...(await ring.load()) }, { version: 2, state: '"2"' });
  });

  test('lets exactly one of many win', async (ring, other) => {
    assert.equal(await ring.save(undefined, '"0"'), true);
    for (let version = 1; version <= 10; version++) {
      const saves = Array.from({ length: 10 }, (_, i) => (i % 2 ? ring : other).save(version, `"${i}"`));
      const won = await Promise.all(saves);
      assert.equal(won.filter(Boolean).length, 1);
      assert.deepEqual({ ...(await ring.load()) }, { version: version + 1, state: `"${won.indexOf(true)}"` });
    }
  });

  test('keeps any text, and one of 16 MiB', async (ring, other) => {
    const texts = [
      '{}',
      '"\u0000 \u{10ffff} é …"',
      ' ',
      `"${'…'.repeat(1_000_000)}"`,
      'x'.repeat(16 * 1024 * 1024),
    ];
    for (const [i, text] of texts.entries()) {
      assert.equal(await ring.save(i === 0 ? undefined : i, text), true);
      assert.equal((await other.load())?.state, text);
    }
  });

  test('refuses an empty text, and one that is longer', async (ring) => {
    for (const text of ['', 'x'.repeat(16 * 1024 * 1024 + 1), '…'.repeat(6_000_000)]) {
      await assert.rejects(ring.save(undefined, text), RangeError);
    }
    assert.equal(await ring.load(), undefined);
  });
}
