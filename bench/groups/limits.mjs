import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryLimits } from '@stele/ccl';
import { SqliteLimits } from '@stele/store';

export const title = 'Limits';

/** Two limits that apply to every request, a count and a budget, and are never used up here. */
const CHARGES = [
  { key: 'count', amount: 1e9, cost: 1, periodMs: 3_600_000 },
  { key: 'budget', amount: 1e9, cost: 1.25, periodMs: 86_400_000 },
];
const CALLERS = 64;

export async function* tables({ folder }) {
  const path = (name) => join(folder, name);
  const synced = bareCounters(path('synced.db'), 'FULL');
  const unsynced = bareCounters(path('unsynced.db'), 'NORMAL');
  const memory = new MemoryLimits();
  const [one, many, refusing] = ['one.db', 'many.db', 'refusing.db'].map(
    (name) => new SqliteLimits(path(name)),
  );
  yield {
    title: 'Reserve and commit',
    note: 'Two limits at a time, a count and a budget. The bare rows add to two counters in one transaction, without windows; the second is not synced, so that a power failure would take from it what was permitted.',
    candidates: [
      { name: 'better-sqlite3, bare counters, synced', run: () => synced.add() },
      { name: 'better-sqlite3, bare counters, not synced', run: () => unsynced.add() },
      { name: 'MemoryLimits', run: () => spend(memory) },
      { name: 'SqliteLimits, 1 caller', run: () => spend(one) },
      { name: `SqliteLimits, ${CALLERS} callers`, run: () => spend(many), callers: CALLERS },
    ],
  };
  const used = { key: 'used', amount: 100, cost: 1, periodMs: 86_400_000 };
  const full = [new MemoryLimits(), refusing];
  for (const limits of full) for (let i = 0; i < 100; i++) await limits.reserve([used]);
  yield {
    title: 'Refuse what is used up',
    note: 'A limit of 100 a day. SQLite writes nothing.',
    candidates: [
      { name: 'MemoryLimits', run: () => full[0].reserve([used]) },
      { name: 'SqliteLimits', run: () => full[1].reserve([used]) },
    ],
  };
  for (const each of [synced, unsynced, one, many, refusing]) await each.close();
}

async function spend(limits) {
  const { id } = await limits.reserve(CHARGES);
  await limits.commit(id);
}

/** The least that two durable counters take, with the very library build that SqliteLimits loads. */
function bareCounters(path, synchronous) {
  const Database = createRequire(fileURLToPath(import.meta.resolve('@stele/store')))('better-sqlite3');
  const database = new Database(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
  database.exec('CREATE TABLE counters (id INTEGER PRIMARY KEY, used REAL NOT NULL)');
  database.exec('INSERT INTO counters VALUES (1, 0), (2, 0)');
  const add = database.prepare('UPDATE counters SET used = used + 1.25 WHERE id = ?');
  const both = database.transaction(() => {
    add.run(1);
    add.run(2);
  });
  return { add: () => both.immediate(), close: () => database.close() };
}
