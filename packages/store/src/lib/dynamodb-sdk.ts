import { StoreError } from '../errors.js';

/** The SDK, which makes clients and commands. */
export type Sdk = typeof import('@aws-sdk/client-dynamodb');

/** @throws StoreError `store_unavailable` where it is not installed */
export async function loadSdk(): Promise<Sdk> {
  return import('@aws-sdk/client-dynamodb').catch((cause: unknown) => {
    throw new StoreError('store_unavailable', 'the package @aws-sdk/client-dynamodb cannot be loaded', {
      cause,
      hint: 'run `npm install @aws-sdk/client-dynamodb`',
    });
  });
}
