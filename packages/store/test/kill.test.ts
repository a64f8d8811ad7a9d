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
import { haveSqlite } from '../../../test/support/sqlite.js';
import { FileStore, SqliteStore, type StoreWithBackend } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { temporaryFolder } from './support/backends.js';

const KILLS = Number(process.env.STELE_KILLS ?? 50);
const LOADER = fileURLToPath(new URL('./support/loader.mjs', import.meta.url));
/** On the disk, where what is written takes its time. */
const folder = temporaryFolder();
/** So many acknowledged writes go before the instant, at most; the rest is chance. */
const MOST_WRITES = 12;

/** What a process said before it was killed. */
async function load(kind: string, path: string): Promise<string[]> {
  const child = spawn(process.execPath, [LOADER, kind, path], { stdio: ['ignore', 'pipe', 'inherit'] });
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

const kinds: (readonly ['file' | 'sqlite', (path: string) => StoreWithBackend])[] = [
  ['file', (path) => new FileStore(path)],
  ...(haveSqlite ? [['sqlite', (path: string) => new SqliteStore(path)] as const] : []),
];

describe.each(kinds)('the %s store of processes that are killed', (kind, open) => {
  it(
    'has all that was acknowledged, nothing that was removed, and nothing by half',
    async () => {
      const path = join(folder, kind);
      const present = new Set<string>();
      for (let kill = 0; kill < KILLS / kinds.length; kill++) {
        const begun = told(await load(kind, path), present);
        const store = open(path);
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
