import type { KMSClient } from '@aws-sdk/client-kms';
import { type KmsClient, loadSdk } from './client.js';

/** Where the KMS is. What is left out the AWS SDK finds in the environment, the profile or the role, as it does the credentials. */
export interface KmsPlace {
  /** Such as `eu-central-1`. */
  region?: string | undefined;
}

/** A client that its maker ends. */
export interface OwnKmsClient extends KmsClient {
  /** Ends its connections; nothing is asked any more. */
  destroy(): void;
}

/**
 * A client of the AWS SDK, which is loaded with the first request: for those who know the KMS only by its region.
 * @throws {TypeError} if the region is no text
 */
export function kmsClient({ region }: KmsPlace = {}): OwnKmsClient {
  if (region !== undefined && (typeof region !== 'string' || region === ''))
    throw new TypeError('region must be a text');
  let client: KMSClient | undefined;
  let ended = false;
  return Object.freeze({
    send: async (command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown> => {
      const sdk = await loadSdk();
      if (ended) throw new Error('the client is destroyed');
      client ??= new sdk.KMSClient(region === undefined ? {} : { region });
      return client.send(command, options);
    },
    destroy: () => {
      ended = true;
      client?.destroy();
    },
  });
}
