/** Lending the connections of a pool: each goes back once, whenever it comes. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { type PostgresClient, PostgresConnections } from '../src/lib/postgres-connections.js';
import { failsWith } from './support/assert.js';

/** A client that answers when it is told to, with what has become of it. */
function fakeClient() {
  const released: (boolean | undefined)[] = [];
  let answer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let listeners = 0;
  const client: PostgresClient = {
    query: async () => {
      await answered;
      return { rows: [{ n: 1 }], rowCount: 1 };
    },
    on: () => listeners++,
    off: () => listeners--,
    release: (destroy) => released.push(destroy),
  };
  return { client, released, answer: () => answer(), listeners: () => listeners };
}

/** A pool that gives a client when it is told to. */
function fakePool() {
  const waiting: ((client: PostgresClient) => void)[] = [];
  return {
    waiting,
    pool: { connect: () => new Promise<PostgresClient>((resolve) => waiting.push(resolve)) },
  };
}

/** Until everything that is due has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('connections to PostgreSQL', () => {
  it('give back a connection once that comes when nobody waits any more', async () => {
    const { pool, waiting } = fakePool();
    const connections = new PostgresConnections(pool, { timeoutMs: 1 });
    await failsWith('store_unavailable', () => connections.query('SELECT 1'));
    const late = fakeClient();
    waiting[0]?.(late.client);
    await settled();
    assert.deepEqual([late.released, late.listeners()], [[undefined], 0]);
  });

  it('throw away once a connection that does not answer in time', async () => {
    const { pool, waiting } = fakePool();
    const connections = new PostgresConnections(pool, { timeoutMs: 5 });
    const slow = fakeClient();
    const asked = failsWith('store_unavailable', () => connections.query('SELECT 1'));
    waiting[0]?.(slow.client);
    await asked;
    assert.deepEqual([slow.released, slow.listeners()], [[true], 0]);
    slow.answer();
    await settled();
    assert.deepEqual(slow.released, [true]);
  });

  it('let no more calls wait in a pool of the caller’s than they say, also those whose time was up', async () => {
    const { pool, waiting } = fakePool();
    const connections = new PostgresConnections(pool, { timeoutMs: 1 });
    const calls = Array.from({ length: 10_000 }, () => connections.query('SELECT 1'));
    await Promise.allSettled(calls);
    await failsWith('store_unavailable', () => connections.query('SELECT 1'));
    assert.equal(waiting.length, 10_000);
    for (const give of waiting.splice(0)) give(fakeClient().client);
    await settled();
    const next = connections.query('SELECT 1');
    const { client, answer } = fakeClient();
    answer();
    waiting[0]?.(client);
    assert.deepEqual(await next, [{ n: 1 }]);
  });
});
