/** Remote stores whose server is away, silent, or gone in the middle of a call; and processes that are killed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, it } from 'vitest';
import { deadPort, eventually, FaultyProxy } from '../../../test/support/proxy.js';
import { EncryptedStore, type StoreWithBackend } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant, sampleCovenants } from '../src/lib/contract/samples.js';
import { failsWith } from './support/assert.js';
import { KEY } from './support/backends.js';
import { remotes } from './support/remote.js';

const WRITER = fileURLToPath(new URL('./support/remote-writer.mjs', import.meta.url));

for (const { name, have, kind, url, place, open } of remotes)
  describe.skipIf(!have)(name, () => {
    const made: (StoreWithBackend | FaultyProxy)[] = [];
    afterAll(async () => {
      for (const each of made) await (each instanceof FaultyProxy ? each.down() : each.close());
    });
    const kept = <T extends StoreWithBackend | FaultyProxy>(each: T): T => {
      made.push(each);
      return each;
    };

    it('is unavailable where nobody listens', async () => {
      const away = new URL(url);
      away.port = String(await deadPort());
      const store = kept(open(away.href, place(), 200));
      const covenant = await sampleCovenant();
      await failsWith('store_unavailable', () => store.put(covenant));
      await failsWith('store_unavailable', () => store.get(covenant.id));
      await failsWith('store_unavailable', () => store.list());
      await failsWith('store_unavailable', () => store.probe());
      await failsWith('store_unavailable', () => store.latestToken());
    });

    it('is unavailable while a server says nothing, and works when it answers again', async () => {
      const proxy = kept(await FaultyProxy.before(url));
      proxy.mode = 'silent';
      const store = kept(open(proxy.url, place(), 400));
      const covenant = await sampleCovenant();
      await failsWith('store_unavailable', () => store.put(covenant));
      proxy.mode = 'passing';
      await eventually(() => store.put(covenant));
      proxy.mode = 'silent';
      await failsWith('store_unavailable', () => store.get(covenant.id));
      proxy.mode = 'passing';
      assert.deepEqual(await eventually(() => store.get(covenant.id)), covenant);
    });

    it('has written a batch, or a transaction, as a whole or not at all when its connection is cut before the answer', async () => {
      const proxy = kept(await FaultyProxy.before(url));
      const where = place();
      const [through, beside] = [kept(open(proxy.url, where)), kept(open(url, where))];
      await through.count();
      const documents = await sampleCovenants(15);
      for (let i = 0; i < 15; i += 3) {
        const batch = documents.slice(i, i + 3);
        const ids = batch.map(({ id }) => id);
        const transaction = () =>
          through.transaction(async (tx) => {
            for (const covenant of batch) await tx.put(covenant);
            proxy.mode = 'deaf';
          });
        const cut = i % 2 === 0 ? transaction : () => through.putBatch(batch);
        proxy.mode = i % 2 === 0 ? 'passing' : 'deaf';
        await failsWith('store_unavailable', cut);
        proxy.mode = 'passing';
        const before = (await beside.getBatch(ids)).filter((one) => one !== undefined).length;
        assert.ok(before === 0 || before === 3, `${before} of 3`);
        await eventually(() => through.putBatch(batch));
        assert.deepEqual(await through.getBatch(ids), batch);
      }
      assert.equal(await beside.count(), 15);
    }, 60_000);

    it('works again when the server has been away, in the same process, and its feed has no gap', async () => {
      const proxy = kept(await FaultyProxy.before(url));
      const where = place();
      const [store, beside] = [kept(open(proxy.url, where, 1000)), kept(open(url, where))];
      const first = await sampleCovenant();
      const start = await eventually(() => store.latestToken());
      await eventually(() => store.put(first));
      const ids = [first.id];
      for (let i = 0; i < 3; i++) {
        await proxy.down();
        const covenant = await sampleCovenant();
        await failsWith('store_unavailable', () => store.put(covenant));
        await beside.put(covenant);
        ids.push(covenant.id);
        await proxy.up();
        assert.deepEqual(await eventually(() => store.get(covenant.id)), covenant);
      }
      const told: string[] = [];
      for await (const { id } of store.watch({ after: start })) if (told.push(id) === ids.length) break;
      assert.deepEqual(told, ids);
    }, 60_000);

    it('ends a watch with an error when the server goes away; the last token leads on', async () => {
      const proxy = kept(await FaultyProxy.before(url));
      const where = place();
      const [store, beside] = [kept(open(proxy.url, where, 1000)), kept(open(url, where))];
      const [one, two] = [await sampleCovenant(), await sampleCovenant()];
      const after = await eventually(() => store.latestToken());
      await beside.put(one);
      const events = store.watch({ after })[Symbol.asyncIterator]();
      const { value } = await events.next();
      assert.ok(value);
      await proxy.down();
      await failsWith('store_unavailable', () => events.next());
      await beside.put(two);
      await proxy.up();
      const further = await eventually(() =>
        store.watch({ after: value.token })[Symbol.asyncIterator]().next(),
      );
      assert.equal(further.value?.id, two.id);
    }, 60_000);

    it('is closed after it was closed, also for what waits', async () => {
      const store = open(url, place());
      await store.count();
      await Promise.all([store.close(), store.close()]);
      await failsWith('store_closed', () => store.count());
      await failsWith('store_closed', () =>
        store.backend.get('covenant', `urn:stele:covenant:${'0'.repeat(64)}`),
      );
      await failsWith('store_closed', () => store.backend.probe());
    });

    it('has every acknowledged covenant and no half one after kill -9', async () => {
      const where = place();
      const acknowledged: string[] = [];
      for (const [deaths, count] of [1, 3, 19, 27].entries()) {
        acknowledged.push(...(await killed(kind, url, where, count)));
        const store = new EncryptedStore({ store: open(url, where), encryptionKey: KEY });
        const found = new Set((await collect(store.iterate())).map(({ id }) => id));
        assert.deepEqual(
          acknowledged.filter((id) => !found.has(id)),
          [],
        );
        assert.ok(found.size - acknowledged.length <= deaths + 1);
        await store.close();
      }
    }, 60_000);
  });

/** Lets a writer write, and kills it once it has said so many ids. @returns what it said */
async function killed(kind: string, url: string, place: string, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [WRITER, kind, url, place], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.split('\n').length > count) child.kill('SIGKILL');
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, null);
  return said.split('\n').slice(0, -1);
}
