/** The records that two connections find in one database, in the index of tokens and before it, beside a map in memory. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import type { Change, RecordBackend } from '../src/index.js';
import { MemoryBackend } from '../src/lib/memory-backend.js';
import { SqliteBackend } from '../src/lib/sqlite-backend.js';
import { covenantIdOf } from './support/backends.js';
import { freshPath } from './support/stores.js';

/** Some are parts of others, some would be no text but something else in JSON or in a column without a type. */
const TOKENS = ['t:a', 't:ab', 't:b', '12', '-0.50', '1e3', 'null', '_.:-', 'Z'.repeat(96)];
/** So many together that what waits for the index is entered now and then, anywhere in a write; long records are entered at once. */
const many = fc.constantFrom(1, 1, 1, 2, 63, 64, 80);
const content = fc.option(
  fc.record({ length: fc.constantFrom(0, 1, 9, 70_000), tokens: fc.subarray(TOKENS) }),
  { nil: undefined },
);
const step = fc.record({ other: fc.boolean(), first: fc.nat(79), many, content });

async function all(backend: RecordBackend, token?: string): Promise<string[]> {
  const found = await backend.list('covenant', { token, limit: 1000 });
  return found.map(({ id, bytes }) => `${id} ${bytes?.length}`);
}

/** What the feed tells after a place. */
async function told(backend: RecordBackend, after: string): Promise<string[]> {
  const end = new AbortController();
  const last = await backend.latestChange?.();
  const seen: string[] = [];
  if (last === after) return seen;
  for await (const { id, deleted, token } of backend.changes?.(after, end.signal) ?? []) {
    seen.push(`${id} ${deleted}`);
    if (token === last) end.abort();
  }
  return seen;
}

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('a database on %s', (driver) => {
  it('holds, finds, counts and tells what a map does, whichever connection is asked', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30, size: 'max' }), async (steps) => {
        const path = freshPath();
        const open = () => new SqliteBackend(path, { driver, busyTimeoutMs: 5000 });
        const [one, two, map] = [open(), open(), new MemoryBackend()];
        const [from, fromMap] = [await one.latestChange(), await map.latestChange()];
        for (const { other, first, many, content } of steps) {
          const ids = Array.from({ length: many }, (_, n) => covenantIdOf((first + n) % 80));
          const changes = await Promise.all(
            ids.map(async (id, n): Promise<Change> => {
              const expected = (await map.get('covenant', id))?.version;
              const next = content && {
                bytes: new Uint8Array(n === 0 ? content.length : 3),
                tokens: content.tokens,
              };
              return { kind: 'covenant', id, expected, next };
            }),
          );
          assert.equal(await (other ? two : one).write(changes), await map.write(changes));
          const asked = other ? one : two;
          for (const token of [undefined, ...TOKENS]) {
            const right = await all(map, token);
            assert.deepEqual(await all(asked, token), right);
            assert.equal(await asked.count('covenant', { token }), right.length);
          }
        }
        assert.deepEqual(await told(two, from), await told(map, fromMap));
        await Promise.all([one.close(), two.close()]);
      }),
      { numRuns: 4 },
    );
  });
});
