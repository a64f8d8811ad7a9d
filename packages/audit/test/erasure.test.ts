/** Erasing a person: nothing of them stays in any byte of a log, and every proof of before still verifies. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair, toBase64Url, toHex } from '@stele/crypto';
import { describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import {
  AuditError,
  AuditLog,
  type EventLeaf,
  FileLogBackend,
  type LogBackend,
  MemorySubjectKeys,
  type SubjectKey,
  SubjectKeyFolder,
  type SubjectKeys,
  type ValuesOptions,
  verifyExport,
  verifyLog,
  verifyProof,
} from '../src/index.js';
import { commitmentTo } from '../src/lib/commitments.js';
import { MemoryLogBackend } from '../src/lib/memory-log.js';
import { extracted } from '../src/lib/sealed-values.js';
import { PostgresLogBackend } from '../src/postgres.js';
import { SqliteLogBackend } from '../src/sqlite-log.js';
import { dyingAt } from './support/dying-disk.js';
import { codeOf, decision } from './support/entries.js';
import { filesUnder, scratch } from './support/places.js';
import { freshSchema, inspector } from './support/postgres.js';

const signer = await generateKeyPair();
const ORIGIN = 'audit.example.com/erasure';

/** Where a log is, and every byte of it as it lies on the disk. */
interface Place {
  readonly backend: () => LogBackend;
  /** Which of some pieces of bytes are found anywhere, by their names. */
  found(pieces: ReadonlyMap<string, Uint8Array>): Promise<string[]>;
}

function inFiles(folder: string, backend: () => LogBackend): Place {
  return {
    backend,
    found: async (pieces) => {
      const files = filesUnder(folder);
      return [...pieces.keys()].filter((name) =>
        files.some(({ bytes }) => bytes.includes(Buffer.from(pieces.get(name) as Uint8Array))),
      );
    },
  };
}

/** The relations of the schema with their free space, and the write-ahead log since the test began. */
async function inPostgres(): Promise<Place> {
  const schema = freshSchema();
  const value = async (sql: string, args: unknown[] = []) =>
    (await inspector.query<{ value: string }>(sql, args)).rows.map((row) => row.value);
  const [start] = await value('SELECT pg_current_wal_lsn()::text AS value');
  return {
    backend: () => new PostgresLogBackend(postgresUrl, { schema, timeoutMs: 30_000 }),
    found: async (pieces) => {
      await inspector.query('CHECKPOINT');
      const relations = await value(
        `SELECT pg_relation_filepath(oid) AS value FROM pg_class WHERE pg_relation_filepath(oid) IS NOT NULL AND
           (relnamespace = $1::regnamespace OR oid IN (SELECT reltoastrelid FROM pg_class WHERE relnamespace = $1::regnamespace))`,
        [schema],
      );
      const segments = await value(
        `SELECT 'pg_wal/' || name AS value FROM pg_ls_waldir()
          WHERE name BETWEEN pg_walfile_name($1::pg_lsn) AND pg_walfile_name(pg_current_wal_lsn())`,
        [start],
      );
      assert.ok(relations.length > 0 && segments.length > 0);
      const found = new Set<string>();
      for (const path of [...relations, ...segments]) {
        const { rows } = await inspector.query<{ name: string }>(
          `WITH file AS MATERIALIZED (SELECT pg_read_binary_file($1) AS bytes)
           SELECT name FROM file, unnest($2::text[], $3::bytea[]) AS piece (name, bytes) WHERE position(piece.bytes IN file.bytes) > 0`,
          [path, [...pieces.keys()], [...pieces.values()].map((bytes) => Buffer.from(bytes))],
        );
        for (const { name } of rows) found.add(name);
      }
      return [...found];
    },
  };
}

const PLACES: [string, boolean, () => Place | Promise<Place>][] = [
  [
    'a folder',
    true,
    () => {
      const folder = scratch();
      return inFiles(folder, () => new FileLogBackend(join(folder, 'log')));
    },
  ],
  [
    'SQLite',
    haveSqlite,
    () => {
      const folder = scratch();
      return inFiles(folder, () => new SqliteLogBackend(join(folder, 'log.db')));
    },
  ],
  ['PostgreSQL', havePostgres, inPostgres],
];

/** What must not be found of a subject: its key in every form, and the salts and values of its entries. */
async function secretsOf(log: AuditLog, key: SubjectKey, subject: string, indexes: readonly number[]) {
  const pieces = new Map<string, Uint8Array>();
  const add = (name: string, bytes: Uint8Array) => {
    pieces.set(name, bytes);
    pieces.set(`${name} in hex`, Buffer.from(toHex(bytes)));
    pieces.set(`${name} in base64`, Buffer.from(toBase64Url(bytes).slice(0, -1)));
  };
  add('the key', key.bytes);
  add('what is derived from the key', extracted(key.bytes));
  pieces.set('its name', Buffer.from(subject));
  for (const index of indexes) {
    const kept = await log.values(index);
    assert.ok(kept);
    assert.equal(kept.values.agent, subject);
    add(`the salt of ${index}`, kept.salt);
  }
  return pieces;
}

const people = { anna: 'did:example:anna-7Qm2', bert: 'did:example:bert-9Xk4' };
const of = (agent: string, i: number) =>
  decision({
    agent,
    resource: `/people/${agent}/${i}`,
    context: { args: { who: agent, note: 'x'.repeat(i % 300) } },
  });

for (const [name, isThere, makePlace] of PLACES) {
  describe.skipIf(!isThere)(`in ${name}`, () => {
    it('erases one person, and no proof', async () => {
      const place = await makePlace();
      const keyPath = join(scratch(), 'keys');
      const keys = new SubjectKeyFolder(keyPath);
      const options = { signer, origin: ORIGIN, values: { keys } };
      const log = await AuditLog.open(place.backend(), options);
      const agents = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? people.anna : people.bert));
      await Promise.all(agents.map((agent, i) => log.append(of(agent, i))));
      const before = await log.checkpoint();
      const proofs = [await log.prove(0), await log.prove(1), await log.prove(299)];
      const consistency = await log.consistencyProof(100, 300);
      const [annas, berts] = [
        [0, 3, 297],
        [1, 298],
      ];
      const exported = join(scratch(), 'export.tar');
      await log.exportTo(exported);

      const anna = (await keys.get(people.anna, { create: false })) as SubjectKey;
      const bert = (await keys.get(people.bert, { create: false })) as SubjectKey;
      const secrets = await secretsOf(log, anna, people.anna, annas);
      // What is looked for can be found: the ids of the keys stand in every sealed record.
      const sought = new Map([...secrets, ['id', Buffer.from(bert.id, 'hex')]]);
      assert.deepEqual(await place.found(sought), ['id']);

      const erasure = await log.eraseSubject(people.anna);
      assert.equal(erasure.erased, true);
      for (const index of annas) assert.equal(await codeOf(() => log.values(index)), 'values_erased');
      for (const index of berts) assert.equal((await log.values(index))?.values.agent, people.bert);
      await log.append(of(people.anna, 300));
      assert.equal((await log.values(erasure.receipt.index + 1))?.values.agent, people.anna);
      await log.close();

      assert.deepEqual(await place.found(secrets), []);
      const inKeys = inFiles(keyPath, place.backend);
      assert.deepEqual(await inKeys.found(secrets), []);
      const inExport = inFiles(join(exported, '..'), place.backend);
      const sealed = new Map([
        ...secrets,
        ['id', Buffer.from(anna.id, 'hex')],
        ['form', Buffer.from('stele-values')],
      ]);
      assert.deepEqual(await inExport.found(sealed), []);

      for (const proof of proofs) assert.equal((await verifyProof(proof, { keys: [signer] })).valid, true);
      assert.equal((await verifyExport(exported, { keys: [signer] })).valid, true);
      const again = await AuditLog.open(place.backend(), options);
      const report = await verifyLog(again, { keys: [signer], since: before });
      assert.equal(report.valid, true, JSON.stringify(report));
      assert.deepEqual(await again.consistencyProof(100, 300), consistency);
      assert.equal(await codeOf(() => again.values(0)), 'values_erased');
      await again.close();
    });
  });
}

describe('an erasure that is interrupted', () => {
  const made = async () => {
    const path = join(scratch(), 'keys');
    const backend = new MemoryLogBackend();
    const open = (from: LogBackend) =>
      AuditLog.open(from, { signer, origin: ORIGIN, values: { keys: new SubjectKeyFolder(path) } });
    const log = await open(backend);
    await log.append(of(people.anna, 1));
    const reopen = async () => {
      await log.close();
      return open(new MemoryLogBackend(backend));
    };
    return { log, reopen, keys: new SubjectKeyFolder(path) };
  };

  it('has not begun, or is finished by the next, at every step of the disk', async () => {
    for (let step = 1, died = true; died; step++) {
      const { log, reopen, keys } = await made();
      const before = await keys.get(people.anna, { create: false });
      ({ died } = await dyingAt(step, () => log.eraseSubject(people.anna)));
      const again = await reopen();
      const values = await again.values(0).catch((error: AuditError) => error.code);
      if (values !== 'values_erased') {
        assert.deepEqual(await keys.get(people.anna, { create: false }), before);
      }
      const { receipt } = await again.eraseSubject(people.anna);
      assert.equal((await again.entry(receipt.index)).kind, 'log.erased');
      assert.equal(await codeOf(() => again.values(0)), 'values_erased');
      assert.equal(await keys.get(people.anna, { create: false }), undefined);
      assert.equal((await verifyLog(again, { keys: [signer] })).valid, true);
      await again.close();
      assert.ok(step < 80 && (died || step > 10), `${step}`);
    }
  });

  it('has destroyed the key when the log cannot say so, and says so later', async () => {
    const backend = new MemoryLogBackend();
    const keys = new MemorySubjectKeys();
    let fails = false;
    const failing = new Proxy(backend, {
      get: (target, name) => {
        if (name === 'append' && fails)
          return () => Promise.reject(new AuditError('audit_log_unavailable', 'the disk is gone'));
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const log = await AuditLog.open(failing, { signer, origin: ORIGIN, values: { keys } });
    await log.append(of(people.anna, 1));
    fails = true;
    assert.equal(await codeOf(() => log.eraseSubject(people.anna)), 'audit_log_unavailable');
    assert.equal(await codeOf(() => log.values(0)), 'values_erased');
    fails = false;
    const { erased, receipt } = await log.eraseSubject(people.anna);
    assert.equal(erased, false);
    assert.equal((await log.entry(receipt.index)).kind, 'log.erased');
    await log.close();
  });

  it('is said nowhere while the key cannot be destroyed', async () => {
    const keys: SubjectKeys = Object.assign(new MemorySubjectKeys(), {
      destroy: () => Promise.reject(new AuditError('subject_keys_unavailable', 'shut')),
    });
    const log = await AuditLog.open(new MemoryLogBackend(), { signer, origin: ORIGIN, values: { keys } });
    await log.append(of(people.anna, 1));
    assert.equal(await codeOf(() => log.eraseSubject(people.anna)), 'subject_keys_unavailable');
    assert.equal((await log.values(0))?.values.agent, people.anna);
    assert.equal(await codeOf(() => log.entry(1)), 'entry_not_found');
    await log.close();
  });
});

describe('an erasure', () => {
  const open = (values?: ValuesOptions) =>
    AuditLog.open(new MemoryLogBackend(), { signer, origin: ORIGIN, values });

  it('covers what waited to be appended before it', async () => {
    const keys = new MemorySubjectKeys();
    const log = await open({ keys });
    await log.append(of(people.anna, 0));
    const waiting = Array.from({ length: 40 }, (_, i) => log.append(of(people.anna, i)));
    const erasure = log.eraseSubject(people.anna);
    await Promise.all([...waiting, erasure]);
    for (let index = 0; index <= 40; index++)
      assert.equal(await codeOf(() => log.values(index)), 'values_erased');
    await log.close();
  });

  it('commits to the subject, and only who has the salt can show whom it was about', async () => {
    const log = await open({ keys: new MemorySubjectKeys() });
    const { erased, receipt, salt } = await log.eraseSubject(people.anna);
    assert.equal(erased, false);
    const leaf = (await log.entry(receipt.index)) as EventLeaf;
    assert.deepEqual(Object.keys(leaf), ['agent', 'kind', 'seq', 'time', 'v']);
    assert.equal(leaf.agent, commitmentTo(Buffer.from(salt, 'hex'), JSON.stringify(people.anna)));
    assert.equal(await log.values(receipt.index), undefined);
    await log.close();
  });

  it('is of a subject, and of a log that keeps values', async () => {
    const [log, without] = [await open({ keys: new MemorySubjectKeys() }), await open()];
    await assert.rejects(log.eraseSubject(''), TypeError);
    await assert.rejects(log.eraseSubject(7 as unknown as string), TypeError);
    assert.equal(await codeOf(() => log.eraseSubject('\ud800')), 'entry_refused');
    await without.append(of(people.anna, 1));
    assert.equal(await codeOf(() => without.eraseSubject(people.anna)), 'subject_keys_unavailable');
    assert.equal(await codeOf(() => without.values(0)), 'subject_keys_unavailable');
    await log.close();
    await without.close();
    assert.equal(await codeOf(() => log.eraseSubject(people.anna)), 'audit_log_closed');
  });

  it('needs keys that are some, and that are not in the folders of the log', async () => {
    for (const values of [{}, { keys: {} }, { keys: new MemorySubjectKeys(), subject: 'anna' }]) {
      await assert.rejects(open(values as unknown as ValuesOptions), TypeError);
    }
    const place = scratch();
    const path = join(place, 'log');
    const link = join(place, 'link');
    symlinkSync(place, link);
    const folders = [path, join(path, 'keys'), join(`${path}.private`, 'keys'), join(link, 'log', 'keys')];
    for (const within of folders) {
      const values = { keys: new SubjectKeyFolder(within) };
      await assert.rejects(AuditLog.open(path, { signer, origin: ORIGIN, values }), RangeError);
    }
    const beside = { keys: new SubjectKeyFolder(`${path}.keys`) };
    await (await AuditLog.open(path, { signer, origin: ORIGIN, values: beside })).close();
  });

  it('cannot be claimed by the host', async () => {
    const log = await open({ keys: new MemorySubjectKeys() });
    const event = { v: 1 as const, kind: 'log.erased', time: '2026-01-01T00:00:00Z' };
    assert.equal(await codeOf(() => log.append(event)), 'entry_refused');
    await log.close();
  });
});

describe('keys that fail', () => {
  it('refuse the entries of their subject, and no others', async () => {
    const keys: SubjectKeys = new MemorySubjectKeys();
    const get = keys.get.bind(keys);
    keys.get = (subject, options) =>
      subject === people.anna ? Promise.reject(new Error('shut')) : get(subject, options);
    const log = await AuditLog.open(new MemoryLogBackend(), { signer, origin: ORIGIN, values: { keys } });
    const results = await Promise.allSettled([
      log.append(of(people.bert, 0)),
      log.append(of(people.anna, 1)),
      log.append(of(people.bert, 2)),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.equal((await log.values(1))?.values.resource, `/people/${people.bert}/2`);
    await log.close();
  });
});
