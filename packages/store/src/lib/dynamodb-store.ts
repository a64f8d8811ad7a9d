import { BackedStore } from '../backed-store.js';
import { DynamoDbBackend } from './dynamodb-backend.js';
import { DynamoDbCalls, type DynamoDbClient } from './dynamodb-calls.js';
import { type DynamoDbPlace, OwnDynamoDbClient } from './dynamodb-client.js';

export interface DynamoDbStoreOptions {
  /** The name of the table, which must be there: see `DynamoDbStore.table`. */
  readonly table: string;
  /** False for what speaks DynamoDB without its transactions; true when not given. */
  readonly transaction?: boolean | undefined;
  /** How long a request may take, the SDK's own attempts included, in milliseconds; 5,000 when not given. */
  readonly timeoutMs?: number | undefined;
}

/** A table as `CreateTable` takes it. */
export interface DynamoDbTable {
  readonly TableName: string;
  readonly BillingMode: 'PAY_PER_REQUEST';
  readonly AttributeDefinitions: { readonly AttributeName: string; readonly AttributeType: 'S' }[];
  readonly KeySchema: { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[];
}

/**
 * Covenants in one table of DynamoDB, for any number of processes and machines. Reads are consistent, a put is one conditional
 * request, a batch is one transaction.
 *
 * A record has at most 390,000 bytes, since an item has 400 KB: a longer one is `unsupported`. There is no feed. Filters are
 * answered by reading every covenant, which costs read units; all covenants lie in one partition of the table.
 */
export class DynamoDbStore extends BackedStore {
  /**
   * @param client a `DynamoDBClient` of the AWS SDK v3, which stays the caller's to destroy
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(client: DynamoDbClient, { table, transaction = true, timeoutMs = 5000 }: DynamoDbStoreOptions) {
    if (typeof client?.send !== 'function') throw new TypeError('client must be a DynamoDBClient');
    if (typeof table !== 'string' || table === '') throw new TypeError('table must be the name of a table');
    if (typeof transaction !== 'boolean') throw new TypeError('transaction must be true or false');
    if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 600_000) {
      throw new RangeError('timeoutMs must be an integer from 1 to 600,000');
    }
    const onClose = client instanceof OwnDynamoDbClient ? () => client.destroy() : undefined;
    super(new DynamoDbBackend(new DynamoDbCalls(client, timeoutMs, onClose), table, transaction));
  }

  /**
   * A store with a client of its own, which is made with the first request and goes with `close`.
   * @throws TypeError, RangeError for wrong arguments
   */
  static connect({ region, endpoint, ...options }: DynamoDbStoreOptions & DynamoDbPlace): DynamoDbStore {
    return new DynamoDbStore(new OwnDynamoDbClient({ region, endpoint }), options);
  }

  /** The table that a store needs, for `CreateTable` or as a pattern for whoever makes tables. */
  static table(name: string): DynamoDbTable {
    return {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'kind', AttributeType: 'S' },
        { AttributeName: 'id', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'kind', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ],
    };
  }
}
