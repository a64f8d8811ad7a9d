/** A DynamoDB in this process, without transactions: `dynalite`. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

const dynalite = createRequire(import.meta.url)('dynalite') as (options: object) => Server;

/** @returns its URL, and how to end it */
export async function startDynamoDb(): Promise<{ url: string; stop(): void }> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => server.close() };
}

/** Makes a table of the form of `DynamoDbStore.table` there, and waits until it can be used. */
export async function makeTable(url: string, table: { readonly TableName: string }): Promise<void> {
  await ask(url, 'CreateTable', table);
  for (let status = ''; status !== 'ACTIVE'; ) {
    const { Table } = await ask(url, 'DescribeTable', { TableName: table.TableName });
    status = Table.TableStatus;
  }
}

/** The signature is looked for, and not looked at. */
async function ask(
  url: string,
  operation: string,
  input: object,
): Promise<{ Table: { TableStatus: string } }> {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0';
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization,
    },
    body: JSON.stringify(input),
  });
  if (!answer.ok) throw new Error(`${operation}: ${await answer.text()}`);
  return (await answer.json()) as { Table: { TableStatus: string } };
}
