/** A folder whose writer fails or dies at every single operation on the disk, one after the other. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { StoreError } from '../src/index.js';
import { FileBackend } from '../src/lib/file-backend.js';
import { covenantIdOf, memoryFolder, revocationIdOf } from './support/backends.js';
import { disown, type Fault, withFault, withoutSyncs } from './support/faulty-fs.js';

afterAll(withoutSyncs());

const root = memoryFolder();
let made = 0;
const freshPath = (): string => join(root, String(made++));

/** What a write makes of records: their text, or undefined for none. */
type Goal = Readonly<Record<number, string | undefined>>;

/** New records, changed ones, removed ones; alone and together, in folders old and new. */
const GOALS: readonly Goal[] = [
  { 1: 'one' },
  { 2: 'two', 3: 'three', 4: 'four' },
  { 1: 'one again' },
  { 2: undefined, 3: 'three again', 5: 'five' },
  { 4: undefined },
];

const ID = (n: number): string => (n === 5 ? revocationIdOf(1, n) : covenantIdOf(n * 16 ** 62));
const KIND = (n: number) => (n === 5 ? 'revocation' : 'covenant');

/** The state after each number of goals. */
const states: Goal[] = GOALS.reduce<Goal[]>(
  (all, goal) => all.concat(Object.assign({}, all.at(-1), goal)),
  [{}],
);

async function stateOf(backend: FileBackend): Promise<Goal> {
  const state: Record<number, string> = {};
  for (const n of [1, 2, 3, 4, 5]) {
    const found = await backend.get(KIND(n), ID(n));
    if (found !== undefined) state[n] = new TextDecoder().decode(found.bytes);
  }
  return state;
}

/** Reaches a goal from wherever it is, by one write. */
async function reach(backend: FileBackend, goal: Goal): Promise<void> {
  const changes = [];
  for (const [key, text] of Object.entries(goal)) {
    const n = Number(key);
    const found = await backend.get(KIND(n), ID(n));
    if (found?.bytes === undefined ? text === undefined : new TextDecoder().decode(found.bytes) === text)
      continue;
    const next =
      text === undefined ? undefined : { bytes: new TextEncoder().encode(text), tokens: [`t:${n}`] };
    changes.push({ kind: KIND(n), id: ID(n), expected: found?.version, next } as const);
  }
  if (changes.length > 0) assert.equal(await backend.write(changes), true);
}

const without = (state: Goal): Goal =>
  Object.fromEntries(Object.entries(state).filter(([, text]) => text !== undefined));

/** The events that lead through all states up to one. */
const eventsUpTo = (last: number) =>
  GOALS.slice(0, last).flatMap((goal) =>
    Object.entries(goal).map(([n, text]) => `${text === undefined ? '-' : '+'}${ID(Number(n))}`),
  );

async function eventsOf(backend: FileBackend, after: string): Promise<string[]> {
  const end = await backend.latestChange();
  const events: string[] = [];
  if (end === after) return events;
  for await (const { id, deleted, token } of backend.changes(after, new AbortController().signal)) {
    events.push(`${deleted ? '-' : '+'}${id}`);
    if (token === end) break;
  }
  return events;
}

/** Asserts that a store is in the state after `done` goals or, as a whole, after the next. @returns which */
async function check(backend: FileBackend, done: number, start: string): Promise<number> {
  // A write finishes what was begun before; this one changes nothing.
  await backend.write([{ kind: 'covenant', id: covenantIdOf(9), expected: undefined, next: 'same' }]);
  const state = await stateOf(backend);
  const at = [done, done + 1].find((i) => JSON.stringify(without(states[i] ?? {})) === JSON.stringify(state));
  assert.ok(at !== undefined, `${JSON.stringify(state)} after ${done}`);
  assert.deepEqual((await eventsOf(backend, start)).sort(), eventsUpTo(at).sort());
  for (const n of [1, 2, 3, 4, 5]) {
    assert.equal(await backend.count(KIND(n), { token: `t:${n}` }), state[n] === undefined ? 0 : 1);
  }
  return at;
}

/** Every operation in turn, until one is not reached any more. */
async function atEveryOperation(how: Fault['how'], run: (fault: Fault) => Promise<boolean>): Promise<void> {
  let at = 1;
  while (await run({ at, how })) at++;
  assert.ok(at > 50, `only ${at} operations`);
}

describe('a writer of files that dies', () => {
  it('leaves each write as a whole or not at all, told once if at all', async () => {
    await atEveryOperation('death', async (fault) => {
      const folder = freshPath();
      const first = new FileBackend(folder);
      const start = await first.latestChange();
      let done = 0;
      const { reached } = await withFault(fault, async () => {
        const backend = new FileBackend(folder);
        for (const goal of GOALS) {
          await reach(backend, goal);
          done++;
        }
        await backend.close();
      });
      disown(folder);
      const at = await check(new FileBackend(folder), done, start);
      // The one who was there all the time sees the same, and both go on.
      await check(first, at, start);
      for (const goal of GOALS.slice(at)) await reach(first, goal);
      assert.equal(await check(new FileBackend(folder), GOALS.length, start), GOALS.length);
      return reached;
    });
  }, 120_000);
});

describe.each(['EIO', 'ENOSPC'] as const)('a disk that fails once with %s', (how) => {
  it('is store_unavailable, and the store goes on as it is', async () => {
    await atEveryOperation(how, async (fault) => {
      const folder = freshPath();
      const backend = new FileBackend(folder);
      const start = await backend.latestChange();
      let done = 0;
      const { reached, thrown } = await withFault(fault, async () => {
        for (const goal of GOALS) {
          await reach(backend, goal);
          done++;
        }
      });
      if (thrown !== undefined) {
        assert.ok(thrown instanceof StoreError, String(thrown));
        assert.equal(thrown.code, 'store_unavailable');
      }
      const at = await check(backend, done, start);
      for (const goal of GOALS.slice(at)) await reach(backend, goal);
      await check(backend, GOALS.length, start);
      assert.equal(await check(new FileBackend(folder), GOALS.length, start), GOALS.length);
      return reached;
    });
  }, 120_000);
});

describe('a folder that cannot be made a store', () => {
  it('is store_unavailable at every operation, and a store the next time', async () => {
    for (let at = 1, reached = true; reached; at++) {
      const folder = freshPath();
      const outcome = await withFault({ at, how: 'EIO' }, async () => new FileBackend(folder));
      if (outcome.thrown !== undefined) {
        assert.equal((outcome.thrown as { code?: unknown }).code, 'store_unavailable');
      }
      reached = outcome.reached;
      const backend = new FileBackend(folder);
      for (const goal of GOALS) await reach(backend, goal);
      assert.deepEqual(await stateOf(backend), without(states.at(-1) as Goal));
    }
  }, 60_000);
});
