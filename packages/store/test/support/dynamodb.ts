/** A DynamoDB in this process, without transactions: `dynalite`. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDbStore } from '../../src/dynamodb.js';

const dynalite = createRequire(import.meta.url)('dynalite') as (options: object) => Server;

export interface LocalDynamoDb {
  readonly client: DynamoDBClient;
  /** Makes a table that nobody uses. @returns its name */
  freshTable(): Promise<string>;
  close(): Promise<void>;
}

export async function localDynamoDb(): Promise<LocalDynamoDb> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = clientFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  let made = 0;
  return {
    client,
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
      server.close();
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
