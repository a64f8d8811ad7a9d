import assert from 'node:assert/strict';
import type { CovenantDocument } from '@stele/core';
import type { CovenantFilter, CovenantStore } from '../../covenant-store.js';
import { type Case, collect, rejectsWith } from './harness.js';
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
    const documents = await stored(store, 130);
    assert.equal((await store.list()).items.length, 100);
    assert.equal((await store.list({ limit: 1000 })).items.length, 130);
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
    for (const filter of [{ isuer: 'x' }, { issuer: 1 }, null, 'x']) {
      await assert.rejects(store.list(filter as CovenantFilter), TypeError);
      await assert.rejects(store.count(filter as CovenantFilter), TypeError);
      await assert.rejects(async () => collect(store.iterate(filter as CovenantFilter)), TypeError);
    }
  });
}
