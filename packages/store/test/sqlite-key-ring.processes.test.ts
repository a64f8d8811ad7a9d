/** Processes that rotate the keys of one ring in SQLite at once. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { rotations } from '../../../test/support/rotations.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { SqliteKeyRing } from '../src/sqlite-key-ring.js';
import { bundle, run } from './support/programs.js';
import { freshPath } from './support/stores.js';

interface Told {
  readonly first: string;
  readonly made: string[];
}

describe.skipIf(!haveSqlite)('processes that share a ring in SQLite', () => {
  it(`rotate ${rotations} times each and end with one active key and a full history`, async () => {
    const [path, rotator] = [freshPath('ring-shared'), await bundle('key-ring-rotator.ts')];
    const ended = await Promise.all([1, 2].map(() => run(rotator, [path, String(rotations)])));
    assert.deepEqual(
      ended.map(({ code }) => code),
      [0, 0],
    );
    const told = ended.map(({ output }) => JSON.parse(output) as Told);
    const made = told.flatMap((each) => each.made);
    const ring = new SqliteKeyRing(path);
    const stored = await ring.load();
    await ring.close();
    const { keys, revoked } = JSON.parse(stored?.state ?? '') as {
      keys: { publicKeyHex: string; replacedAt?: number; sealed?: string }[];
      revoked: object[];
    };
    assert.equal(told[0]?.first, told[1]?.first);
    // Each key was put in place by exactly one process, and each of them is in the history.
    assert.deepEqual(keys.map((key) => key.publicKeyHex).sort(), [told[0]?.first, ...made].sort());
    assert.equal(new Set(made).size, made.length);
    assert.ok(made.length >= rotations && made.length <= 2 * rotations);
    assert.equal(stored?.version, keys.length);
    assert.deepEqual(revoked, []);
    assert.deepEqual(
      keys.filter((key) => key.replacedAt === undefined),
      [keys.at(-1)],
    );
    assert.deepEqual(
      keys.filter((key) => key.sealed !== undefined),
      keys.slice(-32),
    );
  }, 300_000);
});
