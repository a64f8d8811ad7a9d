/** Changing the key of a log, and every way in which that can go wrong. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { canonicalizeJson, generateKeyPair, type KeyPair } from '@stele/crypto';
import { describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import {
  AuditLog,
  type AuditLogOptions,
  FileLogBackend,
  formatVerifierKey,
  type HeadKeeper,
  type LogBackend,
  SqliteLogBackend,
  verifierKey,
  verifyLog,
} from '../src/index.js';
import { mustTell } from '../src/lib/key-turns.js';
import { PostgresLogBackend } from '../src/postgres.js';
import { MemoryLogBackend } from '../src/testing.js';
import { codeOf } from './support/entries.js';
import { memoryFolder } from './support/folders.js';
import { freshSchema } from './support/postgres.js';
import { event } from './support/samples.js';

const root = memoryFolder();
let made = 0;
const [first, second, third] = (await Promise.all([1, 2, 3].map(() => generateKeyPair()))) as [
  KeyPair,
  KeyPair,
  KeyPair,
];
const origin = 'example.org/log';

const open = (backend: LogBackend, signer: KeyPair, more: Partial<AuditLogOptions> = {}) =>
  AuditLog.open(backend, { signer, origin, ...more });

/** Where a log lives, for one life after the other. */
const places: Record<string, () => () => LogBackend> = {
  'in files': () => {
    const path = join(root, String(made++));
    return () => new FileLogBackend(path);
  },
  ...(haveSqlite && {
    'in SQLite': () => {
      const path = join(root, String(made++));
      return () => new SqliteLogBackend(path);
    },
  }),
};

/** With it a log dies after what it says of itself is durable, and before that is signed. */
function dyingHeads(): HeadKeeper {
  let writes = 0;
  const write = async () => {
    // The first is of what was published before.
    if (++writes > 1) throw new Error('no room for a head');
  };
  return { read: async () => undefined, write };
}

async function signedBy(backend: LogBackend, signer: KeyPair, previousKeys: KeyPair[] = []): Promise<void> {
  const log = await open(backend, signer, { previousKeys });
  await log.append(event(1));
  await log.close();
}

async function kinds(backend: LogBackend, signer: KeyPair, previousKeys: KeyPair[]): Promise<string[]> {
  const log = await open(backend, signer, { previousKeys });
  const { size } = await verifyLog(log, { keys: [signer, ...previousKeys] });
  const found = await Promise.all(Array.from({ length: size }, async (_, i) => (await log.entry(i)).kind));
  assert.deepEqual((await verifyLog(log, { keys: [signer, ...previousKeys] })).problems, []);
  await log.close();
  return found;
}

describe.each(Object.entries(places))('the key of a log %s', (_, place) => {
  it('is changed once, though the log died before that was signed', async () => {
    const backend = place();
    await signedBy(backend(), first);
    for (let life = 0; life < 2; life++) {
      const dying = open(backend(), second, { previousKeys: [first], heads: dyingHeads() });
      await assert.rejects(dying, /no room for a head/);
    }
    assert.deepEqual(await kinds(backend(), second, [first]), ['covenant.put', 'log.key']);
  });

  it('does not sign what says that another one signs', async () => {
    const backend = place();
    await signedBy(backend(), first);
    await assert.rejects(open(backend(), second, { previousKeys: [first], heads: dyingHeads() }));
    assert.equal(await codeOf(() => open(backend(), first)), 'audit_log_foreign');
    assert.equal(await codeOf(() => open(backend(), first, { previousKeys: [second] })), 'audit_log_foreign');
    assert.deepEqual(await kinds(backend(), second, [first]), ['covenant.put', 'log.key']);
  });

  it('never comes back once it was retired', async () => {
    const backend = place();
    await signedBy(backend(), first);
    await signedBy(backend(), second, [first]);
    assert.equal(await codeOf(() => open(backend(), first, { previousKeys: [second] })), 'audit_log_foreign');
    await signedBy(backend(), third, [second, first]);
    for (const gone of [first, second]) {
      const previousKeys = [third, second, first];
      assert.equal(await codeOf(() => open(backend(), gone, { previousKeys })), 'audit_log_foreign');
    }
    const all = await kinds(backend(), third, [second, first]);
    assert.deepEqual(all.filter((kind) => kind === 'log.key').length, 2);
  });

  it('is told in clear, whatever the host calls personal', async () => {
    const backend = place();
    await signedBy(backend(), first);
    const log = await open(backend(), second, { previousKeys: [first], personal: ['key', 'previous'] });
    await log.append(event(1, { key: 'of a person' }));
    assert.deepEqual((await verifyLog(log, { keys: [first, second] })).problems, []);
    await log.close();
  });

  it('is found among many entries, and not where one only quotes it', async () => {
    const backend = place();
    const log = await open(backend(), first);
    const quoting = event(0, { key: 'x', previous: { kind: 'log.key' } });
    await Promise.all(Array.from({ length: 300 }, (_, i) => log.append(i === 7 ? quoting : event(i))));
    await log.close();
    await signedBy(backend(), second, [first]);
    assert.equal(await codeOf(() => open(backend(), first, { previousKeys: [second] })), 'audit_log_foreign');
    await signedBy(backend(), third, [second, first]);
  });
});

describe('the key of a log with several writers', () => {
  it('signs nothing from where another one was told', async () => {
    const backend = new MemoryLogBackend();
    const log = await open(backend, first, { checkpointIntervalMs: 60_000 });
    await log.append(event(1));
    await log.checkpoint();
    // As another process does, which was given the new key.
    assert.equal((await backend.append(1, [await toldBy(second)])).appended, true);
    await log.append(event(2));
    assert.equal(await codeOf(() => log.checkpoint()), 'audit_log_foreign');
    assert.equal(await codeOf(() => log.close()), 'audit_log_foreign');
    const next = await open(new MemoryLogBackend(backend), second, { previousKeys: [first] });
    const { problems: found, size } = await verifyLog(next, { keys: [second, first] });
    assert.deepEqual([found, size], [[], 3]);
    await next.close();
  });
});

describe.skipIf(!havePostgres)('the key of a log in PostgreSQL (needs it)', () => {
  const place = () => {
    const schema = freshSchema();
    return () => new PostgresLogBackend(postgresUrl, { schema });
  };

  it('is changed by several processes at the same time', async () => {
    const backend = place();
    await signedBy(backend(), first);
    const opening = () => open(backend(), second, { previousKeys: [first] });
    const logs = await Promise.all([opening(), opening(), opening()]);
    for (const log of logs) await log.append(event(1));
    for (const log of logs) await log.close();
    const all = await kinds(backend(), second, [first]);
    assert.ok(all.includes('log.key'));
  });

  it('signs nothing more once another process has the new one', async () => {
    const backend = place();
    const old = await open(backend(), first);
    await old.append(event(1));
    await old.checkpoint();
    const log = await open(backend(), second, { previousKeys: [first] });
    await old.append(event(2));
    assert.equal(await codeOf(() => old.checkpoint()), 'audit_log_foreign');
    assert.equal(await codeOf(() => old.close()), 'audit_log_foreign');
    assert.deepEqual((await verifyLog(log, { keys: [first, second] })).problems, []);
    await log.close();
    assert.deepEqual(await kinds(backend(), second, [first]), ['covenant.put', 'log.key', 'covenant.put']);
  });
});

/** The entry with which a log of one entry is given another key. */
async function toldBy(signer: KeyPair) {
  const backend = new MemoryLogBackend();
  await signedBy(backend, first);
  const again = new MemoryLogBackend(backend);
  await (await open(again, signer, { previousKeys: [first] })).close();
  const reader = new MemoryLogBackend(backend);
  await reader.open();
  for await (const [record] of reader.records(1, 2)) {
    if (record !== undefined) return { ...record, vital: true };
  }
  throw new Error('there is no such entry');
}

describe('a log that retires the key that it names', () => {
  it('is signed by another, whichever that is', async () => {
    const pair = await generateKeyPair();
    const key = verifierKey(origin, pair.publicKey);
    const text = formatVerifierKey(key);
    const entry = { v: 1, kind: 'log.key', time: '2026-01-02T03:04:05Z', seq: 0, key: text, previous: text };
    async function* leaves() {
      yield [0, Buffer.from(canonicalizeJson(entry))] as const;
    }
    await assert.rejects(mustTell(key, leaves()), { code: 'audit_log_foreign' });
  });
});
