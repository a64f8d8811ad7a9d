import assert from 'node:assert/strict';
import {
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, describe, it, vi } from 'vitest';
import { deadPort, eventually, FaultyProxy } from '../../../test/support/proxy.js';
import { type DynamoDbClient, DynamoDbStore, type DynamoDbStoreOptions } from '../src/dynamodb.js';
import { EncryptedStore } from '../src/index.js';
import { isUnsupported } from '../src/lib/contract/harness.js';
import { sampleCovenant, sampleCovenants } from '../src/lib/contract/samples.js';
import type { Change } from '../src/record-backend.js';
import { storeContract } from '../src/testing.js';
import { failsWith } from './support/assert.js';
import { covenantIdOf, KEY, revocationIdOf } from './support/backends.js';
import { clientFor, localDynamoDb } from './support/dynamodb.js';
import { patient } from './support/patient.js';
import { deleteRecord, putRecord } from './support/records.js';

const local = await localDynamoDb();
afterAll(() => local.close());

const make = async (): Promise<DynamoDbStore> =>
  new DynamoDbStore(local.client, { table: await local.freshTable(), transaction: false, timeoutMs: 30_000 });

storeContract('DynamoDbStore over dynalite', make, patient);
storeContract(
  'EncryptedStore over DynamoDbStore over dynalite',
  async () => new EncryptedStore({ store: await make(), encryptionKey: KEY }),
  patient,
);

/** A client that remembers what it is sent, and answers with what it is told. */
function recorder(answers: (object | Error)[] = []) {
  const sent: { name: string; input: Record<string, unknown> }[] = [];
  const client: DynamoDbClient = {
    send: async (command: { constructor: { name: string }; input: Record<string, unknown> }) => {
      sent.push({ name: command.constructor.name, input: command.input });
      const answer = answers.shift() ?? {};
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return { sent, store: new DynamoDbStore(client, { table: 't' }) };
}

const refused = (name: string, codes?: string[]): Error =>
  Object.assign(new Error(name), { name, CancellationReasons: codes?.map((Code) => ({ Code })) });

const bytes = new Uint8Array([1, 2]);
const CHANGES: Change[] = [
  { kind: 'covenant', id: covenantIdOf(1), expected: undefined, next: { bytes, tokens: ['a:b', 'c:d'] } },
  { kind: 'covenant', id: covenantIdOf(2), expected: bytes, next: { bytes, tokens: [] } },
  { kind: 'covenant', id: covenantIdOf(3), expected: 'present', next: undefined },
  { kind: 'covenant', id: covenantIdOf(4), expected: bytes, next: 'same' },
  { kind: 'revocation', id: revocationIdOf(5, 1), expected: undefined, next: undefined },
];

describe('a transaction of DynamoDbStore', () => {
  it('is one TransactWriteItems with a condition for each change', async () => {
    const { sent, store } = recorder();
    assert.equal(await store.backend.write(CHANGES), true);
    assert.deepEqual(
      sent.map(({ name }) => name),
      [TransactWriteItemsCommand.name],
    );
    const key = (kind: string, id: string) => ({ kind: { S: kind }, id: { S: id } });
    const same = {
      ConditionExpression: '#bytes = :expected',
      ExpressionAttributeNames: { '#bytes': 'bytes' },
      ExpressionAttributeValues: { ':expected': { B: bytes } },
    };
    const record = { v: { N: '1' }, bytes: { B: bytes } };
    const absent = { ConditionExpression: 'attribute_not_exists(id)' };
    const TableName = 't';
    assert.deepEqual(sent[0]?.input.TransactItems, [
      {
        Put: {
          TableName,
          ...absent,
          Item: { ...key('covenant', covenantIdOf(1)), ...record, tokens: { SS: ['a:b', 'c:d'] } },
        },
      },
      { Put: { TableName, ...same, Item: { ...key('covenant', covenantIdOf(2)), ...record } } },
      {
        Delete: {
          TableName,
          ConditionExpression: 'attribute_exists(id)',
          Key: key('covenant', covenantIdOf(3)),
        },
      },
      { ConditionCheck: { TableName, ...same, Key: key('covenant', covenantIdOf(4)) } },
      { ConditionCheck: { TableName, ...absent, Key: key('revocation', revocationIdOf(5, 1)) } },
    ]);
    assert.match(String(sent[0]?.input.ClientRequestToken), /^[0-9a-f-]{36}$/);
  });

  it('is false when a condition does not hold, and made again, under its token, when another is in the way', async () => {
    const unmet = recorder([refused('TransactionCanceledException', ['None', 'ConditionalCheckFailed'])]);
    assert.equal(await unmet.store.backend.write(CHANGES), false);
    const conflict = () => refused('TransactionCanceledException', ['TransactionConflict', 'None']);
    const later = recorder([conflict(), refused('TransactionInProgressException')]);
    assert.equal(await later.store.backend.write(CHANGES), true);
    assert.equal(new Set(later.sent.map(({ input }) => input.ClientRequestToken)).size, 1);
    const never = recorder(Array.from({ length: 5 }, conflict));
    await failsWith('store_unavailable', () => never.store.backend.write(CHANGES));
    assert.equal(never.sent.length, 5);
    const other = recorder([refused('TransactionCanceledException', ['ProvisionedThroughputExceeded'])]);
    await failsWith('store_unavailable', () => other.store.backend.write(CHANGES));
  });

  it('reads several records as they were at one moment', async () => {
    const Item = { kind: { S: 'covenant' }, id: { S: covenantIdOf(2) }, v: { N: '1' }, bytes: { B: bytes } };
    const { sent, store } = recorder([{ Responses: [{}, { Item }] }]);
    const found = await store.backend.getMany('covenant', [covenantIdOf(1), covenantIdOf(2), 'odd']);
    assert.deepEqual(
      found.map((one) => one?.bytes),
      [undefined, bytes, undefined],
    );
    assert.deepEqual(
      sent.map(({ name }) => name),
      [TransactGetItemsCommand.name],
    );
  });

  it('is no part of a store that is told that there are none', async () => {
    const store = await make();
    assert.deepEqual(store.supports, { transaction: false, watch: false });
    await isUnsupported(store.putBatch(await sampleCovenants(2)));
    await isUnsupported(store.backend.write(CHANGES));
    assert.equal(await store.count(), 0);
  });
});

describe('DynamoDbStore', () => {
  it('writes one record with one conditional request', async () => {
    const { sent, store } = recorder([{}, refused('ConditionalCheckFailedException')]);
    const record = { kind: 'covenant', id: covenantIdOf(1), bytes } as const;
    assert.equal(await putRecord(store.backend, record, undefined), true);
    assert.equal(await deleteRecord(store.backend, 'covenant', covenantIdOf(1)), false);
    assert.deepEqual(
      sent.map(({ name, input }) => [name, input.ConditionExpression]),
      [
        [PutItemCommand.name, 'attribute_not_exists(id)'],
        [DeleteItemCommand.name, 'attribute_exists(id)'],
      ],
    );
  });

  it('reads page after page until it has enough', async () => {
    const item = (n: number) => ({ id: { S: covenantIdOf(n) }, v: { N: '1' }, bytes: { B: bytes } });
    const { sent, store } = recorder([
      { Items: [item(1)], LastEvaluatedKey: { id: { S: covenantIdOf(1) } } },
      { Items: [], LastEvaluatedKey: { id: { S: covenantIdOf(2) } } },
      { Items: [item(3), item(4)] },
    ]);
    const listed = await store.backend.list('covenant', { token: 'a:b', limit: 2 });
    assert.deepEqual(
      listed.map(({ id }) => id),
      [covenantIdOf(1), covenantIdOf(3)],
    );
    assert.ok(sent.every(({ name, input }) => name === QueryCommand.name && input.ConsistentRead === true));
  });

  it('refuses a record that is too long for an item, and one of a newer form', async () => {
    const store = await make();
    const large = { kind: 'covenant', id: covenantIdOf(1) } as const;
    await isUnsupported(putRecord(store.backend, { ...large, bytes: new Uint8Array(390_001) }, undefined));
    assert.equal(
      await putRecord(store.backend, { ...large, bytes: new Uint8Array(390_000) }, undefined),
      true,
    );
    assert.equal((await store.backend.get('covenant', covenantIdOf(1)))?.bytes.length, 390_000);
    const newer = recorder([{ Item: { v: { N: '2' }, bytes: { B: bytes } } }]);
    await failsWith('store_version', () => newer.store.backend.get('covenant', covenantIdOf(1)));
    const damaged = recorder([{ Item: { v: { N: '1' } } }]);
    await failsWith('record_corrupt', () => damaged.store.backend.get('covenant', covenantIdOf(1)));
  });

  it('is unavailable without its table, without a server, and when a server says nothing', async () => {
    const covenant = await sampleCovenant();
    const lost = new DynamoDbStore(local.client, { table: 'nothing', transaction: false });
    await failsWith('store_unavailable', () => lost.put(covenant));
    await failsWith('store_unavailable', () => lost.probe());
    const away = clientFor(`http://127.0.0.1:${await deadPort()}`, 1);
    const store = new DynamoDbStore(away, { table: 't', timeoutMs: 500 });
    await failsWith('store_unavailable', () => store.get(covenant.id));
    away.destroy();
  });

  it('works when a server that said nothing answers again', async () => {
    const table = await local.freshTable();
    const endpoint = await local.client.config.endpoint?.();
    const proxy = await FaultyProxy.before(`http://127.0.0.1:${endpoint?.port}`);
    const client = clientFor(proxy.url, 1);
    const store = new DynamoDbStore(client, { table, transaction: false, timeoutMs: 500 });
    const covenant = await sampleCovenant();
    proxy.mode = 'silent';
    await failsWith('store_unavailable', () => store.put(covenant));
    proxy.mode = 'passing';
    await eventually(() => store.put(covenant));
    assert.deepEqual(await eventually(() => store.get(covenant.id)), covenant);
    client.destroy();
    await proxy.down();
  });

  it('makes a client of its own, which ends with it', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const place = { table: await local.freshTable(), region: 'us-east-1', endpoint: local.url };
    const store = DynamoDbStore.connect({ ...place, transaction: false, timeoutMs: 30_000 });
    const covenant = await sampleCovenant();
    await store.put(covenant);
    assert.deepEqual(await store.get(covenant.id), covenant);
    await store.close();
    await failsWith('store_closed', () => store.get(covenant.id));
    // One that was never used has none to end.
    await DynamoDbStore.connect(place).close();
    vi.unstubAllEnvs();
  });

  it('checks where it is told to make one', () => {
    for (const odd of [{ region: '' }, { region: 5 }, { endpoint: '' }, { endpoint: {} }])
      assert.throws(() => DynamoDbStore.connect({ table: 't', ...odd } as never), TypeError);
    for (const endpoint of ['127.0.0.1:8000', 'file:///etc', 'http://u@127.0.0.1', 'http://:p@127.0.0.1'])
      assert.throws(() => DynamoDbStore.connect({ table: 't', endpoint }), RangeError);
    assert.throws(() => DynamoDbStore.connect({ table: '' }), TypeError);
  });

  it('checks its arguments', () => {
    const { client } = local;
    for (const odd of [undefined, null, {}, 'x'])
      assert.throws(() => new DynamoDbStore(odd as never, { table: 't' }), TypeError);
    for (const table of [undefined, '', 5]) {
      assert.throws(() => new DynamoDbStore(client, { table } as DynamoDbStoreOptions), TypeError);
    }
    assert.throws(() => new DynamoDbStore(client, { table: 't', transaction: 1 as never }), TypeError);
    for (const timeoutMs of [0, -1, 1.5, Number.NaN, 600_001]) {
      assert.throws(() => new DynamoDbStore(client, { table: 't', timeoutMs }), RangeError);
    }
  });
});
