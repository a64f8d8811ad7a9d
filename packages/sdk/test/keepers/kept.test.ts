import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildKeyContinuity,
  ContinuityKeeper,
  EvidenceKeeper,
  FileKeyRing,
  type KeyRing,
  MemoryKeyRing,
  SqliteKeyRing,
} from '../../src/index.js';
import { NOW } from '../support.js';
import { entry, revoked, Scene } from './support.js';

let s: Scene;
beforeEach(async () => {
  s = await Scene.make();
});

const makers = {
  lists: (ring: KeyRing) => {
    const lists = s.keeper(ring);
    return { read: () => lists.current(), write: async () => lists.import(await s.list(1)) };
  },
  evidence: (ring: KeyRing) => {
    const evidence = new EvidenceKeeper({ ring, refreshMs: 0 });
    const query = { digest: '', publicKeyHex: '', retiredAt: new Date() };
    return { read: () => evidence.find(query), write: () => evidence.record([{ n: 1 }]) };
  },
  continuity: (ring: KeyRing) => {
    const continuity = new ContinuityKeeper({ ring, refreshMs: 0 });
    const statement = () => buildKeyContinuity({ oldKey: s.issuer, newKey: s.rival });
    return { read: () => continuity.current(), write: async () => continuity.add(await statement()) };
  },
};

async function writtenAndRead(kept: ReturnType<(typeof makers)[keyof typeof makers]>): Promise<unknown> {
  await kept.write();
  return kept.read();
}

describe('a ring that never answers', () => {
  it('is waited for so long and no longer, and asked again', async () => {
    const inner = new MemoryKeyRing();
    let hangs: 'load' | 'save' | undefined = 'load';
    const ring: KeyRing = {
      load: () => (hangs === 'load' ? new Promise(() => {}) : inner.load()),
      save: (version, state) => (hangs === 'save' ? new Promise(() => {}) : inner.save(version, state)),
    };
    const keeper = new EvidenceKeeper({ ring, refreshMs: 0, timeoutMs: 5 });
    const [query, document] = [{ digest: '', publicKeyHex: '', retiredAt: new Date(NOW) }, { n: 1 }];
    const unavailable = { code: 'keeper_unavailable' };
    await expect(keeper.find(query)).rejects.toMatchObject(unavailable);
    hangs = 'save';
    await expect(keeper.find(query)).resolves.toBeUndefined();
    await expect(keeper.record([document])).rejects.toMatchObject(unavailable);
    hangs = undefined;
    await keeper.record([document]);
    expect((await inner.load())?.version).toBe(1);
  });

  it.each([0, -1, 1.5, 600_001, Number.NaN])('is not waited for %j ms', (timeoutMs) => {
    expect(() => new EvidenceKeeper({ ring: new MemoryKeyRing(), timeoutMs })).toThrow(RangeError);
  });
});

describe.each(Object.entries(makers))('a keeper of %s', (name, make) => {
  const states = (text: string): KeyRing => ({
    load: async () => ({ version: 1, state: text }),
    save: async () => true,
  });

  it('refuses a state that is damaged, of another kind, or newer', async () => {
    const ring = new MemoryKeyRing();
    await make(ring).write();
    const good = (await ring.load())?.state as string;
    const parsed = JSON.parse(good) as Record<string, unknown>;
    const foreign = JSON.stringify({ ...parsed, kind: 'other' });
    const cut = good.slice(0, -2);
    const more = JSON.stringify({ ...parsed, more: 1 });
    const digits = good.replace(/"[z0-9a-f][0-9A-Za-z]{30}/, '"zzzz');
    expect(digits).not.toBe(good);
    const emptied = good.replace(/\[.*\]/, '[{}]');
    for (const text of [
      foreign,
      cut,
      more,
      digits,
      emptied,
      '[]',
      '""',
      '{"schema":1}',
      '{"schema":0}',
      ' ',
    ]) {
      await expect(make(states(text)).read()).rejects.toMatchObject({ code: 'keeper_malformed' });
      await expect(make(states(text)).write()).rejects.toMatchObject({ code: 'keeper_malformed' });
    }
    const newer = JSON.stringify({ ...parsed, schema: 2 });
    await expect(make(states(newer)).read()).rejects.toMatchObject({ code: 'keeper_version' });
    await expect(make(states(good)).read()).resolves.not.toThrow();
  });

  it('refuses a state that was put back, or is gone', async () => {
    let stored: Awaited<ReturnType<KeyRing['load']>>;
    const ring = new MemoryKeyRing();
    const kept = make({ load: async () => stored, save: (...given) => ring.save(...given) });
    await kept.write();
    stored = await ring.load();
    await kept.read();
    for (const back of [undefined, { version: 0, state: stored?.state as string }]) {
      stored = back;
      await expect(kept.read()).rejects.toMatchObject({ code: 'keeper_malformed' });
    }
    stored = await ring.load();
    await kept.read();
    expect(name).toBeDefined();
  });

  it('refuses a state that was put back and has gone on from there', async () => {
    const [ring, other] = [new MemoryKeyRing(), new MemoryKeyRing()];
    await make(other).write();
    const { kind } = JSON.parse((await other.load())?.state as string) as { kind: string };
    const member = { lists: 'issuers', evidence: 'records', continuity: 'statements' }[name] as string;
    const begun = { version: 9, state: JSON.stringify({ schema: 1, kind, [member]: [] }) };
    let back = false;
    const kept = make({
      load: async () => (back ? begun : ring.load()),
      save: (...given) => ring.save(...given),
    });
    await kept.write();
    await kept.read();
    back = true;
    await expect(kept.read()).rejects.toMatchObject({ code: 'keeper_malformed' });
    await expect(kept.write()).rejects.toMatchObject({ code: 'keeper_malformed' });
    back = false;
    await kept.read();
    // Who has seen nothing cannot know.
    await make({ load: async () => begun, save: async () => true }).read();
  });

  it('is read once for all who ask at once, and sees its own writes', async () => {
    let loads = 0;
    const ring = new MemoryKeyRing();
    const kept = make({
      load: () => {
        loads++;
        return ring.load();
      },
      save: (...given) => ring.save(...given),
    });
    await Promise.all(Array.from({ length: 50 }, () => kept.read()));
    expect(loads).toBe(1);
    const [, after] = await Promise.all([kept.read(), writtenAndRead(kept)]);
    expect(JSON.stringify(after)).toBe(JSON.stringify(await make(ring).read()));
  });

  it('rejects while its ring is away, and gives up when others are always first', async () => {
    const away = new Error('away');
    const fails = async () => {
      throw away;
    };
    await expect(make({ load: fails, save: fails }).read()).rejects.toMatchObject({
      code: 'keeper_unavailable',
      cause: away,
    });
    await expect(make({ load: async () => undefined, save: fails }).write()).rejects.toMatchObject({
      code: 'keeper_unavailable',
    });
    const contended = make({ load: async () => undefined, save: async () => false });
    await expect(contended.write()).rejects.toMatchObject({ code: 'keeper_contended' });
  });
});

describe('keepers on a disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keepers-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const rings = {
    files: () => new FileKeyRing(join(folder, 'ring')),
    SQLite: () => new SqliteKeyRing(join(folder, 'ring.db'), { name: 'lists' }),
  };

  it.each(Object.entries(rings))('lose nothing when many import at once: %s', async (_, open) => {
    const given = await Promise.all(
      Array.from({ length: 12 }, (_unused, i) =>
        s.list(i + 1, { signer: i % 2 === 0 ? s.issuer : s.rival, covenants: [entry(i)] }),
      ),
    );
    await Promise.allSettled(given.map((each) => s.keeper(open()).import(each)));
    const lists = s.keeper(open());
    expect(await revoked(lists)).toHaveLength(12);
    expect([(await lists.export(s.issuer.did))?.number, (await lists.export(s.rival.did))?.number]).toEqual([
      11, 12,
    ]);
  });

  it('lose nothing when two processes import at once', async () => {
    const keys = [s.issuer, s.rival];
    const child = fileURLToPath(new URL('import-lists.mjs', import.meta.url));
    const given = await Promise.all(
      keys.map((signer) =>
        Promise.all([1, 2, 3, 4, 5].map((n) => s.list(n, { signer, covenants: [entry(n)] }))),
      ),
    );
    const path = join(folder, 'ring');
    await Promise.all(
      given.map((lists) => run(child, { path, now: NOW, issuers: keys.map(({ did }) => did), lists })),
    );
    const lists = s.keeper(new FileKeyRing(path));
    for (const { did } of keys) expect((await lists.export(did))?.number).toBe(5);
    expect(await revoked(lists)).toHaveLength(5);
  });

  it('deny where the file was cut', async () => {
    const path = join(folder, 'ring');
    await s.keeper(new FileKeyRing(path)).import(await s.list(1));
    const [name] = readdirSync(path).filter((each) => statSync(join(path, each)).size > 0);
    writeFileSync(join(path, name as string), '{"schema":1,');
    await expect(s.keeper(new FileKeyRing(path)).current()).rejects.toMatchObject({
      code: 'keeper_malformed',
    });
  });
});

function run(module: string, task: object): Promise<void> {
  const child = fork(module, { stdio: 'inherit' });
  child.send(task);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`it ended with ${code}`))));
  });
}
