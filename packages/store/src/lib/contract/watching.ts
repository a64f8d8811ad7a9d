import assert from 'node:assert/strict';
import type { CovenantStore, StoreEvent, WatchOptions } from '../../covenant-store.js';
import { type Case, collect, isUnsupported, rejectsWith } from './harness.js';
import { sampleCovenant, sampleCovenants, sampleRevocation } from './samples.js';

/** So many events after a token. */
async function take(store: CovenantStore, count: number, options: WatchOptions = {}): Promise<StoreEvent[]> {
  const events: StoreEvent[] = [];
  for await (const event of store.watch(options)) if (events.push(event) === count) break;
  return events;
}

const told = (events: readonly StoreEvent[]) => events.map(({ type, id }) => [type, id]);

export function watching(test: Case): void {
  const watchTest: Case = (title, body) =>
    test(title, async (store) => {
      if (store.supports.watch) return body(store);
      await isUnsupported(store.latestToken());
      return isUnsupported(collect(store.watch()));
    });

  watchTest('tells what happened, in order', async (store) => {
    const start = await store.latestToken();
    const [one, two] = [await sampleCovenant(), await sampleCovenant()];
    await store.put(one);
    await store.put(two);
    await store.putRevocation(await sampleRevocation(one));
    await store.delete(one.id);
    await store.put(one);
    const events = await take(store, 5, { after: start });
    const expected = [
      ['put', one.id],
      ['put', two.id],
      ['revoke', one.id],
      ['delete', one.id],
      ['put', one.id],
    ];
    assert.deepEqual(told(events), expected);
    assert.equal(new Set(events.map(({ token }) => token)).size, 5);
  });

  watchTest('goes on after any event, without a gap and without telling one twice', async (store) => {
    const start = await store.latestToken();
    const documents = await sampleCovenants(6);
    for (const document of documents) await store.put(document);
    const all = await take(store, 6, { after: start });
    for (const [i, { token }] of all.slice(0, -1).entries()) {
      assert.deepEqual(await take(store, 5 - i, { after: token }), all.slice(i + 1));
    }
    assert.equal(await store.latestToken(), all[5]?.token);
  });

  watchTest('waits for what is to come, from the call on', async (store) => {
    const [before, first, second] = await sampleCovenants(3);
    assert.ok(before && first && second);
    await store.put(before);
    const events = store.watch({ after: await store.latestToken() })[Symbol.asyncIterator]();
    const next = events.next();
    await store.put(first);
    const { value } = await next;
    assert.deepEqual(value && told([value]), [['put', first.id]]);
    await store.put(second);
    const further = await events.next();
    assert.deepEqual(further.value && told([further.value]), [['put', second.id]]);
    await events.return?.();
  });

  watchTest('tells every watcher everything', async (store) => {
    const documents = await sampleCovenants(20);
    const after = await store.latestToken();
    const watchers = Array.from({ length: 3 }, () => take(store, 20, { after }));
    await Promise.all(documents.map((document) => store.put(document)));
    const [one, two, three] = await Promise.all(watchers);
    assert.deepEqual([two, three], [one, one]);
    assert.deepEqual(new Set(one?.map(({ id }) => id)), new Set(documents.map(({ id }) => id)));
  });

  watchTest('says nothing of what changed nothing', async (store) => {
    const document = await sampleCovenant();
    const revocation = await sampleRevocation(document);
    await store.put(document);
    await store.putRevocation(revocation);
    const after = await store.latestToken();
    await store.put(document);
    await store.putRevocation(revocation);
    await store.delete((await sampleCovenant()).id);
    await rejectsWith(store.put({ ...document, constraints: '' }), 'document_refused');
    await store.get(document.id);
    await store.probe();
    assert.equal(await store.latestToken(), after);
    await store.delete(document.id);
    assert.deepEqual(told(await take(store, 1, { after })), [['delete', document.id]]);
  });

  watchTest('ends when it is aborted, before and while it waits', async (store) => {
    const after = await store.latestToken();
    assert.deepEqual(await collect(store.watch({ after, signal: AbortSignal.abort() })), []);
    const controller = new AbortController();
    const waiting = collect(store.watch({ after, signal: controller.signal }));
    const document = await sampleCovenant();
    await store.put(document);
    await take(store, 1, { after });
    controller.abort();
    assert.ok((await waiting).length <= 1);
  });

  watchTest('ends when the store is closed', async (store) => {
    const events = store.watch({ after: await store.latestToken() })[Symbol.asyncIterator]();
    const document = await sampleCovenant();
    const next = events.next();
    await store.put(document);
    assert.equal((await next).done, false);
    const last = events.next();
    await store.close();
    assert.equal((await last).done, true);
    await rejectsWith(collect(store.watch()), 'store_closed');
    await rejectsWith(store.latestToken(), 'store_closed');
  });

  watchTest('refuses the token of another feed, and what is no token', async (store) => {
    await store.put(await sampleCovenant());
    const token = await store.latestToken();
    for (const after of [
      '',
      'x',
      '__proto__',
      `${token}0`,
      `${token} `,
      `x${token}`,
      `${'0'.repeat(32)}.0`,
    ]) {
      await rejectsWith(collect(store.watch({ after })), 'watch_expired');
    }
    assert.throws(() => store.watch({ after: 1 as unknown as string }), TypeError);
    assert.throws(() => store.watch({ signal: {} as AbortSignal }), TypeError);
  });

  watchTest('tells a batch as a whole', async (store) => {
    if (!store.supports.transaction) return;
    const after = await store.latestToken();
    const documents = await sampleCovenants(5);
    await store.putBatch(documents);
    const events = await take(store, 5, { after });
    assert.deepEqual(events.map(({ id }) => id).sort(), documents.map(({ id }) => id).sort());
    await rejectsWith(
      store.putBatch([await sampleCovenant(), { ...documents[0], constraints: '' } as never]),
      'document_refused',
    );
    assert.equal(await store.latestToken(), events[4]?.token);
  });
}
