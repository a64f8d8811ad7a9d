/** Filters over blind indexes, while keys turn. */
import assert from 'node:assert/strict';
import type { CovenantDocument } from '@stele/core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { MemoryStore, type RecordKind, type RecordRange } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { keysOf, sampleCovenant } from '../src/lib/contract/samples.js';
import { failsWith } from './support/assert.js';
import { OWN, plant, sealedBytes, TurningKeys, withKeys } from './support/encrypted.js';

const idsOf = (documents: readonly CovenantDocument[]) => documents.map(({ id }) => id).sort();

/** A store in memory that counts what is listed, and can be made to do something before it lists. */
class WatchedStore extends MemoryStore {
  listed = 0;
  /** Run before one of the next lists, 0 for the first. */
  beforeList: (() => Promise<void>) | undefined;
  skip = 0;

  constructor() {
    super();
    const list = this.backend.list.bind(this.backend);
    this.backend.list = async (kind: RecordKind, range: RecordRange) => {
      const run = this.beforeList;
      if (run !== undefined && this.skip-- === 0) {
        this.beforeList = undefined;
        await run();
      }
      const found = await list(kind, range);
      this.listed += found.length;
      return found;
    };
  }
}

const tagged = (tag: string) => sampleCovenant('ada', 'bot', { metadata: { tags: [tag] } });

async function covenants(count: number, tag: string): Promise<CovenantDocument[]> {
  return Promise.all(Array.from({ length: count }, () => tagged(tag)));
}

describe('a filter of an encrypted store', () => {
  it('opens no more records than it finds', async () => {
    const inner = new WatchedStore();
    const store = withKeys(inner, new TurningKeys(0));
    for (const document of await covenants(30, 'many')) await store.put(document);
    const few = await covenants(3, 'few');
    for (const document of few) await store.put(document);
    inner.listed = 0;
    assert.deepEqual(idsOf((await store.list({ tag: 'few' })).items), idsOf(few));
    assert.equal(inner.listed, 3);
    inner.listed = 0;
    assert.equal(await store.count({ tag: 'few' }), 3);
    assert.equal(inner.listed, 0);
  });

  it('finds records under each key, page by page and once each, and counts them', async () => {
    const inner = new WatchedStore();
    const keys = new TurningKeys(0);
    const store = withKeys(inner, keys);
    const wanted: CovenantDocument[] = [];
    for (const n of [0, 1, 2]) {
      keys.numbers = [n, ...keys.numbers.filter((number) => number !== n)];
      for (const document of await covenants(20, 'other')) await store.put(document);
      for (const document of await covenants(7, 'wanted')) {
        wanted.push(document);
        await store.put(document);
      }
    }
    for (const reader of [store, withKeys(inner, new TurningKeys(2, 0, 1))]) {
      const found: CovenantDocument[] = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await reader.list({ tag: 'wanted', limit: 4, cursor });
        found.push(...page.items);
        cursor = page.nextCursor;
      }
      assert.deepEqual(
        found.map(({ id }) => id),
        idsOf(wanted),
      );
      assert.deepEqual(idsOf(await collect(reader.iterate({ tag: 'wanted' }))), idsOf(wanted));
      assert.equal(await reader.count({ tag: 'wanted' }), 21);
      assert.equal(await reader.count({ tag: 'nothing' }), 0);
    }
  });

  it('finds what another process writes under a key that is new, at once', async () => {
    const inner = new WatchedStore();
    const here = withKeys(inner, new TurningKeys(0, 1));
    const there = withKeys(inner, new TurningKeys(1, 0));
    const [one, two] = (await covenants(2, 'wanted')) as [CovenantDocument, CovenantDocument];
    await here.put(one);
    assert.equal(await here.count({ tag: 'wanted' }), 1);
    await there.put(two);
    assert.deepEqual(idsOf((await here.list({ tag: 'wanted' })).items), idsOf([one, two]));
    assert.equal(await here.count({ tag: 'wanted' }), 2);
  });

  it('misses nothing that goes over to a new key in the middle', async () => {
    const inner = new WatchedStore();
    const keys = new TurningKeys(0, 1);
    const store = withKeys(inner, keys);
    const wanted = await covenants(5, 'wanted');
    for (const document of wanted) await store.put(document);
    for (const count of [false, true]) {
      const turned = new TurningKeys(...[...keys.numbers].reverse());
      const other = withKeys(inner, turned);
      inner.beforeList = async () => {
        await other.reencrypt();
      };
      if (count) assert.equal(await store.count({ tag: 'wanted' }), 5);
      else assert.deepEqual(idsOf((await store.list({ tag: 'wanted' })).items), idsOf(wanted));
      keys.numbers = turned.numbers;
    }
  });

  it('misses nothing that goes from one of two keys to the other between asking for each', async () => {
    const inner = new WatchedStore();
    const wanted = await covenants(4, 'wanted');
    for (const [n, document] of wanted.entries()) {
      await withKeys(inner, new TurningKeys(n < 2 ? 0 : 1, n < 2 ? 1 : 0)).put(document);
    }
    const other = withKeys(inner, new TurningKeys(1, 0));
    inner.skip = 1;
    inner.beforeList = async () => {
      assert.equal((await other.reencrypt()).reencrypted, 2);
    };
    const store = withKeys(inner, new TurningKeys(1, 0));
    assert.deepEqual(idsOf((await store.list({ tag: 'wanted' })).items), idsOf(wanted));
    assert.equal(inner.beforeList, undefined);
  });

  it('counts right when a key comes between', async () => {
    const inner = new MemoryStore();
    const store = withKeys(inner, new TurningKeys(0, 1));
    const other = withKeys(inner, new TurningKeys(1, 0));
    for (const document of await covenants(5, 'wanted')) await store.put(document);
    const count = inner.backend.count.bind(inner.backend);
    inner.backend.count = async (kind, filter) => {
      if (filter?.token !== undefined) await other.reencrypt();
      return count(kind, filter);
    };
    assert.equal(await store.count({ tag: 'wanted' }), 5);
  });

  it('reads every record where a key is not at hand, and says which it could not read', async () => {
    const inner = new MemoryStore();
    const keys = new TurningKeys(0);
    const store = withKeys(inner, keys);
    const [lost, kept] = (await covenants(2, 'wanted')) as [CovenantDocument, CovenantDocument];
    await store.put(lost);
    keys.numbers = [1];
    await failsWith('record_corrupt', () => withKeys(inner, keys).put(kept));
    keys.numbers = [1, 0];
    await store.put(kept);
    keys.numbers = [1];
    const reader = withKeys(inner, keys);
    assert.equal((await failsWith('record_corrupt', () => reader.list({ tag: 'wanted' }))).id, lost.id);
    const reported: unknown[] = [];
    const { items } = await reader.list({ tag: 'wanted', onCorrupt: ({ id }) => reported.push(id) });
    assert.deepEqual([idsOf(items), reported], [[kept.id], [lost.id]]);
    await failsWith('record_corrupt', () => reader.count({ tag: 'wanted' }));
  });

  it('believes no token that was planted', async () => {
    const inner = new MemoryStore();
    const store = withKeys(inner, new TurningKeys(0));
    const seen: string[] = [];
    const write = inner.backend.write.bind(inner.backend);
    inner.backend.write = async (changes) => {
      for (const { next } of changes) if (typeof next === 'object') seen.push(...next.tokens);
      return write(changes);
    };
    const eve = await sampleCovenant('eve', 'mallory');
    await store.put(eve);
    const ada = await sampleCovenant('ada', 'bot');
    await store.put(ada);
    const bytes = await sealedBytes(inner, 'covenant', eve.id);
    await plant(inner, 'covenant', eve.id, bytes, [...new Set(seen)]);
    const issuer = (await keysOf('ada')).did;
    assert.deepEqual(idsOf((await store.list({ issuer })).items), [ada.id]);
  });

  it('agrees with a plain store under any keys, puts, deletions and re-encryptions', async () => {
    const pool = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        sampleCovenant(n % 3 === 0 ? 'eve' : 'ada', 'bot', { metadata: { tags: [`tag ${n % 4}`] } }),
      ),
    );
    const step = fc.oneof(
      fc.record({ what: fc.constantFrom('put', 'delete'), n: fc.nat(11) }),
      fc.record({ what: fc.constantFrom('turn', 'reencrypt', 'reopen'), n: fc.nat(3) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const [plain, inner, keys] = [new MemoryStore(), new MemoryStore(), new TurningKeys(0, 1, 2, 3)];
        let store = withKeys(inner, keys);
        for (const { what, n } of steps) {
          const document = pool[n] as CovenantDocument;
          if (what === 'put') for (const each of [plain, store]) await each.put(document);
          else if (what === 'delete')
            assert.equal(await store.delete(document.id), await plain.delete(document.id));
          else if (what === 'turn') keys.numbers = [n, ...keys.numbers.filter((number) => number !== n)];
          else if (what === 'reencrypt') await store.reencrypt();
          else store = withKeys(inner, keys);
          for (const filter of [
            { tag: 'tag 1' },
            { issuer: pool[0]?.issuer.id, tag: 'tag 0' },
            { issuer: 'x' },
          ]) {
            assert.deepEqual(await store.list(filter), await plain.list(filter));
            assert.equal(await store.count(filter), await plain.count(filter));
          }
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('what a watcher is told', () => {
  it('leaves out the store’s own record', async () => {
    const inner = new MemoryStore();
    const keys = new TurningKeys(0);
    const store = withKeys(inner, keys);
    const after = await store.latestToken();
    const covenant = await tagged('x');
    await store.put(covenant);
    keys.numbers = [1, 0];
    await store.reencrypt();
    await store.delete(covenant.id);
    const types: string[] = [];
    for await (const { type, id } of store.watch({ after })) {
      assert.equal(id, covenant.id);
      types.push(type);
      if (type === 'delete') break;
    }
    assert.deepEqual(types, ['put', 'put', 'delete']);
    assert.equal(await inner.backend.has('revocation', OWN), true);
  });
});
