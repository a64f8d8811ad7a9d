/** What a server sees that keeps a store for others: every byte that went over the wire, and the files of PostgreSQL. */
import assert from 'node:assert/strict';
import { afterAll, describe, it } from 'vitest';
import { postgresPrograms } from '../../../test/support/postgres.js';
import { FaultyProxy } from '../../../test/support/proxy.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { DynamoDbStore } from '../src/dynamodb.js';
import type { BackedStore } from '../src/index.js';
import { PostgresStore } from '../src/postgres.js';
import { RedisStore } from '../src/redis.js';
import { clientFor, localDynamoDb } from './support/dynamodb.js';
import { everythingIn, TurningKeys, withKeys } from './support/encrypted.js';
import { assertNothingIn, few, fill, MARK, marked, SECRETS, WORDS } from './support/markers.js';
import { PostgresServer } from './support/postgres-server.js';
import { formsOf, Recording } from './support/recording.js';
import { freshPrefix } from './support/redis.js';

const timeoutMs = 60_000;
const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends) await end();
});

interface Place {
  readonly url: string;
  /** @param url of the server, or of what is before it */
  open(url: string): BackedStore;
}

interface Medium {
  readonly name: string;
  readonly have: boolean;
  /** Makes a place where there is nothing. */
  place(): Promise<Place>;
}

const media: Medium[] = [
  {
    name: 'PostgreSQL (needs its programs)',
    have: postgresPrograms !== undefined,
    place: async () => {
      const { url } = await PostgresServer.start();
      return { url, open: (through) => new PostgresStore(through, { timeoutMs }) };
    },
  },
  {
    name: 'Redis (needs Redis)',
    have: haveRedis,
    place: async () => {
      const prefix = freshPrefix();
      return { url: redisUrl, open: (through) => new RedisStore(through, { prefix, timeoutMs }) };
    },
  },
  {
    name: 'DynamoDB, by dynalite',
    have: true,
    place: async () => {
      const local = await localDynamoDb();
      ends.push(local.close);
      const table = await local.freshTable();
      const options = { table, transaction: false, timeoutMs };
      return { url: local.url, open: (through) => new DynamoDbStore(clientFor(through), options) };
    },
  },
];

/** A place behind a proxy that records. */
async function recorded(medium: Medium): Promise<{ store: BackedStore; recording: Recording }> {
  const { url, open } = await medium.place();
  const proxy = await FaultyProxy.before(url);
  ends.push(() => proxy.down());
  return { store: open(proxy.url), recording: new Recording(proxy) };
}

describe.each(media)('of 1,000 documents with a marker in every field, over the wire to $name,', (medium) => {
  it.skipIf(!medium.have)(
    'nothing is sent and nothing comes back, before and after the keys have turned',
    async () => {
      const { store: inner, recording } = await recorded(medium);
      const keys = new TurningKeys(0);
      const store = withKeys(inner, keys);
      await fill(store, marked);
      const tag = `${MARK}-tag-3`;
      const expected = marked.covenants.filter((_, n) => n % 7 === 3).length;
      assert.equal(await store.count({ tag }), expected);
      keys.numbers = [1, 0];
      await store.reencrypt();
      assert.equal(await store.count({ tag }), expected);
      await store.close();
      for (const side of ['client', 'server'] as const) {
        const bytes = recording.from(side);
        // What was written went one way, and what was sealed anew came back before.
        assert.ok(bytes.length > marked.covenants.length * 2000, `${bytes.length} bytes from the ${side}`);
        assertNothingIn(bytes, formsOf);
      }
    },
    300_000,
  );

  it.skipIf(!medium.have)(
    'everything would be, without encryption',
    async () => {
      const { store, recording } = await recorded(medium);
      await fill(store, few);
      for await (const _ of store.iterate());
      await store.close();
      for (const side of ['client', 'server'] as const) {
        const bytes = recording.from(side);
        for (const text of [...SECRETS, ...WORDS])
          assert.ok(
            formsOf(text).some((form) => bytes.includes(form)),
            `${text} from the ${side}`,
          );
      }
    },
    60_000,
  );
});

describe.skipIf(postgresPrograms === undefined)('in the files of a PostgreSQL (needs its programs)', () => {
  it('is nothing of them: in no table, no index, no log of writes; without encryption it would be', async () => {
    const server = await PostgresServer.start();
    const [inner, plain] = ['sealed', 'plain'].map(
      (schema) => new PostgresStore(server.url, { schema, timeoutMs }),
    ) as [PostgresStore, PostgresStore];
    const store = withKeys(inner, new TurningKeys(0));
    await fill(store, marked);
    await store.close();
    server.stop('fast');
    const files = everythingIn(server.folder);
    assert.ok(files.length > marked.covenants.length * 2000);
    // The words are in its own catalogs.
    assertNothingIn(files, formsOf, []);
    server.start();
    await fill(plain, few);
    await plain.close();
    server.stop('fast');
    assert.throws(() => assertNothingIn(everythingIn(server.folder), formsOf, []));
  }, 300_000);
});
