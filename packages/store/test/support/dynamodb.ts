/** A DynamoDB in this process, with a client of the AWS SDK. */
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startDynamoDb } from '../../../../test/support/dynamodb.js';
import { DynamoDbStore } from '../../src/dynamodb.js';

export interface LocalDynamoDb {
  readonly client: DynamoDBClient;
  readonly url: string;
  /** Makes a table that nobody uses. @returns its name */
  freshTable(): Promise<string>;
  close(): Promise<void>;
}

export async function localDynamoDb(): Promise<LocalDynamoDb> {
  const { url, stop } = await startDynamoDb();
  const client = clientFor(url);
  let made = 0;
  return {
    client,
    url,
    freshTable: async () => {
      const name = `stele-${made++}`;
      await client.send(new CreateTableCommand(DynamoDbStore.table(name)));
      // It answers that a table is not there for as long as it is being made.
      for (let status: string | undefined; status !== 'ACTIVE'; ) {
        const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
        status = Table?.TableStatus;
      }
      return name;
    },
    close: async () => {
      client.destroy();
      stop();
    },
  };
}

/** A client that asks nobody else for keys or places. */
export function clientFor(endpoint: string, maxAttempts = 3): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    maxAttempts,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}
