import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { StoreError } from '../errors.js';
import type { Change, Content, RecordKind, RecordRange } from '../record-backend.js';

/**
 * How records are kept: one item each, under its kind and, in the order of their bytes, its id. `v` is the version of this form,
 * `bytes` the record, `tokens` what it is found by.
 */
export type Item = Record<string, AttributeValue>;

const VERSION = '1';

/** An item has 400 KB at most; a record leaves room for its id and its tokens. */
export const MAX_ITEM_BYTES = 390_000;

export function keyOf(kind: RecordKind, id: string): { kind: { S: string }; id: { S: string } } {
  return { kind: { S: kind }, id: { S: id } };
}

/** @throws StoreError `unsupported` for a record that is too long for DynamoDB */
function itemOf(kind: RecordKind, id: string, { bytes, tokens }: Content): Item {
  if (bytes.length > MAX_ITEM_BYTES) {
    throw new StoreError('unsupported', `DynamoDB keeps no record of ${bytes.length} bytes`, {
      id,
      hint: `a record there has at most ${MAX_ITEM_BYTES} bytes; use another store for longer ones`,
    });
  }
  return {
    ...keyOf(kind, id),
    v: { N: VERSION },
    bytes: { B: bytes },
    ...(tokens.length > 0 && { tokens: { SS: [...tokens] } }),
  };
}

/** @throws StoreError `store_version`, `record_corrupt` */
export function bytesOf(id: string, { v, bytes }: Item): Uint8Array {
  if (v?.N !== undefined && v.N !== VERSION) {
    throw new StoreError('store_version', `${id} was written by a newer version`, {
      id,
      hint: 'upgrade Stele',
    });
  }
  if (v?.N === VERSION && bytes?.B instanceof Uint8Array) return new Uint8Array(bytes.B);
  throw new StoreError('record_corrupt', `the stored record of ${id} is not made of bytes`, { id });
}

interface Condition {
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
}

function conditionOf(expected: Change['expected']): Condition {
  if (expected === undefined) return { ConditionExpression: 'attribute_not_exists(id)' };
  if (expected === 'present') return { ConditionExpression: 'attribute_exists(id)' };
  // `bytes` is a word of the language of expressions.
  return {
    ConditionExpression: '#bytes = :expected',
    ExpressionAttributeNames: { '#bytes': 'bytes' },
    ExpressionAttributeValues: { ':expected': { B: expected } },
  };
}

/** A change that writes, as the parameters of `PutItem` or `DeleteItem`. */
export function writeOf({ kind, id, expected, next }: Change): Condition & ({ Item: Item } | { Key: Item }) {
  const condition = conditionOf(expected);
  if (typeof next === 'object') return { ...condition, Item: itemOf(kind, id, next) };
  return { ...condition, Key: keyOf(kind, id) };
}

/** A change as a part of `TransactWriteItems`. */
export function toTransactItem(TableName: string, change: Change): TransactWriteItem {
  const { next, expected } = change;
  const write = { TableName, ...writeOf(change) };
  if ('Item' in write) return { Put: write };
  if (next === 'same' || expected === undefined) return { ConditionCheck: write };
  return { Delete: write };
}

interface Query {
  readonly KeyConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Item;
  readonly FilterExpression?: string;
}

/** The parameters of a query for a range. */
export function range(
  kind: RecordKind,
  { token, prefix = '', after = '' }: Omit<RecordRange, 'limit'>,
): Query {
  // No id has a character below `!` or above `~`: the first is what follows an id, the last what ends a prefix.
  const from = after !== '' && after >= prefix ? `${after}!` : prefix || '!';
  return {
    KeyConditionExpression: '#kind = :kind AND id BETWEEN :from AND :to',
    ExpressionAttributeNames: { '#kind': 'kind', ...(token !== undefined && { '#tokens': 'tokens' }) },
    ExpressionAttributeValues: {
      ':kind': { S: kind },
      ':from': { S: from },
      ':to': { S: `${prefix}~` },
      ...(token !== undefined && { ':token': { S: token } }),
    },
    ...(token !== undefined && { FilterExpression: 'contains(#tokens, :token)' }),
  };
}
