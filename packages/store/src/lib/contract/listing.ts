import assert from 'node:assert/strict';
import type { CovenantDocument } from '@stele/core';
import type { CovenantFilter, CovenantStore } from '../../covenant-store.js';
import { type Case, collect, rejectsWith, spoil } from './harness.js';
import { keysOf, NOBODY, sampleCovenant, sampleCovenants } from './samples.js';

const idsOf = (documents: readonly CovenantDocument[]) => documents.map(({ id }) => id);
const sortedIds = (documents: readonly CovenantDocument[]) => idsOf(documents).sort();

async function stored(store: CovenantStore, count: number, issuer?: string): Promise<CovenantDocument[]> {
  const documents = await sampleCovenants(count, issuer);
  await Promise.all(documents.map((document) => store.put(document)));
  return documents;
}

/** Every page, one after the other. */
async function pages(
  store: CovenantStore,
  options: CovenantFilter & { limit: number },
): Promise<CovenantDocument[][]> {
  const found: CovenantDocument[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list({ ...options, cursor });
    assert.ok(page.items.length <= options.limit);
    found.push(page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

export function listing(test: Case): void {
  test('lists an empty store', async (store) => {
    assert.deepEqual(await store.list(), { items: [] });
    assert.deepEqual(await collect(store.iterate()), []);
  });

  test('lists in order of the ids, whole documents', async (store) => {
    const documents = await stored(store, 9);
    const { items, nextCursor } = await store.list();
    assert.deepEqual(idsOf(items), sortedIds(documents));
    assert.equal(nextCursor, undefined);
    assert.deepEqual(
      items[0],
      documents.find(({ id }) => id === items[0]?.id),
    );
    assert.deepEqual(await collect(store.iterate()), items);
  });

  test('gives each covenant exactly once over the pages', async (store) => {
    const documents = await stored(store, 7);
    for (const limit of [1, 2, 3, 6, 7, 8]) {
      const found = await pages(store, { limit });
      assert.deepEqual(idsOf(found.flat()), sortedIds(documents));
      assert.equal(found.length, Math.ceil(7 / limit));
    }
  });

  test('lists more than 100 only when asked, and iterates over all', async (store) => {
    const documents = await stored(store, 105);
    assert.equal((await store.list()).items.length, 100);
    assert.equal((await store.list({ limit: 1000 })).items.length, 105);
    assert.deepEqual(idsOf(await collect(store.iterate())), sortedIds(documents));
  });

  test('lets an iteration stop early', async (store) => {
    await stored(store, 3);
    for await (const document of store.iterate()) {
      assert.ok(document.id);
      break;
    }
    assert.equal(await store.count(), 3);
  });

  test('goes on after a covenant that was deleted between two pages', async (store) => {
    const documents = await stored(store, 4);
    const first = await store.list({ limit: 2 });
    await store.delete(first.nextCursor as string);
    const second = await store.list({ limit: 2, cursor: first.nextCursor });
    assert.deepEqual(idsOf([...first.items, ...second.items]), sortedIds(documents));
  });

  test('filters by issuer, beneficiary and parent, alone and together', async (store) => {
    const parent = await sampleCovenant('ada', 'bot', { delegation: { maxDepth: 1 } });
    const child = await sampleCovenant('bot', 'worker', { parent });
    const other = await sampleCovenant('eve', 'bot');
    for (const document of [parent, child, other]) await store.put(document);
    const [ada, bot, worker] = await Promise.all(
      ['ada', 'bot', 'worker'].map(async (name) => (await keysOf(name)).did),
    );
    const expected: [CovenantFilter, CovenantDocument[]][] = [
      [{}, [parent, child, other]],
      [{ issuer: undefined }, [parent, child, other]],
      [{ issuer: ada }, [parent]],
      [{ issuer: bot }, [child]],
      [{ beneficiary: bot }, [parent, other]],
      [{ beneficiary: worker }, [child]],
      [{ parent: parent.id }, [child]],
      [{ issuer: ada, beneficiary: worker }, []],
      [{ issuer: bot, beneficiary: worker, parent: parent.id }, [child]],
      [{ issuer: '__proto__' }, []],
      [{ parent: '' }, []],
    ];
    for (const [filter, documents] of expected) {
      assert.deepEqual(idsOf((await store.list(filter)).items), sortedIds(documents), JSON.stringify(filter));
      assert.deepEqual(idsOf(await collect(store.iterate(filter))), sortedIds(documents));
      assert.equal(await store.count(filter), documents.length);
    }
  });

  test('filters by tag, where tags are an array of at most 16 strings', async (store) => {
    const tagged = (tags: unknown) => sampleCovenant('ada', 'bot', { metadata: { tags } });
    const both = await tagged(['eu', 'high risk', 'eu']);
    const one = await tagged(['eu']);
    const most = await tagged(Array.from({ length: 16 }, (_, n) => `t${n}`));
    const none = await Promise.all(
      [undefined, 'eu', { 0: 'eu' }, ['eu', 1], Array.from({ length: 17 }, () => 'eu')]
        .filter((tags) => tags !== undefined)
        .map(tagged),
    );
    for (const document of [both, one, most, ...none]) await store.put(document);
    const expected: [CovenantFilter, CovenantDocument[]][] = [
      [{ tag: 'eu' }, [both, one]],
      [{ tag: 'high risk' }, [both]],
      [{ tag: 't15' }, [most]],
      [{ tag: 'EU' }, []],
      [{ tag: '' }, []],
      [{ tag: 'e\ud800' }, []],
      [{ tag: 'eu', issuer: (await keysOf('ada')).did }, [both, one]],
      [{ tag: 'eu', issuer: (await keysOf('eve')).did }, []],
    ];
    for (const [filter, documents] of expected) {
      assert.deepEqual(idsOf((await store.list(filter)).items), sortedIds(documents), JSON.stringify(filter));
      assert.equal(await store.count(filter), documents.length);
    }
    await store.delete(one.id);
    assert.equal(await store.count({ tag: 'eu' }), 1);
    await store.put(one);
    assert.equal(await store.count({ tag: 'eu' }), 2);
  });

  test('filters by time, half-open', async (store) => {
    const at = (day: number) => new Date(Date.UTC(2026, 0, day));
    const covenant = (day: number, times: object = {}) =>
      sampleCovenant('ada', 'bot', { now: at(day), ...times });
    const lasting = await covenant(1);
    const ending = await covenant(2, { expiresAt: at(5) });
    const later = await covenant(3, { activatesAt: at(4) });
    for (const document of [lasting, ending, later]) await store.put(document);
    const expected: [CovenantFilter, CovenantDocument[]][] = [
      [{ createdAfter: at(2) }, [ending, later]],
      [{ createdBefore: at(2) }, [lasting]],
      [{ createdAfter: at(2), createdBefore: at(3) }, [ending]],
      [{ createdAfter: at(4) }, []],
      [{ activeAt: at(0) }, []],
      [{ activeAt: at(1) }, [lasting]],
      [{ activeAt: at(3) }, [lasting, ending]],
      [{ activeAt: at(4) }, [lasting, ending, later]],
      [{ activeAt: at(5) }, [lasting, later]],
      [{ activeAt: at(4), createdBefore: at(3), issuer: lasting.issuer.id }, [lasting, ending]],
    ];
    for (const [filter, documents] of expected) {
      assert.deepEqual(idsOf((await store.list(filter)).items), sortedIds(documents), JSON.stringify(filter));
      assert.equal(await store.count(filter), documents.length);
    }
  });

  test('ends at a bad record, and passes it where it may report it', async (store) => {
    const documents = await stored(store, 5);
    const ids = sortedIds(documents);
    const bad = ids[2] as string;
    if (!(await spoil(store, bad))) return;
    assert.equal((await rejectsWith(store.list(), 'record_corrupt')).id, bad);
    assert.equal((await rejectsWith(collect(store.iterate()), 'record_corrupt')).id, bad);
    const errors: { code: string; id?: string }[] = [];
    const onCorrupt = (error: { code: string; id?: string }) => void errors.push(error);
    const good = ids.filter((id) => id !== bad);
    assert.deepEqual(idsOf((await store.list({ onCorrupt })).items), good);
    assert.deepEqual(idsOf(await collect(store.iterate({ onCorrupt }))), good);
    const first = await store.list({ onCorrupt, limit: 3 });
    assert.deepEqual(idsOf(first.items), good.slice(0, 3));
    assert.deepEqual(
      errors.map(({ code, id }) => [code, id]),
      [1, 2, 3].map(() => ['record_corrupt', bad]),
    );
    const reason = new Error('enough');
    const fail = () => {
      throw reason;
    };
    await assert.rejects(store.list({ onCorrupt: fail }), (error) => error === reason);
    assert.equal(await store.delete(bad), true);
    assert.deepEqual(idsOf((await store.list()).items), good);
  });

  test('filters over pages', async (store) => {
    await stored(store, 70, 'eve');
    const mine = await stored(store, 5, 'ada');
    const issuer = (await keysOf('ada')).did;
    assert.deepEqual(idsOf((await pages(store, { issuer, limit: 2 })).flat()), sortedIds(mine));
    assert.equal(await store.count({ issuer }), 5);
  });

  test('refuses what is no limit, no cursor, no filter', async (store) => {
    for (const limit of [0, -1, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '2' as unknown as number]) {
      await assert.rejects(store.list({ limit }), RangeError);
    }
    for (const cursor of ['', 'x', '__proto__', `${NOBODY}\n`, `${NOBODY}/${'0'.repeat(64)}`]) {
      await rejectsWith(store.list({ cursor }), 'invalid_cursor');
    }
    const strange = [
      { isuer: 'x' },
      { issuer: 1 },
      { tag: ['x'] },
      { createdAfter: '2026-01-01' },
      { activeAt: new Date(Number.NaN) },
      { createdBefore: 0 },
      null,
      'x',
    ];
    for (const filter of strange) {
      await assert.rejects(store.list(filter as CovenantFilter), TypeError);
      await assert.rejects(store.count(filter as CovenantFilter), TypeError);
      await assert.rejects(async () => collect(store.iterate(filter as CovenantFilter)), TypeError);
    }
    await assert.rejects(store.list({ onCorrupt: 'ignore' as never }), TypeError);
    await assert.rejects(store.count({ onCorrupt: () => undefined } as never), TypeError);
  });
}
