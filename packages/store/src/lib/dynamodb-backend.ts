import { randomUUID } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { StoreError } from '../errors.js';
import type {
  Change,
  Found,
  ListedRecord,
  RecordBackend,
  RecordFilter,
  RecordKind,
  RecordRange,
} from '../record-backend.js';
import { checkChanges, checkIds, unreadable } from './changes.js';
import { type DynamoDbCalls, isConflict, isUnmet } from './dynamodb-calls.js';
import { bytesOf, type Item, keyOf, range, toTransactItem, writeOf } from './dynamodb-items.js';
import { isRecordId } from './ids.js';
import { unsupported } from './watching.js';

/** So often a transaction is made again that was in another's way. */
const MAX_ATTEMPTS = 5;
/** A batch of reads is asked for again as long as DynamoDB leaves some out. */
const MAX_READS = 10;

/** Records in one table, read consistently. A write of one record is one conditional request. */
export class DynamoDbBackend implements RecordBackend {
  readonly supports: { readonly transaction: boolean; readonly watch: false };
  readonly #calls: DynamoDbCalls;
  readonly #table: string;

  constructor(calls: DynamoDbCalls, table: string, transaction: boolean) {
    this.supports = { transaction, watch: false };
    this.#calls = calls;
    this.#table = table;
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    if (!isRecordId(kind, id)) return undefined;
    return found(id, await this.#item(kind, id));
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    checkIds(ids);
    const wanted = [...new Set(ids)].filter((id) => isRecordId(kind, id));
    const items = this.supports.transaction
      ? await this.#atOnce(kind, wanted)
      : await this.#batch(kind, wanted);
    const byId = new Map(items.map((item) => [item.id?.S, item]));
    return ids.map((id) => found(id, byId.get(id)));
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    const [first] = changes as readonly [Change];
    if (changes.length > 1) return this.#transact(changes);
    if (first.next === 'same' || (first.next === undefined && first.expected === undefined)) {
      return this.#holds(first);
    }
    const write = { TableName: this.#table, ...writeOf(first) };
    try {
      await this.#calls.send((sdk) =>
        'Item' in write ? new sdk.PutItemCommand(write) : new sdk.DeleteItemCommand(write),
      );
      return true;
    } catch (error) {
      if (isUnmet(error)) return false;
      throw error;
    }
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    return isRecordId(kind, id) && (await this.#item(kind, id, 'id')) !== undefined;
  }

  async list(kind: RecordKind, { limit, ...wanted }: RecordRange): Promise<ListedRecord[]> {
    const records: ListedRecord[] = [];
    for await (const { Items = [] } of this.#query(
      kind,
      wanted,
      wanted.token === undefined ? limit : undefined,
    )) {
      for (const item of Items) {
        records.push(listed(String(item.id?.S), item));
        if (records.length === limit) return records;
      }
    }
    return records;
  }

  async count(kind: RecordKind, filter: RecordFilter = {}): Promise<number> {
    let count = 0;
    for await (const { Count = 0 } of this.#query(kind, filter, undefined, 'COUNT')) count += Count;
    return count;
  }

  async probe(): Promise<void> {
    const Key = { kind: { S: 'probe' }, id: { S: randomUUID() } };
    const TableName = this.#table;
    await this.#calls.send((sdk) => new sdk.PutItemCommand({ TableName, Item: Key }));
    const { Item } = await this.#calls.send(
      (sdk) => new sdk.GetItemCommand({ TableName, Key, ConsistentRead: true }),
    );
    await this.#calls.send((sdk) => new sdk.DeleteItemCommand({ TableName, Key }));
    if (Item === undefined)
      throw new StoreError('store_unavailable', 'the table does not keep what is written');
  }

  async close(): Promise<void> {
    this.#calls.close();
  }

  async #item(kind: RecordKind, id: string, projection?: string): Promise<Item | undefined> {
    const { Item } = await this.#calls.send(
      (sdk) =>
        new sdk.GetItemCommand({
          TableName: this.#table,
          Key: keyOf(kind, id),
          ConsistentRead: true,
          ...(projection !== undefined && { ProjectionExpression: projection }),
        }),
    );
    return Item;
  }

  async #atOnce(kind: RecordKind, ids: readonly string[]): Promise<Item[]> {
    if (ids.length === 0) return [];
    const { Responses = [] } = await this.#calls.send(
      (sdk) =>
        new sdk.TransactGetItemsCommand({
          TransactItems: ids.map((id) => ({ Get: { TableName: this.#table, Key: keyOf(kind, id) } })),
        }),
    );
    return Responses.flatMap(({ Item }) => (Item === undefined ? [] : [Item]));
  }

  async #batch(kind: RecordKind, ids: readonly string[]): Promise<Item[]> {
    const items: Item[] = [];
    let keys: Record<string, AttributeValue>[] = ids.map((id) => keyOf(kind, id));
    for (let read = 0; keys.length > 0; read++) {
      if (read === MAX_READS)
        throw new StoreError('store_unavailable', 'DynamoDB leaves out what was asked for');
      const { Responses, UnprocessedKeys } = await this.#calls.send(
        (sdk) =>
          new sdk.BatchGetItemCommand({
            RequestItems: { [this.#table]: { Keys: keys, ConsistentRead: true } },
          }),
      );
      items.push(...(Responses?.[this.#table] ?? []));
      keys = UnprocessedKeys?.[this.#table]?.Keys ?? [];
    }
    return items;
  }

  async *#query(
    kind: RecordKind,
    wanted: Omit<RecordRange, 'limit'>,
    limit: number | undefined,
    select?: 'COUNT',
  ): AsyncGenerator<{ Items?: Item[] | undefined; Count?: number | undefined }, void, undefined> {
    for (let next: Item | undefined, first = true; first || next !== undefined; first = false) {
      const page = await this.#calls.send(
        (sdk) =>
          new sdk.QueryCommand({
            TableName: this.#table,
            ConsistentRead: true,
            ...range(kind, wanted),
            Limit: limit,
            Select: select,
            ExclusiveStartKey: next,
          }),
      );
      next = page.LastEvaluatedKey;
      yield page;
    }
  }

  async #holds({ kind, id, expected }: Change): Promise<boolean> {
    const stored = await this.get(kind, id);
    if (expected === undefined || stored === undefined) return expected === stored;
    return expected === 'present' || Buffer.compare(expected, stored.version) === 0;
  }

  async #transact(changes: readonly Change[]): Promise<boolean> {
    if (!this.supports.transaction) throw unsupported('has no transactions');
    const request = {
      TransactItems: changes.map((change) => toTransactItem(this.#table, change)),
      // So that what the SDK sends again is not done again.
      ClientRequestToken: randomUUID(),
    };
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#calls.send((sdk) => new sdk.TransactWriteItemsCommand(request));
        return true;
      } catch (error) {
        if (isUnmet(error)) return false;
        if (attempt === MAX_ATTEMPTS || !isConflict(error)) throw error;
      }
    }
  }
}

function found(id: string, item: Item | undefined): Found | undefined {
  if (item === undefined) return undefined;
  const bytes = bytesOf(id, item);
  return { bytes, version: bytes.slice() };
}

function listed(id: string, item: Item): ListedRecord {
  try {
    return { id, bytes: bytesOf(id, item) };
  } catch (error) {
    return { id, error: unreadable(error) };
  }
}
