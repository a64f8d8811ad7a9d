import { StoreError } from '../errors.js';
import { loadSdk, type Sdk } from './dynamodb-sdk.js';

/** What is used of a `DynamoDBClient` of the AWS SDK v3. */
export interface DynamoDbClient {
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
}

/** A command of the SDK, by what it resolves to. */
interface Command<Output> {
  readonly resolveMiddleware: (...args: never[]) => (...args: never[]) => Promise<{ output: Output }>;
}

/** More calls than that are not sent. */
const MOST_CALLS = 10_000;

/** Requests to DynamoDB. Every one ends within the time-out, the SDK's own attempts included. */
export class DynamoDbCalls {
  readonly #client: DynamoDbClient;
  readonly #timeoutMs: number;
  readonly #onClose: () => void;
  #calls = 0;
  #open = true;

  constructor(client: DynamoDbClient, timeoutMs: number, onClose: () => void = () => {}) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#onClose = onClose;
  }

  /**
   * @param command makes the command
   * @throws StoreError `store_unavailable`, `store_closed`; its `cause` is what the SDK threw
   */
  async send<Output>(command: (sdk: Sdk) => Command<Output>): Promise<Output> {
    if (!this.#open) throw new StoreError('store_closed', 'the store is closed');
    if (this.#calls >= MOST_CALLS) throw unavailable('too many calls wait for DynamoDB');
    this.#calls++;
    const end = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(unavailable(`DynamoDB has not answered within ${this.#timeoutMs} ms`));
        end.abort();
      }, this.#timeoutMs);
    });
    try {
      const answer = loadSdk().then((sdk) =>
        this.#client.send(command(sdk) as never, { abortSignal: end.signal }),
      );
      return (await Promise.race([answer, late])) as Output;
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw unavailable(`DynamoDB did not do what was asked: ${String((error as Error)?.name)}`, error);
    } finally {
      clearTimeout(timer);
      this.#calls--;
    }
  }

  close(): void {
    this.#open = false;
    this.#onClose();
  }
}

/** Whether an expectation did not hold, so that nothing was written. */
export function isUnmet(error: unknown): boolean {
  return (
    nameOf(error) === 'ConditionalCheckFailedException' || reasons(error).includes('ConditionalCheckFailed')
  );
}

/** Whether another transaction was in the way, so that nothing was written and the same may succeed now. */
export function isConflict(error: unknown): boolean {
  return nameOf(error) === 'TransactionInProgressException' || reasons(error).includes('TransactionConflict');
}

const nameOf = (error: unknown): unknown => causeOf(error)?.name;

function reasons(error: unknown): unknown[] {
  const cause = causeOf(error) as { CancellationReasons?: { Code?: unknown }[] } | undefined;
  return nameOf(error) === 'TransactionCanceledException'
    ? (cause?.CancellationReasons ?? []).map(({ Code }) => Code)
    : [];
}

const causeOf = (error: unknown): Error | undefined =>
  error instanceof StoreError ? (error.cause as Error | undefined) : undefined;

function unavailable(message: string, cause?: unknown): StoreError {
  return new StoreError('store_unavailable', message, {
    cause,
    hint: 'look at the region, the credentials, the table, its rights, and the network; what was asked may or may not have been done',
  });
}
