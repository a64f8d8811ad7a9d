/** Every step of every change of a ring in SQLite: failing, the last that its process does, or cut by the end of the power. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { KeyRingError } from '@stele/crypto';
import { beforeAll, describe, it } from 'vitest';
import { sqliteDrivers } from '../../../test/support/sqlite.js';
import { loadSqlite } from '../src/lib/sqlite-driver.js';
import {
  isConsistent,
  OPERATIONS,
  type Operation,
  opened,
  perform,
  prepare,
} from './support/key-ring-operations.js';
import { bundle, run } from './support/programs.js';
import { playSqlFault, type SqlFault } from './support/sql-faults.js';
import { freshPath } from './support/stores.js';

const installed = sqliteDrivers.includes('better-sqlite3');

/** Copies of the ring that an operation is to change. */
async function ground(operation: Operation): Promise<() => string> {
  const original = freshPath('ring-ground');
  await prepare(operation, original);
  return () => {
    const path = freshPath('ring-copy');
    copyFileSync(original, path);
    return path;
  };
}

/** How often an operation calls SQLite. */
async function callsOf(operation: Operation, path: string): Promise<number> {
  const { ring, manager } = await opened(operation, path);
  const counted = playSqlFault(0, 'throw before');
  try {
    await perform(operation, manager);
  } finally {
    counted.end();
  }
  await ring.close();
  return counted.count();
}

describe.skipIf(!installed).each(OPERATIONS)('%s on better-sqlite3', (operation) => {
  it('that fails at any call says so, and leaves a ring that opens', async () => {
    const fresh = await ground(operation);
    const calls = await callsOf(operation, fresh());
    assert.ok(calls >= 4, `${calls} calls`);
    const outcomes = new Set<string>();
    for (let n = 1; n <= calls; n++) {
      for (const fault of ['throw before', 'throw after'] as const) {
        const path = fresh();
        const { ring, manager } = await opened(operation, path);
        const played = playSqlFault(n, fault);
        const error: unknown = await perform(operation, manager)
          .catch((reason: unknown) => reason)
          .finally(played.end);
        if (error !== undefined) {
          assert.ok(error instanceof KeyRingError);
          assert.equal(error.code, 'key_ring_unavailable');
        }
        const copy = freshPath('ring-after-fault');
        copyFileSync(path, copy);
        copyFileSync(`${path}-wal`, `${copy}-wal`);
        // The same manager goes on as if nothing had been, once the disk does.
        await manager.initialize();
        await perform(operation, manager);
        await ring.close();
        const changed = await isConsistent(operation, copy);
        outcomes.add(
          `${error === undefined ? 'told done' : 'told failed'}, ${changed ? 'changed' : 'as before'}`,
        );
      }
    }
    assert.deepEqual(
      [...outcomes].sort(),
      ['told done, changed', 'told failed, as before', 'told failed, changed'].sort(),
    );
  }, 60_000);

  it('whose log the end of the power cuts anywhere leaves the one state or the other', async () => {
    const fresh = await ground(operation);
    const path = fresh();
    const { ring, manager } = await opened(operation, path);
    const reader = loadSqlite('better-sqlite3').open(path); // keeps the log from being emptied
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM key_rings').all();
    await perform(operation, manager);
    const [before, log] = [readFileSync(path), readFileSync(`${path}-wal`)];
    reader.close();
    await ring.close();
    const after = readFileSync(path);
    const isConsistentWith = (database: Uint8Array, cut: Uint8Array) => {
      const copy = freshPath('ring-cut');
      writeFileSync(copy, database);
      writeFileSync(`${copy}-wal`, cut);
      return isConsistent(operation, copy);
    };
    // What the file was given room for may be filled, or not yet.
    for (const room of [0, log.length]) {
      const outcomes: boolean[] = [];
      for (const end of cutsOf(log.length)) {
        const cut = Buffer.alloc(Math.max(end, room));
        log.copy(cut, 0, 0, end);
        outcomes.push(await isConsistentWith(before, cut));
      }
      assert.deepEqual([outcomes[0], outcomes.at(-1)], [false, true]);
      assert.deepEqual(outcomes, outcomes.toSorted(), 'once changed it stays so');
    }
    for (const end of cutsOf(after.length)) {
      const half = Buffer.concat([after.subarray(0, end), before.subarray(end)]);
      assert.equal(await isConsistentWith(half, log), true, `half a checkpoint, ${end} bytes`);
    }
  }, 120_000);
});

/** Where a write may end: at each sector, and a byte to either side. */
function cutsOf(length: number): number[] {
  const SECTOR = 512;
  const cuts = new Set([length]);
  for (let at = 0; at < length; at += SECTOR)
    for (const cut of [at - 1, at, at + 1]) if (cut >= 0) cuts.add(cut);
  return [...cuts].sort((a, b) => a - b);
}

describe.skipIf(!installed)('a log that cannot be emptied', () => {
  it('leaves the ring as patient as it was', async () => {
    const { ring, manager } = await opened('initialize', freshPath('ring-patient'));
    await manager.initialize();
    const asked: string[] = [];
    const played = playSqlFault(0, 'throw before', (sql) => {
      asked.push(sql);
      if (sql.includes('checkpoint')) throw new Error('disk I/O error');
    });
    await manager.rotate().finally(played.end);
    assert.deepEqual(asked, [
      'PRAGMA busy_timeout = 0',
      'PRAGMA wal_checkpoint(TRUNCATE)',
      'PRAGMA busy_timeout = 5000',
    ]);
    await ring.close();
  });
});

describe.skipIf(!installed)('a process killed', () => {
  let victim = '';
  beforeAll(async () => {
    victim = await bundle('key-ring-victim.ts');
  });

  it.each(OPERATIONS)(
    'at any call of SQLite in %s leaves a ring that opens',
    async (operation) => {
      const fresh = await ground(operation);
      const calls = await callsOf(operation, fresh());
      const points = Array.from({ length: calls }, (_, i) => [i + 1, 'kill before'] as [number, SqlFault]);
      points.push([calls, 'kill after']);
      const outcomes = new Set<boolean>();
      for (const [n, fault] of points) {
        const path = fresh();
        const { signal, output } = await run(victim, [path, operation, String(n), fault]);
        assert.deepEqual([signal, output], ['SIGKILL', '']);
        outcomes.add(await isConsistent(operation, path));
      }
      assert.deepEqual(outcomes, new Set([false, true]));
    },
    120_000,
  );
});
