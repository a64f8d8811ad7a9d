/** A writer of a log in PostgreSQL whose connections come late, are lost, or are in the way of others. No server is asked. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { AuditError } from '../src/index.js';
import { sampleRecord } from '../src/lib/contract/samples.js';
import type { PostgresConnections } from '../src/lib/postgres-connections.js';
import { PostgresSession } from '../src/lib/postgres-session.js';
import { PostgresWriter } from '../src/lib/postgres-writer.js';
import { PostgresLogReader } from '../src/postgres.js';

type Answer = (text: string) => Promise<unknown>;

const greeted = { rows: [] };
const appended = { rows: [{ appended: true, size: '1' }] };

/** Connections that answer as they are told. @returns them, and a promise of the end of the first */
function connectionsOf(
  answer: Answer,
  { timeoutMs = 10_000, before = async () => undefined as unknown } = {},
) {
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const client = { query: answer };
  const lease = async () => {
    await before();
    return { client, end, keep: () => undefined };
  };
  return { connections: { schema: 's', timeoutMs, lease } as unknown as PostgresConnections, ended };
}

/** A promise that is settled from outside. */
function gate<T = void>() {
  let open: (value: T) => void = () => undefined;
  let shut: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((resolve, reject) => {
    [open, shut] = [resolve, reject];
  });
  return { promise, open, shut };
}

const refusedWith = (code: string) => (error: unknown) => (error as AuditError).code === code;

describe('a writer in PostgreSQL', () => {
  it('asks again where another transaction was in the way', async () => {
    const asked: string[] = [];
    const { connections } = connectionsOf(async (text) => {
      if (!text.includes('audit_append')) return greeted;
      asked.push(text);
      if (asked.length > 1) return appended;
      throw Object.assign(new Error('could not serialize'), { code: '40001', severity: 'ERROR' });
    });
    const writer = new PostgresWriter(connections);
    assert.deepEqual(await writer.append(0, [sampleRecord(0)]), { appended: true, size: 1 });
    assert.equal(asked.length, 2);
    await writer.close();
  });

  it('that was closed keeps no connection that comes after it', async () => {
    const late = gate();
    const { connections, ended } = connectionsOf(async () => greeted, { before: () => late.promise });
    const writer = new PostgresWriter(connections);
    const opening = assert.rejects(writer.open(), refusedWith('audit_log_closed'));
    const closing = writer.close();
    late.open();
    await Promise.all([opening, closing, ended]);
  });

  it('keeps no connection that comes when its time is up', async () => {
    const late = gate();
    const { connections, ended } = connectionsOf(async () => greeted, {
      timeoutMs: 1,
      before: () => late.promise,
    });
    const writer = new PostgresWriter(connections);
    await assert.rejects(writer.open(), refusedWith('audit_log_unavailable'));
    late.open();
    await ended;
    await writer.close();
  });

  it('leaves its next connection alone when one that it has given up is lost', async () => {
    const lost = gate<unknown>();
    const sent = gate();
    let silent = true;
    const { connections } = connectionsOf(
      async (text) => {
        if (!text.includes('audit_append')) return greeted;
        if (!silent) return appended;
        sent.open();
        return lost.promise;
      },
      { timeoutMs: 200 },
    );
    const writer = new PostgresWriter(connections);
    const appending = assert.rejects(
      writer.append(0, [sampleRecord(0)]),
      refusedWith('audit_log_unavailable'),
    );
    await sent.promise;
    await appending;
    silent = false;
    const again = writer.append(0, [sampleRecord(0)]);
    lost.shut(new Error('the connection was cut'));
    assert.deepEqual(await again, { appended: true, size: 1 });
    await writer.close();
  });

  it('knows of a connection that broke while it was greeted', async () => {
    const told: string[] = [];
    const connections = {
      schema: 's',
      timeoutMs: 1,
      lease: async (_: AbortSignal, lost: () => void) => ({
        client: {
          query: async () => {
            lost();
            return greeted;
          },
        },
        end: () => told.push('end'),
        keep: () => told.push('keep'),
      }),
    } as unknown as PostgresConnections;
    const { signal } = new AbortController();
    const session = await PostgresSession.begin(connections, 1, signal, () => told.push('lost'));
    assert.equal(session.isLost, true);
    assert.deepEqual(told, ['lost', 'keep']);
  });
});

describe('a reader in PostgreSQL', () => {
  it('does not take a server that is gone for one without a log', async () => {
    const client = {
      query: async () => {
        throw new Error('the connection was cut');
      },
      ...{ on: () => undefined, off: () => undefined, release: () => undefined },
    };
    const reader = new PostgresLogReader({ connect: async () => client });
    await assert.rejects(reader.checkpoint(), refusedWith('audit_log_unavailable'));
    await reader.close();
  });
});
