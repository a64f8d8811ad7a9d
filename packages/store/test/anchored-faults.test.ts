/** What an anchor makes of media that hold strange things, of writers that die half-way, and of crowds. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import type { Change, RecordBackend, StoreAnchor } from '../src/index.js';
import { AnchoredBackend } from '../src/lib/anchored-backend.js';
import { FileBackend } from '../src/lib/file-backend.js';
import { MemoryBackend } from '../src/lib/memory-backend.js';
import { SqliteBackend } from '../src/lib/sqlite-backend.js';
import { loadSqlite } from '../src/lib/sqlite-driver.js';
import { codeOf, MemoryAnchor } from './support/anchors.js';
import { covenantIdOf as id } from './support/backends.js';
import { withFault } from './support/faulty-fs.js';
import { freshPath } from './support/stores.js';

const put = (n: number, text = 'x'): Change => ({
  kind: 'covenant',
  id: id(n),
  expected: undefined,
  next: { bytes: Buffer.from(text), tokens: [] },
});

/** The same backend but for one method. */
function instead<Name extends keyof RecordBackend>(
  inner: RecordBackend,
  method: Name,
  other: RecordBackend[Name],
): RecordBackend {
  return new Proxy(inner, {
    get: (target, name) => {
      if (name === method) return other;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('an anchored database on %s', (driver) => {
  it('is not the same when the beginning of a record has become the end of its id', async () => {
    const path = freshPath();
    const inner = new SqliteBackend(path, { driver, busyTimeoutMs: 1000 });
    const backend = new AnchoredBackend(inner, new MemoryAnchor());
    await backend.write([put(1, 'first\nsecond'), put(2)]);
    const database = loadSqlite(driver).open(path);
    database.exec(
      `UPDATE records SET id = id || char(10) || 'first', bytes = CAST('second' AS BLOB) WHERE id = '${id(1)}'`,
    );
    database.close();
    assert.equal(await backend.get('covenant', id(1)), undefined);
    assert.equal(await codeOf(() => backend.verify()), 'store_rolled_back');
    await backend.close();
  });

  it('is not the same when a record was planted that cannot be read', async () => {
    const path = freshPath();
    const inner = new SqliteBackend(path, { driver, busyTimeoutMs: 1000 });
    const backend = new AnchoredBackend(inner, new MemoryAnchor());
    await backend.write([put(1)]);
    const database = loadSqlite(driver).open(path);
    database.exec(
      `INSERT INTO records (kind, id, bytes, tokens) VALUES ('covenant', '${id(2)}', 'no bytes', '')`,
    );
    database.close();
    assert.equal(await codeOf(() => backend.verify()), 'store_rolled_back');
    await backend.close();
  });
});

describe('an anchored folder', () => {
  it('is no false alarm to a process that has it open when a writer dies half-way', async () => {
    for (let at = 1, reached = true; reached; at++) {
      const folder = freshPath();
      const anchor = new MemoryAnchor();
      const witness = new AnchoredBackend(new FileBackend(folder), anchor);
      await witness.write([put(1)]);
      const writer = new AnchoredBackend(new FileBackend(folder), anchor);
      ({ reached } = await withFault({ at, how: 'death' }, () => writer.write([put(2), put(3)])));
      // A lock of a process that is gone is nobody's.
      rmSync(join(folder, 'lock'), { force: true });
      const { records } = await witness.verify();
      assert.ok(records === 1 || records === 3, `${records} at ${at}`);
      await witness.close();
    }
  });
});

describe('an anchored store', () => {
  it('is verified where nothing can be written', async () => {
    const refused = async () => {
      throw new Error('read-only');
    };
    const anchor = new MemoryAnchor();
    const bare = new MemoryBackend();
    await new AnchoredBackend(bare, anchor).write([put(1)]);
    const readOnly = new AnchoredBackend(instead(bare, 'write', refused), anchor);
    assert.equal((await readOnly.verify()).records, 1);
    await bare.write([put(2)]);
    assert.equal(await codeOf(() => readOnly.verify()), 'store_rolled_back');
  });
});

describe('a crowd of writers', () => {
  it('may be slow, and the first of them may die, without a false alarm', async () => {
    const [inner, anchor] = [new MemoryBackend(), new MemoryAnchor()];
    await new AnchoredBackend(inner, anchor).write([put(0)]);
    const waiting: (() => void)[] = [];
    const slow = instead(inner, 'write', async (changes) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return inner.write(changes);
    });
    let dead = false;
    const mortal: StoreAnchor = {
      read: async () => (dead ? Promise.reject(new Error('dead')) : anchor.read()),
      advance: async (from, to) => (dead ? Promise.reject(new Error('dead')) : anchor.advance(from, to)),
    };
    const until = async (count: number) => {
      while (waiting.length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    const first = new AnchoredBackend(slow, mortal).write([put(1)]).catch(() => 'dead');
    await until(1);
    const others: Promise<boolean>[] = [];
    for (let n = 2; n <= 24; n++) {
      others.push(new AnchoredBackend(slow, anchor).write([put(n)]));
      await until(n);
    }
    assert.ok((anchor.text?.length ?? 0) < 2048);
    dead = true;
    waiting.shift()?.();
    assert.equal(await first, 'dead');
    assert.equal((await new AnchoredBackend(inner, anchor).verify()).records, 2);
    const release = setInterval(() => {
      for (const go of waiting.splice(0)) go();
    });
    assert.ok((await Promise.all(others)).every(Boolean));
    clearInterval(release);
    assert.equal((await new AnchoredBackend(inner, anchor).verify()).records, 25);
  });
});
