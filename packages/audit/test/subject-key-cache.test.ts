/** Keys in memory: asked for once, for a second, and overwritten. */
import assert from 'node:assert/strict';
import { describe, it, onTestFinished, vi } from 'vitest';
import { AuditError, MemorySubjectKeys, type SubjectKey, type SubjectKeys } from '../src/index.js';
import { extracted } from '../src/lib/sealed-values.js';
import { SubjectKeyCache } from '../src/lib/subject-key-cache.js';
import { codeOf } from './support/entries.js';

/** Keys that count how often they are asked, and answer when they are told. */
class SlowKeys implements SubjectKeys {
  readonly inner = new MemorySubjectKeys();
  asked = 0;
  hold: Promise<void> | undefined;

  async get(subject: string, options: { create: boolean }): Promise<SubjectKey | undefined> {
    this.asked += 1;
    const key = await this.inner.get(subject, options);
    await this.hold;
    return key;
  }

  find(id: string) {
    return this.inner.find(id);
  }

  destroy(subject: string) {
    return this.inner.destroy(subject);
  }
}

function made() {
  const keys = new SlowKeys();
  const clock = { ms: 0 };
  const cache = new SubjectKeyCache(keys, () => clock.ms);
  const prkOf = (subject: string) => cache.use(subject, (_, prk) => prk);
  return { keys, clock, cache, prkOf };
}

const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

describe('SubjectKeyCache', () => {
  it('asks once for many, and again after a second', async () => {
    const { keys, clock, prkOf } = made();
    await Promise.all([prkOf('anna'), prkOf('anna'), prkOf('anna')]);
    clock.ms = 999;
    const prk = await prkOf('anna');
    assert.equal(keys.asked, 1);
    const key = (await keys.inner.get('anna', { create: false })) as SubjectKey;
    assert.deepEqual(prk, extracted(key.bytes));
    clock.ms = 1000;
    await prkOf('anna');
    assert.equal(keys.asked, 2);
    assert.ok(isZero(prk));
  });

  it('overwrites what is a second old, and nothing younger', async () => {
    const { keys, clock, cache, prkOf } = made();
    const old = await prkOf('anna');
    clock.ms = 600;
    const young = await prkOf('bert');
    clock.ms = 1000;
    cache.sweep();
    assert.deepEqual([isZero(old), isZero(young), cache.size], [true, false, 1]);
    assert.equal(await prkOf('bert'), young);
    assert.equal(keys.asked, 2);
  });

  it('notices within a second that another process destroyed a key', async () => {
    const { keys, clock, cache, prkOf } = made();
    const before = Uint8Array.from(await prkOf('anna'));
    await keys.destroy('anna');
    clock.ms = 1000;
    cache.sweep();
    assert.equal(cache.size, 0);
    assert.notDeepEqual(await prkOf('anna'), before);
  });

  it('overwrites what it forgets', async () => {
    const { cache, prkOf } = made();
    const [anna, bert] = [await prkOf('anna'), await prkOf('bert')];
    cache.forget('anna');
    assert.ok(isZero(anna) && !isZero(bert));
    cache.clear();
    assert.ok(isZero(bert));
    assert.equal(cache.size, 0);
  });

  it('does not use a key that was forgotten on its way', async () => {
    const { keys, cache } = made();
    let release: () => void = () => undefined;
    keys.hold = new Promise((resolve) => {
      release = resolve;
    });
    const used = cache.use('anna', (id, prk) => ({ id, isZero: isZero(prk) }));
    const old = (await keys.inner.get('anna', { create: true })) as SubjectKey;
    await keys.destroy('anna');
    cache.forget('anna');
    release();
    const { id, isZero: zero } = await used;
    assert.notEqual(id, old.id);
    assert.ok(!zero);
    assert.equal(keys.asked, 2);
  });

  it('never uses a key of zeros, whoever forgets it when', async () => {
    const { cache } = made();
    const uses: Promise<boolean>[] = [];
    for (let i = 0; i < 200; i++) {
      uses.push(cache.use('anna', (_, prk) => isZero(prk)));
      if (i % 3 === 0) cache.forget('anna');
      if (i % 7 === 0) await Promise.resolve();
    }
    assert.deepEqual(new Set(await Promise.all(uses)), new Set([false]));
  });

  it('keeps a thousand, and the newest of them', async () => {
    const { keys, cache, prkOf } = made();
    const first = await prkOf('0');
    for (let i = 1; i <= 1000; i++) await prkOf(`${i}`);
    assert.equal(cache.size, 1000);
    assert.ok(isZero(first));
    await prkOf('1000');
    assert.equal(keys.asked, 1001);
  });

  it('hands on what the keys say of themselves', async () => {
    const { keys, prkOf } = made();
    const shut = new AuditError('subject_keys_unavailable', 'shut for the night');
    keys.hold = Promise.reject(shut);
    keys.hold.catch(() => undefined);
    await assert.rejects(prkOf('anna'), shut);
  });

  it('waits for ten seconds, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { keys, prkOf } = made();
    keys.hold = new Promise(() => undefined);
    let code: string | undefined;
    const failing = codeOf(() => prkOf('anna')).then((found) => {
      code = found;
    });
    await vi.advanceTimersByTimeAsync(9_999);
    assert.equal(code, undefined);
    await vi.advanceTimersByTimeAsync(1);
    await failing;
    assert.equal(code, 'subject_keys_unavailable');
    assert.equal(vi.getTimerCount(), 0);
  });

  it('does not remember a failure, nor one that was forgotten', async () => {
    const { keys, cache, prkOf } = made();
    keys.hold = Promise.reject(new Error('shut'));
    keys.hold.catch(() => undefined);
    const failing = [codeOf(() => prkOf('anna')), codeOf(() => prkOf('bert'))];
    cache.forget('bert');
    assert.deepEqual(await Promise.all(failing), Array(2).fill('subject_keys_unavailable'));
    keys.hold = undefined;
    assert.ok(await prkOf('anna'));
  });
});
