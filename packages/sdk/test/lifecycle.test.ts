/** What happens to covenants and keys, in a log. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  buildKeyContinuity,
  documentDigest,
  type EventSink,
  KeyManager,
  Lifecycle,
  MemorySink,
  MemoryStore,
  SteleClient,
} from '../src/index.js';
import { type Cast, cast } from './support.js';

let c: Cast;
beforeAll(async () => {
  c = await cast();
});

let log: MemorySink;
let store: MemoryStore;
let away: boolean;
/** What was done, in order. */
let steps: string[];

beforeEach(() => {
  [log, store, away, steps] = [new MemorySink(), new MemoryStore(), false, []];
  const putting = store.put.bind(store);
  store.put = async (document) => {
    steps.push('put');
    return putting(document);
  };
  const revoking = store.putRevocation.bind(store);
  store.putRevocation = async (revocation) => {
    steps.push('putRevocation');
    return revoking(revocation);
  };
});

const watched = (): EventSink => ({
  append: async (entry) => {
    if (away) throw new Error('the disk is full');
    steps.push(entry.kind);
    return log.append(entry);
  },
  close: async () => {
    steps.push('close');
  },
});

const client = () => new SteleClient({ store, signer: c.owner, log: watched() });
const draft = () => ({ beneficiary: { id: c.agent.did }, constraints: 'permit orders.read on **' });
const read = { action: 'orders.read', resource: '/' };

describe('a client with a log', () => {
  it('records a covenant before it is stored, and a revocation once it is', async () => {
    const document = await client().issue(draft());
    const revocation = await client().revoke(document, 'over');
    expect(steps).toEqual(['covenant.put', 'put', 'putRevocation', 'covenant.revoked']);
    const [put, revoked] = log.events;
    expect(put).toMatchObject({
      v: 1,
      kind: 'covenant.put',
      covenant: document.id,
      agent: c.agent.did,
      digest: documentDigest(document),
    });
    expect(revoked).toMatchObject({ covenant: document.id, digest: documentDigest(revocation) });
    for (const { time } of log.events) expect(new Date(time).toISOString()).toBe(time);
  });

  it('stores nothing that the log does not take', async () => {
    away = true;
    await expect(client().issue(draft())).rejects.toMatchObject({
      code: 'event_not_recorded',
      cause: { message: 'the disk is full' },
    });
    expect(await store.count()).toBe(0);
  });

  it('revokes whatever becomes of the log, and says so loudly', async () => {
    const issued = client();
    const { id } = await issued.issue(draft());
    const monitor = await issued.monitor(id);
    away = true;
    await expect(issued.revoke(id, 'stolen')).rejects.toMatchObject({ code: 'event_not_recorded' });
    expect(await monitor.check(read)).toMatchObject({ code: 'covenant_invalid', check: 'not_revoked' });
    away = false;
    await issued.revoke(id, 'stolen');
    expect(log.events.map(({ kind }) => kind)).toEqual(['covenant.put', 'covenant.revoked']);
  });

  it('records each reissue, and one that the log does not take fails alone', async () => {
    const old = client();
    const ids = [(await old.issue(draft())).id, (await old.issue(draft())).id];
    const continuity = [await buildKeyContinuity({ oldKey: c.owner, newKey: c.manager })];
    const bare = watched();
    const choosy: EventSink = {
      ...bare,
      append: async (entry) => {
        if ('reissues' in entry && entry.reissues === ids[0]) throw new Error('away');
        return bare.append(entry);
      },
    };
    const next = new SteleClient({
      store,
      signer: c.manager,
      trust: [c.owner.did],
      followContinuity: true,
      continuity,
      log: choosy,
    });
    const { results } = await next.reissue(ids);
    expect(results).toMatchObject([
      { status: 'failed', code: 'event_not_recorded' },
      { covenant: ids[1], status: 'reissued' },
    ]);
    const [, second] = results as [unknown, { reissue: string }];
    expect(log.events.at(-1)).toMatchObject({ covenant: second.reissue, reissues: ids[1] });
    expect(await store.count()).toBe(3);
  });

  it('lends it to its monitors, which leave it open, and not to those with a sink of their own', async () => {
    const issued = client();
    const { id } = await issued.issue(draft());
    const monitor = await issued.monitor(id);
    expect((await monitor.check(read)).receipt).toEqual({ seq: 1 });
    await monitor.close();
    const own = new MemorySink();
    await (await issued.monitor(id, { sink: own })).check(read);
    expect(own.entries).toHaveLength(1);
    expect(log.entries).toHaveLength(1);
    expect(steps).not.toContain('close');
  });

  it('has the clock of its monitors follow the log', async () => {
    const ahead: EventSink = { ...watched(), lastTime: Date.now() + 3_600_000 };
    const { id } = await client().issue(draft());
    const monitor = await new SteleClient({ store, signer: c.owner, log: ahead }).monitor(id);
    expect((await monitor.check(read)).code).toBe('clock_suspect');
  });

  it('is refused one that is none', () => {
    expect(() => new SteleClient({ store, signer: c.owner, log: {} as never })).toThrow(TypeError);
  });
});

describe('the life of keys', () => {
  it('is recorded through the hook of their manager, which calls again for what failed', async () => {
    const lifecycle = new Lifecycle(watched());
    const keys = new KeyManager({ onRotation: lifecycle.keyRotated });
    await keys.initialize();
    const first = keys.activeKey.did;
    away = true;
    await expect(keys.rotate()).rejects.toMatchObject({ code: 'rotation_hook_failed' });
    const second = keys.activeKey.did;
    expect(second).not.toBe(first);
    away = false;
    await keys.rotate();
    expect(log.events).toMatchObject([
      { kind: 'key.rotated', use: 'covenant', key: second, previous: first },
    ]);
    expect(log.events).toHaveLength(1);
  });

  it('tells a revocation, without the reason', async () => {
    const lifecycle = new Lifecycle(log, { clock: () => 0 });
    const keys = new KeyManager();
    await keys.initialize();
    const key = keys.activeKey;
    await keys.revoke(key.publicKeyHex, 'found on a laptop');
    await lifecycle.keyRevoked(key);
    expect(log.events).toEqual([
      { v: 1, kind: 'key.revoked', time: '1970-01-01T00:00:00.000Z', use: 'covenant', key: key.did, seq: 0 },
    ]);
  });

  it('without a time is not recorded, and a log that is none is refused', async () => {
    const { activeKey } = await (async () => {
      const keys = new KeyManager();
      await keys.initialize();
      return keys;
    })();
    const lifecycle = new Lifecycle(log, { clock: () => Number.NaN });
    await expect(lifecycle.keyRevoked(activeKey)).rejects.toMatchObject({ code: 'event_not_recorded' });
    expect(() => new Lifecycle(undefined as never)).toThrow(TypeError);
  });
});

it('MemorySink keeps events apart from decisions, under one numbering, without contexts where it is to', async () => {
  const sink = new MemorySink({ values: false });
  await sink.append({ v: 1, kind: 'outcome', time: '', of: 0, outcome: 'done' });
  await sink.append({ v: 1, kind: 'approval.given', time: '', context: { secret: 1 } });
  expect(sink.entries).toMatchObject([{ kind: 'outcome', seq: 0 }]);
  expect(sink.events).toEqual([{ v: 1, kind: 'approval.given', time: '', context: null, seq: 1 }]);
});
