/** The backend that keeps the state of a store, by itself: expectations, order, and writers that die. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { type Change, MAX_CHANGES, type RecordBackend, type StoreAnchor, StoreError } from '../src/index.js';
import { STATE_ID } from '../src/lib/anchor-state.js';
import { AnchoredBackend } from '../src/lib/anchored-backend.js';
import { MemoryBackend } from '../src/lib/memory-backend.js';
import { bringBack, codeOf, everything, MemoryAnchor } from './support/anchors.js';

const id = (n: number) => `urn:stele:covenant:${n.toString(16).padStart(64, '0')}`;
const put = (n: number, text = 'x'): Change => ({
  kind: 'covenant',
  id: id(n),
  expected: undefined,
  next: { bytes: Buffer.from(text), tokens: [] },
});

describe('AnchoredBackend', () => {
  it('counts the age of what it knows', async () => {
    const [inner, anchor, clock] = [new MemoryBackend(), new MemoryAnchor(), { ms: 0 }];
    const backend = new AnchoredBackend(inner, anchor, { now: () => clock.ms });
    await backend.write([put(1)]);
    const before = await everything(inner);
    await backend.write([put(2)]);
    await bringBack(inner, before);
    clock.ms = 999;
    assert.equal(await backend.get('covenant', id(2)), undefined);
    clock.ms = 1000;
    assert.equal(await codeOf(() => backend.get('covenant', id(2))), 'store_rolled_back');
    assert.equal(await codeOf(() => backend.probe()), 'store_rolled_back');
  });

  it('counts from when it looked at the store, however long the anchor takes', async () => {
    const [inner, anchor, clock] = [new MemoryBackend(), new MemoryAnchor(), { ms: 0 }];
    const slow: StoreAnchor = {
      read: () => anchor.read(),
      advance: async (from, to) => {
        clock.ms += 1000;
        return anchor.advance(from, to);
      },
    };
    const backend = new AnchoredBackend(inner, slow, { now: () => clock.ms });
    await backend.write([put(1)]);
    const before = await everything(inner);
    await backend.write([put(2)]);
    await bringBack(inner, before);
    assert.equal(await codeOf(() => backend.get('covenant', id(2))), 'store_rolled_back');
  });

  it('writes its state on top of a hundred changes', async () => {
    const backend = new AnchoredBackend(new MemoryBackend(), new MemoryAnchor());
    const changes = Array.from({ length: MAX_CHANGES + 1 }, (_, n) => put(n));
    await assert.rejects(backend.write(changes), RangeError);
    assert.equal(await backend.write(changes.slice(1)), true);
    assert.deepEqual(await backend.verify(), { counter: 2, records: MAX_CHANGES });
  });

  it('gives nobody its state, and lets nobody write it', async () => {
    const backend = new AnchoredBackend(new MemoryBackend(), new MemoryAnchor());
    await backend.write([put(1)]);
    assert.equal(await backend.get('revocation', STATE_ID), undefined);
    assert.deepEqual(await backend.getMany('revocation', [STATE_ID]), [undefined]);
    assert.equal(await backend.has('revocation', STATE_ID), false);
    assert.deepEqual(await backend.list('revocation', { limit: 10 }), []);
    assert.equal(await backend.count('revocation'), 0);
    assert.equal(await backend.count('revocation', { prefix: id(9) }), 0);
    const change: Change = { ...put(1), kind: 'revocation', id: STATE_ID };
    await assert.rejects(backend.write([change]), RangeError);
  });

  it('tells of changes, and not of its state', async () => {
    const backend = new AnchoredBackend(new MemoryBackend(), new MemoryAnchor());
    const after = await backend.latestChange();
    const stop = new AbortController();
    const seen: string[] = [];
    await backend.write([put(1)]);
    await backend.write([put(2)]);
    for await (const change of backend.changes(after, stop.signal)) {
      seen.push(change.id);
      if (seen.length === 2) stop.abort();
    }
    assert.deepEqual(seen, [id(1), id(2)]);
    await backend.close();
  });

  it('says nothing of a state that another has found and told of already', async () => {
    const [inner, anchor, clock] = [new MemoryBackend(), new MemoryAnchor(), { ms: 0 }];
    const other = new AnchoredBackend(inner, anchor, { now: () => (clock.ms += 1000) });
    const write = inner.write.bind(inner);
    const seen: unknown[] = [];
    inner.write = async (changes) => {
      const done = await write(changes);
      await other.get('covenant', id(1));
      seen.push(anchor.text);
      return done;
    };
    const backend = new AnchoredBackend(inner, anchor);
    await backend.write([put(1)]);
    assert.equal(anchor.text, seen.at(-1));
    assert.deepEqual(await backend.verify(), { counter: 2, records: 1 });
  });

  it('is read by two at once where a writer has died before it said so', async () => {
    const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
    let left = 3;
    const dying: StoreAnchor = {
      read: () => anchor.read(),
      advance: (from, to) => (left-- > 0 ? anchor.advance(from, to) : Promise.reject(new Error('gone'))),
    };
    await assert.rejects(new AnchoredBackend(inner, dying).write([put(1)]));
    const first = new AnchoredBackend(inner, anchor);
    const won: boolean[] = [];
    const slow: StoreAnchor = {
      read: () => anchor.read(),
      advance: async (from, to) => {
        assert.ok(await first.get('covenant', id(1)));
        won.push(await anchor.advance(from, to));
        return won.at(-1) as boolean;
      },
    };
    const second = new AnchoredBackend(inner, slow);
    assert.ok(await second.get('covenant', id(1)));
    assert.deepEqual(won, [false]);
    assert.deepEqual(await first.verify(), { counter: 2, records: 1 });
  });

  it('finds what was deleted past it, although others go on writing meanwhile', async () => {
    const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
    const [backend, other] = [new AnchoredBackend(inner, anchor), new AnchoredBackend(inner, anchor)];
    await backend.write([put(1)]);
    await inner.write([{ kind: 'covenant', id: id(1), expected: 'present', next: undefined }]);
    const write = inner.write.bind(inner);
    const answers: boolean[] = [];
    inner.write = async (changes) => {
      if (changes[0]?.next !== 'same') return write(changes);
      if (answers.length === 0) await other.write([put(2)]);
      answers.push(await write(changes));
      return answers.at(-1) as boolean;
    };
    assert.equal(await codeOf(() => backend.verify()), 'store_rolled_back');
    assert.deepEqual(answers, [false, true]);
  });

  it('is only for what has transactions', () => {
    const bare = Object.assign(new MemoryBackend(), { supports: { transaction: false, watch: false } });
    assert.throws(() => new AnchoredBackend(bare, new MemoryAnchor()), TypeError);
  });

  it('keeps expectations as the medium does, and its sum true, in any order of writes', async () => {
    const expected = fc.constantFrom('none', 'present', 'right', 'wrong');
    const next = fc.constantFrom('put', 'delete', 'same');
    const writes = fc.array(
      fc.uniqueArray(fc.tuple(fc.nat(3), expected, next, fc.string({ maxLength: 5 })), {
        selector: ([n]) => n,
        minLength: 1,
        maxLength: 3,
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(writes, async (all) => {
        const bare = new MemoryBackend();
        const inner = new MemoryBackend();
        const backend = new AnchoredBackend(inner, new MemoryAnchor());
        for (const some of all) {
          const changes = await Promise.all(
            some.map(
              async ([n, what, then, text]): Promise<Change> => ({
                kind: 'covenant',
                id: id(n),
                expected:
                  what === 'none'
                    ? undefined
                    : what === 'present'
                      ? 'present'
                      : what === 'right'
                        ? (await bare.get('covenant', id(n)))?.version
                        : Buffer.from('nobody wrote this'),
                next:
                  then === 'same'
                    ? 'same'
                    : then === 'delete'
                      ? undefined
                      : { bytes: Buffer.from(text), tokens: [] },
              }),
            ),
          );
          assert.equal(await backend.write(changes), await bare.write(changes));
        }
        const [found, right] = [await everything(inner), await everything(bare)];
        found.delete(STATE_ID);
        assert.deepEqual([...found], [...right]);
        assert.equal((await backend.verify()).records, right.size);
      }),
      { numRuns: 40 },
    );
  });
});

// ---- crashes

/** Calls of an anchor and a medium, which a process makes until it dies before or after one of them. */
function mortal(inner: RecordBackend, anchor: StoreAnchor, at: number, after: boolean) {
  let count = 0;
  const die = () => new StoreError('store_unavailable', 'the process is dead');
  const step = async <T>(call: () => Promise<T>): Promise<T> => {
    count += 1;
    if (count > at || (count === at && !after)) throw die();
    const result = await call();
    if (count === at) throw die();
    return result;
  };
  const dyingAnchor: StoreAnchor = {
    read: () => step(() => anchor.read()),
    advance: (from, to) => step(() => anchor.advance(from, to)),
  };
  const dyingInner = new Proxy(inner, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => step(() => member.apply(target, args) as Promise<unknown>);
    },
  });
  return { backend: new AnchoredBackend(dyingInner, dyingAnchor), reached: () => count >= at };
}

describe.each([
  ['before', false],
  ['after', true],
] as const)('a writer that dies %s any call', (_, after) => {
  it('leaves neither a false alarm nor a hole', async () => {
    for (let at = 1, died = true; died; at++) {
      const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
      const first = new AnchoredBackend(inner, anchor);
      await first.write([put(1)]);
      const before = await everything(inner);
      const { backend, reached } = mortal(inner, anchor, at, after);
      const result = await backend.write([put(2), put(3)]).catch(() => 'dead');
      died = reached();
      assert.ok(died || result === true);
      const isThere = (await inner.get('covenant', id(2))) !== undefined;
      assert.equal((await inner.get('covenant', id(3))) !== undefined, isThere);

      // Those who come after it go on as if nothing had been, or with what was written.
      const next = new AnchoredBackend(inner, anchor);
      assert.deepEqual(await next.verify(), { counter: isThere ? 3 : 2, records: isThere ? 3 : 1 });
      if (isThere) {
        const now = await everything(inner);
        await bringBack(inner, before);
        assert.equal(await codeOf(() => new AnchoredBackend(inner, anchor).verify()), 'store_rolled_back');
        await bringBack(inner, now);
      }
      await next.write([put(4)]);
      assert.equal((await next.verify()).records, isThere ? 4 : 2);
      assert.ok(at < 40);
    }
  });

  it('leaves an anchor that can be begun again', async () => {
    for (let at = 1, died = true; died; at++) {
      const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
      await inner.write([put(1)]);
      const { backend, reached } = mortal(inner, anchor, at, after);
      await backend.get('covenant', id(1)).catch(() => undefined);
      died = reached();
      const next = new AnchoredBackend(inner, anchor);
      assert.ok(await next.get('covenant', id(1)));
      assert.equal((await next.verify()).records, 1);
    }
  });

  it('can die again and again at the same place', async () => {
    const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
    await new AnchoredBackend(inner, anchor).write([put(0)]);
    for (let n = 1; n <= 40; n++) {
      const { backend } = mortal(inner, anchor, 5, after);
      await backend.write([put(n)]).catch(() => undefined);
    }
    assert.ok((anchor.text?.length ?? 0) < 2048);
    await new AnchoredBackend(inner, anchor).verify();
  });
});

describe('where others are always faster', () => {
  /** An anchor that refuses to move once it was begun. */
  async function refusing(isRefused: (to: string) => boolean) {
    const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
    await new AnchoredBackend(inner, anchor).write([put(1)]);
    const stubborn: StoreAnchor = {
      read: () => anchor.read(),
      advance: async (from, to) => !isRefused(to) && anchor.advance(from, to),
    };
    return { inner, anchor, backend: new AnchoredBackend(inner, stubborn) };
  }

  it('gives up a write, and has written nothing', async () => {
    const { inner, backend } = await refusing(() => true);
    assert.equal(await codeOf(() => backend.write([put(2)])), 'store_unavailable');
    assert.equal(await inner.has('covenant', id(2)), false);
    assert.equal(await codeOf(() => backend.reanchor()), 'store_unavailable');
  });

  it('does not say that a write was made while the anchor does not', async () => {
    const { inner, anchor, backend } = await refusing((to) => to.includes('"pending":[]'));
    assert.equal(await codeOf(() => backend.write([put(2)])), 'store_unavailable');
    assert.equal(await inner.has('covenant', id(2)), true);
    assert.equal(await codeOf(() => new AnchoredBackend(inner, anchor).verify()), undefined);
  });

  it('gives up a verification of what never holds still', async () => {
    const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
    const writer = new AnchoredBackend(inner, anchor);
    let n = 1;
    await writer.write([put(n)]);
    const restless = new Proxy(inner, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (name !== 'list') return typeof member === 'function' ? member.bind(target) : member;
        return async (...args: Parameters<RecordBackend['list']>) => {
          n += 1;
          await writer.write([put(n)]);
          return target.list(...args);
        };
      },
    });
    assert.equal(await codeOf(() => new AnchoredBackend(restless, anchor).verify()), 'store_unavailable');
  });

  it('gives up a check of a store that is always further', async () => {
    const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
    const writer = new AnchoredBackend(inner, anchor);
    let n = 0;
    const late: StoreAnchor = {
      read: async () => {
        const text = await anchor.read();
        n += 1;
        await writer.write([put(n)]);
        return text;
      },
      advance: (from, to) => anchor.advance(from, to),
    };
    assert.equal(
      await codeOf(() => new AnchoredBackend(inner, late).get('covenant', id(1))),
      'store_unavailable',
    );
  });
});
