/**
 * Processes that are killed (SIGKILL) at random instants while they write. They run the built package. `STELE_KILLS` says how many
 * times in all, 50 when not given.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { eventually } from '../../../test/support/proxy.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { FileStore, SqliteStore, type StoreWithBackend } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { PostgresStore } from '../src/postgres.js';
import { temporaryFolder } from './support/backends.js';
import { freshSchema, inspector, unsyncedUrl } from './support/postgres.js';

const KILLS = Number(process.env.STELE_KILLS ?? 50);
const LOADER = fileURLToPath(new URL('./support/loader.mjs', import.meta.url));
/** On the disk, where what is written takes its time. */
const folder = temporaryFolder();
/** So many acknowledged writes go before the instant, at most; the rest is chance. */
const MOST_WRITES = 12;

/** What a process said before it was killed. */
async function load(place: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, [LOADER, ...place], { stdio: ['ignore', 'pipe', 'inherit'] });
  const enough = randomInt(1, MOST_WRITES);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    // Between the line that says enough and the signal there is as much time as chance gives.
    if (said.split('\n').length > enough) setTimeout(() => child.kill('SIGKILL'), randomInt(0, 4));
  });
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  assert.equal(code, null);
  return said.split('\n').slice(0, -1);
}

/** What must be there, and what was begun and not acknowledged. */
function told(lines: readonly string[], present: Set<string>): { sign: string; ids: string[] } | undefined {
  let begun: { sign: string; ids: string[] } | undefined;
  for (const line of lines) {
    const [mark, sign = '', ...ids] = line.split(' ');
    begun = mark === '?' ? { sign, ids } : undefined;
    if (begun === undefined) for (const id of ids) sign === '+' ? present.add(id) : present.delete(id);
  }
  return begun;
}

interface Kind {
  readonly kind: string;
  readonly have: boolean;
  /** What the loader is told. */
  readonly place: readonly string[];
  readonly open: () => StoreWithBackend;
  /** Waits until nothing more comes of a process that is gone. */
  readonly settled?: () => Promise<void>;
}

const [file, database, schema] = [join(folder, 'file'), join(folder, 'sqlite'), freshSchema()];
const sessionsOf = new URL(unsyncedUrl);
sessionsOf.searchParams.set('application_name', schema);
const url = sessionsOf.href.replaceAll('+', '%20');

const kinds: Kind[] = [
  { kind: 'FileStore', have: true, place: ['file', file], open: () => new FileStore(file) },
  {
    kind: 'SqliteStore (needs SQLite)',
    have: haveSqlite,
    place: ['sqlite', database],
    open: () => new SqliteStore(database),
  },
  {
    kind: 'PostgresStore (needs PostgreSQL)',
    have: havePostgres,
    place: ['postgres', url, schema],
    open: () => new PostgresStore(unsyncedUrl, { schema, timeoutMs: 30_000 }),
    settled: () => eventually(noSessions),
  },
];
/** Each store gets its share of the deaths. */
const share = Math.ceil(KILLS / kinds.filter(({ have }) => have).length);

/** The server ends what it was asked for although nobody hears of it. */
async function noSessions(): Promise<void> {
  const text = 'SELECT 1 FROM pg_stat_activity WHERE application_name = $1';
  const { rowCount } = await inspector.query({ text, values: [schema] });
  assert.equal(rowCount, 0);
}

describe.each(kinds)('a $kind of processes that are killed', ({ have, place, open, settled }) => {
  it.skipIf(!have)(
    'has all that was acknowledged, nothing that was removed, and nothing by half',
    async () => {
      const present = new Set<string>();
      for (let kill = 0; kill < share; kill++) {
        const begun = told(await load(place), present);
        await settled?.();
        const store = open();
        const found = new Set((await collect(store.iterate())).map(({ id }) => id));
        if (begun !== undefined) {
          const done = begun.ids.filter((id) => found.has(id) === (begun.sign === '+'));
          assert.ok(
            done.length === 0 || done.length === begun.ids.length,
            `${done.length} of ${begun.ids.length}`,
          );
          if (done.length > 0)
            for (const id of done) begun.sign === '+' ? present.add(id) : present.delete(id);
        }
        assert.deepEqual(found, present);
        assert.equal(await store.count(), present.size);
        await store.probe();
        await store.close();
      }
    },
    KILLS * 10_000,
  );
});
