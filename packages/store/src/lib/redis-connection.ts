import { randomUUID } from 'node:crypto';
import { StoreError } from '../errors.js';
import { PROBE_SCRIPT, type RedisScript } from './redis-script.js';

/** What is used of a client of `ioredis`. */
interface Client {
  readonly status: string;
  connect(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  callBuffer(command: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
  once(event: 'ready', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** A `Redis` or a `Cluster` of `ioredis`. */
export interface RedisClient {
  readonly isCluster: boolean;
  duplicate(...args: never[]): unknown;
}

export interface RedisOptions {
  /** What the names of all keys begin with, 1 to 64 letters, digits, dots, dashes, underscores and colons; `stele` when not given. */
  readonly prefix?: string | undefined;
  /** How long a call may take, waiting for the connection included, in milliseconds; 5,000 when not given. */
  readonly timeoutMs?: number | undefined;
}

const PREFIX = /^[A-Za-z0-9._:-]{1,64}$/;

/** More calls than that are not sent. */
const MOST_CALLS = 10_000;

/**
 * One connection to Redis, or one to each node of a cluster. A call is sent at most once, and ends within the time-out; a connection
 * that did not answer in time is thrown away, and a new one is made for as long as it takes.
 */
export class RedisConnection {
  readonly prefix: string;
  readonly timeoutMs: number;
  readonly #source: string | RedisClient;
  /** Made when it is first needed. */
  #made: Promise<Client> | undefined;
  #client: Client | undefined;
  #ready: Promise<void> | undefined;
  /** Wakes those who wait for the connection. */
  #wake: () => void = () => {};
  #calls = 0;
  #open = true;

  /**
   * @param source a URL (`redis://…`, `rediss://…`), or a client of `ioredis`, which is copied: it stays the caller's
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | RedisClient, options: RedisOptions) {
    const { prefix = 'stele', timeoutMs = 5000 } = options;
    if (typeof prefix !== 'string' || !PREFIX.test(prefix)) {
      throw new RangeError('prefix must be 1 to 64 letters, digits, dots, dashes, underscores and colons');
    }
    if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 600_000) {
      throw new RangeError('timeoutMs must be an integer from 1 to 600,000');
    }
    this.prefix = prefix;
    this.timeoutMs = timeoutMs;
    const isUrl = typeof source === 'string' && /^rediss?:\/\//.test(source);
    if (!isUrl && typeof (source as RedisClient | undefined)?.duplicate !== 'function') {
      throw new TypeError('source must be a URL like redis://host, or a client of ioredis');
    }
    this.#source = source;
  }

  /** The name of a key. All of a prefix have one hash tag, so that a cluster keeps them together and a script may use them. */
  key(name: string): string {
    return `{${this.prefix}}:${name}`;
  }

  /** @throws StoreError `store_unavailable`, `store_closed` */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown> {
    return this.#within((client) => evaluate(client, script, keys, args));
  }

  /** Runs a command; text in the answer comes as bytes. @throws StoreError `store_unavailable`, `store_closed` */
  ask(command: string, ...args: (string | number | Buffer)[]): Promise<unknown> {
    return this.#within((client) => client.callBuffer(command, ...args));
  }

  /** Writes something under the prefix, reads it back, and leaves no trace. @throws StoreError `store_unavailable`, `store_closed` */
  async probe(): Promise<void> {
    const value = randomUUID();
    const [answer] = (await this.run(PROBE_SCRIPT, [this.key(`probe:${value}`)], [value])) as unknown[];
    if (String(answer) !== 'yes') throw unavailable('Redis does not keep what is written');
  }

  /** Ends the connection at once. May be called twice. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#client?.disconnect();
    this.#wake();
  }

  async #within(step: (client: Client) => Promise<unknown>): Promise<unknown> {
    if (!this.#open) throw closed();
    if (this.#calls >= MOST_CALLS) throw unavailable('too many calls wait for Redis');
    this.#calls++;
    let timer: NodeJS.Timeout | undefined;
    let givenUp = false;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        givenUp = true;
        // Also one that was accepted and never became ready.
        if (['connect', 'ready'].includes(this.#client?.status ?? '')) this.#client?.disconnect(true);
        reject(unavailable(`Redis has not answered within ${this.timeoutMs} ms`));
      }, this.timeoutMs);
    });
    try {
      const answer = this.#connected().then((client) => {
        // What was given up must not be done when the connection is there again.
        if (givenUp) throw unavailable('nobody waits any more');
        return step(client);
      });
      return await Promise.race([answer, late]);
    } catch (error) {
      throw this.#open ? toStoreError(error) : closed();
    } finally {
      clearTimeout(timer);
      this.#calls--;
    }
  }

  async #connected(): Promise<Client> {
    this.#made ??= connect(this.#source, this.timeoutMs);
    const client = await this.#made.catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    if (!this.#open) {
      client.disconnect();
      throw closed();
    }
    this.#client = client;
    if (client.status === 'ready') return client;
    this.#ready ??= new Promise<void>((resolve) => {
      this.#wake = resolve;
      client.once('ready', resolve);
    }).finally(() => {
      this.#ready = undefined;
    });
    if (client.status === 'wait') client.connect().catch(() => {});
    await this.#ready;
    return client;
  }
}

async function evaluate(
  client: Client,
  { sha1, text }: RedisScript,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  try {
    return await client.callBuffer('EVALSHA', sha1, keys.length, ...keys, ...args);
  } catch (error) {
    if (!String((error as Error).message).startsWith('NOSCRIPT')) throw error;
    return client.callBuffer('EVAL', text, keys.length, ...keys, ...args);
  }
}

/** Nothing waits in a queue while there is no connection, and nothing is sent again: whoever asked is told, and decides. */
async function connect(source: string | RedisClient, timeoutMs: number): Promise<Client> {
  const options = {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: timeoutMs,
    retryStrategy: (attempt: number) => Math.min(attempt * 50, 1000),
  };
  const client =
    typeof source === 'string'
      ? (new (await ioredis()).Redis(source, options) as unknown as Client)
      : copyOf(source, options);
  // What fails is told to whoever asked.
  client.on('error', () => {});
  return client;
}

function copyOf(
  source: RedisClient,
  options: { readonly retryStrategy: (attempt: number) => number },
): Client {
  const duplicate = source.duplicate.bind(source) as (...args: unknown[]) => Client;
  if (!source.isCluster) return duplicate(options);
  return duplicate([], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: options.retryStrategy,
    // Else a command whose connection was lost is sent to the next one, though it may have run.
    retryDelayOnFailover: 0,
    redisOptions: options,
  });
}

async function ioredis(): Promise<Pick<typeof import('ioredis'), 'Redis'>> {
  return import('ioredis').catch((cause: unknown) => {
    throw new StoreError('store_unavailable', 'the package ioredis cannot be loaded', {
      cause,
      hint: 'run `npm install ioredis`',
    });
  });
}

function toStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const code = /^[A-Z]+(?= )/.exec((cause as Error)?.message ?? '')?.[0];
  // Without the command, which carries what was to be stored.
  const said = new Error((cause as Error)?.message);
  return unavailable(`Redis did not do what was asked${code === undefined ? '' : `: ${code}`}`, said);
}

function unavailable(message: string, cause?: unknown): StoreError {
  return new StoreError('store_unavailable', message, {
    cause,
    hint: 'look at Redis and the network; what was asked may or may not have been done',
  });
}

function closed(): StoreError {
  return new StoreError('store_closed', 'the connection to Redis is closed');
}
