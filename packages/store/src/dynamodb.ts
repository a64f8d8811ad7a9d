/**
 * Covenants in DynamoDB, shared by any number of machines. It needs the package `@aws-sdk/client-dynamodb`.
 * @module
 */
export type { DynamoDbClient } from './lib/dynamodb-calls.js';
export type { DynamoDbPlace } from './lib/dynamodb-client.js';
export { DynamoDbStore, type DynamoDbStoreOptions, type DynamoDbTable } from './lib/dynamodb-store.js';
