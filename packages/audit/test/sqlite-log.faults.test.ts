/** What can be wrong with a database, its file and its disk. */
import assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it } from 'vitest';
import { haveSqlite, sqliteDrivers, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import { type LogRecord, SqliteLogBackend, SqliteLogReader } from '../src/index.js';
import { append, recordsOf, rejectsWith } from '../src/lib/contract/harness.js';
import { bundleOf, publicationOf, sampleRecord, sampleRecords } from '../src/lib/contract/samples.js';
import { loadSqlite, type SqliteDatabase } from '../src/lib/sqlite-driver.js';
import { freshDatabase } from './support/databases.js';
import { memoryFolder, temporaryFolder } from './support/folders.js';
import { playSqlFault, type SqlFault } from './support/sql-faults.js';

const folder = temporaryFolder();
const freshPath = () => freshDatabase(folder);

const logs: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const log of logs.splice(0)) await log.close().catch(() => undefined);
});

/** With the database itself within reach. */
class Backend extends SqliteLogBackend {
  get database(): SqliteDatabase {
    return this.connection().database;
  }
}

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('a log in SQLite on %s', (driver) => {
  const backend = (path: string) => {
    const log = new Backend(path, { driver });
    logs.push(log);
    return log;
  };
  const open = async (path = freshPath()) => {
    const log = backend(path);
    await log.open();
    return log;
  };

  it('belongs to its owner alone', async () => {
    const path = freshPath();
    rmSync(`${path}.reserve`);
    await append(await open(path), [sampleRecord(0)]);
    for (const file of ['', '-wal', '-shm', '.lock', '.reserve']) {
      assert.equal(statSync(path + file).mode & 0o777, 0o600, file);
    }
  });

  it('has one writer, by whatever name', async () => {
    const path = freshPath();
    const log = await open(path);
    symlinkSync(path, `${path}.link`);
    await rejectsWith(backend(`${path}.link`).open(), 'audit_log_locked');
    await append(log, [sampleRecord(0)]);
    await log.close();
    const other = await open(`${path}.link`);
    assert.equal(await other.size(), 1);
    await rejectsWith(backend(path).open(), 'audit_log_locked');
    assert.ok(existsSync(`${path}.lock`) && !existsSync(`${path}.link.lock`));
    assert.equal(existsSync(`${path}.link-wal`), false);
  });

  it('is where the system finds it, with .. after a link in its path', async () => {
    const [place, link] = [freshPath(), freshPath()];
    mkdirSync(join(place, 'below'), { recursive: true });
    symlinkSync(join(place, 'below'), link);
    await append(await open(`${link}/../log.db`), [sampleRecord(0)]);
    await rejectsWith(backend(join(place, 'log.db')).open(), 'audit_log_locked');
  });

  it('is opened neither by a link that leads nowhere nor with a second name', async () => {
    const path = freshPath();
    symlinkSync(`${path}.nowhere`, path);
    await rejectsWith(backend(path).open(), 'audit_log_unavailable');
    const twice = freshPath();
    await (await open(twice)).close();
    linkSync(twice, `${twice}.too`);
    await rejectsWith(backend(twice).open(), 'audit_log_unavailable');
    rmSync(`${twice}.too`);
    assert.equal(await (await open(twice)).size(), 0);
  });

  it('is opened once by one object', async () => {
    const log = await open();
    await rejectsWith(log.open(), 'audit_log_closed');
    await append(log, [sampleRecord(0)]);
  });

  it('needs a lock that is a file, and a place for it', async () => {
    const path = freshPath();
    symlinkSync('/dev/null', `${path}.lock`);
    await rejectsWith(backend(path).open(), 'audit_log_unavailable');
    rmSync(`${path}.lock`);
    writeFileSync(`${path}.lock`, 'this is no database, but it is long enough to be looked at for one');
    await rejectsWith(backend(path).open(), 'audit_log_corrupt');
    rmSync(`${path}.lock`);
    assert.equal(await (await open(path)).size(), 0);
    await rejectsWith(backend(join(folder, 'no', 'such', 'log.db')).open(), 'audit_log_unavailable');
    await rejectsWith(backend(folder).open(), 'audit_log_unavailable');
    const blocked = freshPath();
    rmSync(`${blocked}.reserve`);
    mkdirSync(`${blocked}.reserve`);
    await rejectsWith(backend(blocked).open(), 'audit_log_unavailable');
    rmSync(`${blocked}.reserve`, { recursive: true });
    await open(blocked);
  });

  it('leaves what is no log as it is', async () => {
    const text = freshPath();
    writeFileSync(text, 'a letter to somebody, which is rather long and is no database at all'.repeat(20));
    const store = freshPath();
    const database = loadSqlite(driver)(store);
    database.exec('CREATE TABLE letters (text TEXT); PRAGMA application_id = 7');
    database.close();
    const foreign = freshPath();
    const unmarked = loadSqlite(driver)(foreign);
    unmarked.exec('CREATE TABLE letters (text TEXT)');
    unmarked.close();
    for (const path of [text, store, foreign]) {
      const before = readFileSync(path);
      await rejectsWith(backend(path).open(), 'audit_log_corrupt');
      assert.throws(() => new SqliteLogReader(path, { driver }), { code: 'audit_log_corrupt' });
      assert.deepEqual(readFileSync(path), before);
    }
  });

  it('is not opened where a newer version has made it, and not read where nobody has', async () => {
    const path = freshPath();
    await (await open(path)).close();
    const version = (n: number) => {
      const database = loadSqlite(driver)(path);
      database.exec(`PRAGMA user_version = ${n}`);
      database.close();
    };
    version(2);
    const before = readFileSync(path);
    await rejectsWith(backend(path).open(), 'audit_log_version');
    assert.throws(() => new SqliteLogReader(path, { driver }), { code: 'audit_log_version' });
    assert.deepEqual(readFileSync(path), before);
    version(1);
    await open(path);
    const empty = freshPath();
    writeFileSync(empty, '');
    assert.throws(() => new SqliteLogReader(empty, { driver }), { code: 'audit_log_version' });
    assert.throws(() => new SqliteLogReader(freshPath(), { driver }), { code: 'audit_log_unavailable' });
  });

  it('is read beside its writer', async () => {
    const path = freshPath();
    const log = await open(path);
    const reader = new SqliteLogReader(path, { driver });
    logs.push(reader);
    const records = sampleRecords(0, 300, () => ({ sealed: Uint8Array.of(1) }));
    await append(log, records);
    assert.deepEqual([await reader.checkpoint(), await reader.entries(0, 1)], [undefined, undefined]);
    const publication = publicationOf(records, 300);
    await log.publish(publication);
    assert.equal(await reader.checkpoint(), publication.checkpoint);
    assert.deepEqual(new Uint8Array((await reader.entries(1, 44)) ?? []), bundleOf(records.slice(256)));
    assert.equal((await reader.tile(0, 1, 44))?.length, 44 * 32);
    assert.deepEqual(new Uint8Array((await reader.sealed(5)) ?? []), Uint8Array.of(1));
    await log.prune(256);
    assert.equal(await reader.first(), 256);
    await reader.close();
    await reader.close();
    await rejectsWith(reader.first(), 'audit_log_closed');
  });

  it('takes little more room than its entries', async () => {
    const path = freshPath();
    const log = await open(path);
    const records = sampleRecords(0, 5000, () => ({ leaf: Buffer.alloc(512, 97) }));
    await append(log, records, 64);
    await log.publish(publicationOf(records, 5000));
    await log.close();
    const share = statSync(path).size / (5000 * 512);
    assert.ok(share <= 1.3, `${share} bytes for each`);
  });

  it('keeps nothing of what was pruned, in any of its files', async () => {
    const path = freshPath();
    const log = await open(path);
    const secret = 'the-name-of-somebody';
    const records = sampleRecords(0, 600, (i) => ({
      leaf: Buffer.from(`{"seq":${i},"x":"${i < 512 ? secret : ''}"}`),
      sealed: Buffer.from(i < 512 ? secret.repeat(500) : 'other'),
    }));
    await append(log, records);
    await log.publish(publicationOf(records, 600));
    const holds = () => ['', '-wal'].some((file) => readFileSync(path + file).includes(secret));
    assert.equal(holds(), true);
    await log.prune(512);
    assert.equal(holds(), false);
  });

  it('says what is missing from it, or was changed', async () => {
    const log = await open();
    const records = sampleRecords(0, 600);
    await append(log, records);
    await log.publish(publicationOf(records, 600));
    log.database.exec('DELETE FROM records WHERE idx = 300');
    assert.equal(await log.entries(1, 256), undefined);
    assert.notEqual(await log.entries(1, 44), undefined);
    await rejectsWith(recordsOf(log, 256, 600), 'audit_log_corrupt');
    log.database.exec('UPDATE records SET leaf = zeroblob(65536) WHERE idx = 0');
    await rejectsWith(log.entries(0, 1), 'audit_log_corrupt');
    log.database.exec('UPDATE tiles SET hashes = zeroblob(100) WHERE level = 0');
    assert.equal(await log.tile(0, 0, 256), undefined);
    log.database.exec('DELETE FROM log');
    await rejectsWith(log.checkpoint(), 'audit_log_corrupt');
  });

  it('says that it is damaged', async () => {
    const path = freshPath();
    const log = await open(path);
    await append(log, sampleRecords(0, 2000));
    await log.close();
    const bytes = readFileSync(path);
    bytes.fill(0x55, 4096);
    writeFileSync(path, bytes);
    await rejectsWith(backend(path).open(), 'audit_log_corrupt');
  });

  it('acknowledges nothing that is written to a file which is not at its path any more', async () => {
    const path = freshPath();
    const log = await open(path);
    await append(log, [sampleRecord(0)]);
    renameSync(path, `${path}.away`);
    await rejectsWith(log.append(1, [sampleRecord(1)]), 'audit_log_unavailable');
    await rejectsWith(log.publish(publicationOf([sampleRecord(0)], 1)), 'audit_log_unavailable');
    renameSync(`${path}.away`, path);
    renameSync(`${path}-wal`, `${path}.away`);
    await rejectsWith(log.append(1, [sampleRecord(1)]), 'audit_log_unavailable');
    renameSync(`${path}.away`, `${path}-wal`);
    await append(log, [sampleRecord(1)]);
    assert.equal(await log.size(), 2);
  });

  it('refuses what is not vital while the database is full, and goes on when there is room', async () => {
    const log = await open();
    await append(log, sampleRecords(0, 10));
    const { page_count: pages } = log.database.prepare('PRAGMA page_count').get() as { page_count: number };
    log.database.exec(`PRAGMA max_page_count = ${pages}`);
    const large = (index: number, vital: boolean): LogRecord =>
      sampleRecord(index, { leaf: Buffer.alloc(60_000, 97), vital });
    await rejectsWith(log.append(10, [large(10, false), large(11, true)]), 'audit_disk_low');
    assert.equal(await log.size(), 10);
    // From now on nothing but vital records is tried at all.
    await rejectsWith(log.append(10, [sampleRecord(10)]), 'audit_disk_low');
    await append(log, [sampleRecord(10, { vital: true })]);
    await rejectsWith(log.append(11, [large(11, true)]), 'audit_disk_low');
    assert.equal(await log.size(), 11);
    log.database.exec('PRAGMA max_page_count = 1000000');
    await append(log, [large(11, true)]);
    assert.equal(await log.publish(publicationOf(sampleRecords(0, 12), 12)), true);
    await append(log, [large(12, false)]);
    assert.equal(await log.size(), 13);
  });

  it('is unavailable where it cannot be written, and loses nothing', async () => {
    const log = await open();
    await append(log, sampleRecords(0, 3));
    log.database.exec('PRAGMA query_only = ON');
    await rejectsWith(log.append(3, [sampleRecord(3)]), 'audit_log_unavailable');
    await rejectsWith(log.publish(publicationOf(sampleRecords(0, 3), 3)), 'audit_log_unavailable');
    log.database.exec('PRAGMA query_only = OFF');
    await append(log, [sampleRecord(3)]);
    assert.equal((await recordsOf(log, 0, 4)).length, 4);
  });

  it('refuses what it cannot be made from', () => {
    for (const path of ['', ':memory:', 'a\0b']) assert.throws(() => new SqliteLogBackend(path), RangeError);
    assert.throws(() => new SqliteLogBackend(7 as never), TypeError);
    assert.throws(() => new SqliteLogBackend('x', { driver: 'sqlite' as never }), RangeError);
  });
});

describe('a driver that does not load', () => {
  const missing = (['better-sqlite3', 'node:sqlite'] as const).filter(
    (name) => !sqliteDrivers.includes(name),
  );
  it.skipIf(missing.length === 0)(
    'makes the log unavailable, and leaves nothing behind but an empty file',
    async () => {
      const path = freshPath();
      await rejectsWith(new SqliteLogBackend(path, { driver: missing[0] }).open(), 'audit_log_unavailable');
      assert.equal(statSync(path).size, 0);
    },
  );
});

describe.skipIf(!sqliteDrivers.includes('better-sqlite3'))('a log in SQLite on a disk that fails', () => {
  it('writes nothing more until it is opened again', async () => {
    const path = freshPath();
    const log = new SqliteLogBackend(path, { driver: 'better-sqlite3' });
    logs.push(log);
    await log.open();
    await append(log, [sampleRecord(0)]);
    const counting = playSqlFault(0, 'before');
    await log.append(1, [sampleRecord(1)]);
    const asked = counting.count();
    counting.end();
    // The last thing that an append asks is to commit.
    const playing = playSqlFault(asked, 'after');
    await rejectsWith(log.append(2, [sampleRecord(2)]), 'audit_log_unavailable').finally(playing.end);
    await rejectsWith(log.append(2, [sampleRecord(2)]), 'audit_log_unavailable');
    await rejectsWith(log.publish(publicationOf(sampleRecords(0, 2), 2)), 'audit_log_unavailable');
    await log.close();
    const again = new SqliteLogBackend(path, { driver: 'better-sqlite3' });
    logs.push(again);
    assert.deepEqual(await again.open(), { size: 3, cutBytes: 0 });
    await append(again, [sampleRecord(3)]);
  });
});

const POINTS = 90;
const memory = memoryFolder();

describe.skipIf(!sqliteDrivers.includes('better-sqlite3')).each<SqlFault>(['before', 'after'])(
  'a log in SQLite that fails %s any one of what it asks',
  (fault) => {
    it('has every batch that was acknowledged, in order, and none in part', async () => {
      let reached = 0;
      for (let n = 1; n <= POINTS; n++) {
        const path = freshDatabase(memory);
        const driver = 'better-sqlite3';
        const playing = playSqlFault(n, fault);
        const log = new SqliteLogBackend(path, { driver });
        const acknowledged = await live(log).finally(playing.end);
        reached = Math.max(reached, playing.count());
        await log.close();
        const again = new SqliteLogBackend(path, { driver });
        const { size } = await again.open();
        assert.ok(size >= acknowledged && size % 3 === 0, `${size} of ${acknowledged} after ${n}`);
        const found = await recordsOf(again, Math.max(0, await again.first()), size);
        const expected = sampleRecords(size - found.length, size);
        assert.deepEqual(
          found.map(({ leaf }) => Buffer.from(leaf).toString()),
          expected.map(({ leaf }) => Buffer.from(leaf).toString()),
        );
        await append(again, sampleRecords(size, size + 3));
        await again.close();
      }
      assert.ok(reached > POINTS / 2, `${reached} things are asked`);
    }, 60_000);
  },
);

/** A short life. @returns how many records were acknowledged */
async function live(log: SqliteLogBackend): Promise<number> {
  let acknowledged = 0;
  try {
    await log.open();
    for (let at = 0; at < 9; at += 3) {
      const { appended, size } = await log.append(
        at,
        sampleRecords(at, at + 3, () => ({ opens: true })),
      );
      if (appended) acknowledged = size;
    }
    await log.publish(publicationOf(sampleRecords(0, 9), 9));
    await log.append(
      9,
      sampleRecords(9, 12, (i) => ({ closes: i - 9 })),
    );
    acknowledged = 12;
  } catch (error) {
    assert.equal((error as { name?: unknown }).name, 'AuditError');
  }
  return acknowledged;
}
