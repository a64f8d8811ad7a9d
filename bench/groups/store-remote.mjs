import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';
import { PostgresLimits, PostgresStore } from '@stele/store/postgres';
import { RedisLimits, RedisStore } from '@stele/store/redis';
import { share } from '../lib/bars.mjs';
import { covenants, parties, verified } from '../lib/samples.mjs';

export const title = 'Stores and limits on servers';

const POSTGRES = process.env.STELE_POSTGRES ?? 'postgres://root@127.0.0.1:5432/test';
const REDIS = process.env.STELE_REDIS ?? 'redis://127.0.0.1:6379';
const PUTS = 50;
const CALLERS = 8;
const BARE_PUT = 'pg, bare insert of a ready text';
const BARE_TWO = 'ioredis, two bare HINCRBYFLOAT in one MULTI';
const CHARGES = [
  { key: 'count', amount: 1e9, cost: 1, periodMs: 60_000 },
  { key: 'budget', amount: 1e9, cost: 1.25, periodMs: 60_000 },
];

/** Tables of the servers that are there; the others are named as skipped. */
export async function* tables({ smoke }) {
  const place = `bench_${process.pid}`;
  if (await listens(POSTGRES)) yield* postgres(place, smoke);
  else process.stderr.write(`SKIPPING PostgreSQL: nothing listens at ${new URL(POSTGRES).host}\n`);
  if (await listens(REDIS)) yield* redis(place);
  else process.stderr.write(`SKIPPING Redis: nothing listens at ${new URL(REDIS).host}\n`);
}

async function* postgres(schema, smoke) {
  const { Pool } = peer('pg');
  const pool = new Pool({ connectionString: POSTGRES, max: CALLERS });
  const options = { schema, maxConnections: CALLERS };
  const store = new PostgresStore(POSTGRES, options);
  const limits = new PostgresLimits(POSTGRES, options);
  try {
    await store.count();
    await pool.query(`CREATE TABLE ${schema}.bare (id text PRIMARY KEY, body text NOT NULL)`);
    const keys = await parties();
    let documents = [];
    const bare = (i) => {
      const { document, text } = documents[i % PUTS];
      return pool.query(`INSERT INTO ${schema}.bare VALUES ($1, $2)`, [document.id, text]);
    };
    const table = (callers) => ({
      title: `Put a covenant in PostgreSQL, durable when it returns; ${callers} at a time`,
      note: 'Each one new; a `VerifiedCovenant`, which is not verified again. The bare row inserts its text into a table of two columns. A put also writes what the covenant is found by, and the feed, in the same round trip.',
      rounds: 31,
      prepare: async () => {
        await pool.query(`TRUNCATE ${schema}.bare`);
        documents = await Promise.all(
          (await covenants(PUTS, keys)).map(async (document) => ({
            document,
            text: JSON.stringify(document),
            verified: await verified(document),
          })),
        );
      },
      candidates: [
        { name: BARE_PUT, run: bare, operations: PUTS, callers },
        {
          name: 'PostgresStore, put of a VerifiedCovenant',
          run: (i) => store.put(documents[i % PUTS].verified),
          operations: PUTS,
          callers,
          bar: share(0.7, BARE_PUT),
        },
      ],
    });
    yield table(1);
    yield table(CALLERS);
    const kept = await covenants(smoke ? 5 : 500, keys);
    for (const document of kept) {
      await store.put(document);
      await pool.query(`INSERT INTO ${schema}.bare VALUES ($1, $2)`, [document.id, JSON.stringify(document)]);
    }
    const id = (i) => kept[(i * 7919) % kept.length].id;
    const select = `SELECT body FROM ${schema}.bare WHERE id = $1`;
    yield {
      title: 'Get a covenant from PostgreSQL',
      candidates: [
        {
          name: 'pg, bare select and JSON.parse',
          run: async (i) => JSON.parse((await pool.query(select, [id(i)])).rows[0].body),
        },
        { name: 'PostgresStore, get', run: (i) => store.get(id(i)) },
      ],
    };
    const add = `UPDATE ${schema}.counters SET used = used + 1.25 WHERE id IN (1, 2)`;
    await pool.query(`CREATE TABLE ${schema}.counters (id integer PRIMARY KEY, used numeric NOT NULL)`);
    await pool.query(`INSERT INTO ${schema}.counters VALUES (1, 0), (2, 0)`);
    yield {
      title: 'Reserve and commit in PostgreSQL',
      note: 'Two limits at a time, a count and a budget. The bare row adds to two counters in one statement, without windows.',
      candidates: [
        { name: 'pg, bare counters', run: () => pool.query(add) },
        { name: 'PostgresLimits', run: () => spend(limits) },
        { name: `PostgresLimits, ${CALLERS} callers`, run: () => spend(limits), callers: CALLERS },
      ],
    };
  } finally {
    await Promise.all([store.close(), limits.close()]);
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await pool.end();
  }
}

async function* redis(prefix) {
  const { Redis } = peer('ioredis');
  const client = new Redis(REDIS);
  const store = new RedisStore(REDIS, { prefix });
  const limits = new RedisLimits(REDIS, { prefix });
  const counters = `{${prefix}}:counters`;
  try {
    yield {
      title: 'Reserve and commit in Redis',
      note: 'The same two limits. As durable as the server is set up to be.',
      candidates: [
        {
          name: BARE_TWO,
          run: () =>
            client.multi().hincrbyfloat(counters, 'a', 1.25).hincrbyfloat(counters, 'b', 1.25).exec(),
        },
        { name: 'RedisLimits', run: () => spend(limits) },
        { name: `RedisLimits, ${CALLERS} callers`, run: () => spend(limits), callers: CALLERS },
      ],
    };
    const keys = await parties();
    let documents = [];
    yield {
      title: 'Put a covenant in Redis',
      rounds: 31,
      prepare: async () => {
        documents = await Promise.all(
          (await covenants(PUTS, keys)).map(async (document) => ({
            document,
            text: JSON.stringify(document),
            verified: await verified(document),
          })),
        );
      },
      candidates: [
        {
          name: 'ioredis, bare SET of a ready text',
          run: (i) =>
            client.set(`{${prefix}}:bare:${documents[i % PUTS].document.id}`, documents[i % PUTS].text),
          operations: PUTS,
        },
        {
          name: 'RedisStore, put of a VerifiedCovenant',
          run: (i) => store.put(documents[i % PUTS].verified),
          operations: PUTS,
        },
      ],
    };
  } finally {
    await Promise.all([store.close(), limits.close()]);
    for (let cursor = '0', first = true; first || cursor !== '0'; first = false) {
      const [next, found] = await client.scan(cursor, 'MATCH', `{${prefix}}:*`, 'COUNT', 1000);
      cursor = next;
      if (found.length > 0) await client.unlink(...found);
    }
    client.disconnect();
  }
}

async function spend(limits) {
  const { id } = await limits.reserve(CHARGES);
  await limits.commit(id);
}

/** The very build of a library that the stores load. */
function peer(name) {
  return createRequire(fileURLToPath(import.meta.resolve('@stele/store')))(name);
}

function listens(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port), timeout: 2000 });
    const answer = (found) => () => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}
