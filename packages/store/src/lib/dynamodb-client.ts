import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { StoreError } from '../errors.js';
import type { DynamoDbClient } from './dynamodb-calls.js';
import { loadSdk } from './dynamodb-sdk.js';

/** Where DynamoDB is. What is left out the AWS SDK finds in the environment, the profile or the role, as it does the credentials. */
export interface DynamoDbPlace {
  /** Such as `eu-central-1`. */
  readonly region?: string | undefined;
  /** The URL of something else that speaks DynamoDB, without a user and a password. */
  readonly endpoint?: string | undefined;
}

/** A client of the SDK that is made with the first request, and is the store's own. */
export class OwnDynamoDbClient implements DynamoDbClient {
  readonly #place: { readonly region?: string; readonly endpoint?: string };
  #client: DynamoDBClient | undefined;
  #open = true;

  /**
   * @throws TypeError for a region or an endpoint that is no text
   * @throws RangeError for an endpoint that is no URL of http or https, or has a user or a password in it
   */
  constructor({ region, endpoint }: DynamoDbPlace) {
    for (const [name, value] of Object.entries({ region, endpoint }))
      if (value !== undefined && (typeof value !== 'string' || value === ''))
        throw new TypeError(`${name} must be a text`);
    if (endpoint !== undefined && !isEndpoint(endpoint))
      throw new RangeError('endpoint must be a URL of http or https, without a user and a password');
    this.#place = { ...(region !== undefined && { region }), ...(endpoint !== undefined && { endpoint }) };
  }

  async send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown> {
    const { DynamoDBClient } = await loadSdk();
    if (!this.#open) throw new StoreError('store_closed', 'the store is closed');
    this.#client ??= new DynamoDBClient(this.#place);
    return this.#client.send(command, options);
  }

  destroy(): void {
    this.#open = false;
    this.#client?.destroy();
  }
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
