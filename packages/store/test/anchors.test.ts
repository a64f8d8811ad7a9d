/** Places that remember how a store was left. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { appendedAnchor, FileAnchor, MemoryStore, type StoreAnchor, StoreError } from '../src/index.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { anchored, codeOf } from './support/anchors.js';
import { memoryFolder } from './support/backends.js';
import { withFs } from './support/faulty-fs.js';
import { freshPath } from './support/stores.js';

describe('FileAnchor', () => {
  const folder = memoryFolder();
  let made = 0;
  const fresh = () => `${folder}/anchor-${made++}`;

  it('moves only from what it is', async () => {
    const path = fresh();
    const [a, b] = [new FileAnchor(path), new FileAnchor(path)];
    assert.equal(await a.read(), undefined);
    assert.equal(await a.advance('x', 'y'), false);
    assert.equal(await a.advance(undefined, 'one'), true);
    assert.equal(await b.advance(undefined, 'two'), false);
    assert.equal(await b.advance('one', 'two'), true);
    assert.equal(await a.read(), 'two');
    assert.equal(await new FileAnchor(path).read(), 'two');
  });

  it('lets one of many win', async () => {
    const path = fresh();
    const anchors = Array.from({ length: 8 }, () => new FileAnchor(path));
    const won = await Promise.all(anchors.map((anchor, i) => anchor.advance(undefined, `${i}`)));
    assert.equal(won.filter(Boolean).length, 1);
  });

  it('says what the disk says', async () => {
    assert.throws(() => new FileAnchor(''), TypeError);
    assert.equal(
      await codeOf(() => new FileAnchor('/dev/null/x').advance(undefined, 'a')),
      'store_unavailable',
    );
    const path = fresh();
    const anchor = new FileAnchor(path);
    await anchor.advance(undefined, 'x'.repeat(5000));
    assert.equal(await codeOf(() => anchor.read()), 'store_unavailable');
  });

  it('is not moved by one whose lock was taken from it', async () => {
    const path = fresh();
    const anchor = new FileAnchor(path);
    await anchor.advance(undefined, 'one');
    const lock = join(path, 'lock');
    const taken = (read: (...args: unknown[]) => unknown, ...args: unknown[]) => {
      if (args[1] === 'latin1') writeFileSync(lock, 'another-start x 1 1 x');
      return read(...args);
    };
    await withFs('readFileSync', taken, async () => {
      const error = await anchor.advance('one', 'two').catch((reason: unknown) => reason);
      assert.ok(error instanceof StoreError);
      assert.match(error.message, /another writer has taken over/);
    });
    rmSync(lock);
    assert.equal(await anchor.read(), 'one');
    assert.equal(await anchor.advance('one', 'two'), true);
  });

  it('anchors a store', async () => {
    const inner = new MemoryStore();
    const anchor = new FileAnchor(freshPath('anchor'));
    const store = anchored(inner, anchor);
    await store.put(await sampleCovenant());
    assert.equal((await store.verify()).records, 2);
  });
});

describe('an anchor in a log', () => {
  it('appends, and moves only from what was appended last', async () => {
    const texts: string[] = [];
    const anchor = appendedAnchor({
      latest: async () => texts.at(-1),
      append: async (text) => texts.push(text),
    });
    assert.equal(await anchor.read(), undefined);
    assert.deepEqual(await Promise.all([anchor.advance(undefined, 'a'), anchor.advance(undefined, 'b')]), [
      true,
      false,
    ]);
    assert.equal(await anchor.read(), 'a');
    const inner = new MemoryStore();
    texts.length = 0;
    const fresh = appendedAnchor({
      latest: async () => texts.at(-1),
      append: async (text) => texts.push(text),
    });
    await anchored(inner, fresh).put(await sampleCovenant());
    assert.equal(texts.length, 6);
    const again = appendedAnchor({
      latest: async () => texts.at(-1),
      append: async (text) => texts.push(text),
    });
    await anchored(inner, again).verify();
  });

  it('asks anew after a failure', async () => {
    const texts: string[] = [];
    let fails = true;
    const fail = async () => {
      if (fails) throw new Error('the log is shut');
    };
    const anchor = appendedAnchor({
      latest: async () => {
        await fail();
        return texts.at(-1);
      },
      append: async (text) => {
        texts.push(text);
        await fail();
      },
    });
    await assert.rejects(anchor.read());
    fails = false;
    assert.equal(await anchor.read(), undefined);
    fails = true;
    await assert.rejects(anchor.advance(undefined, 'a'));
    fails = false;
    assert.equal(await anchor.read(), 'a');
    const failing: StoreAnchor = {
      read: () => Promise.reject(new Error('shut')),
      advance: async () => false,
    };
    assert.equal(await codeOf(() => anchored(new MemoryStore(), failing).count()), 'store_unavailable');
  });
});
