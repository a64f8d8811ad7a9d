import { BackedStore } from '../backed-store.js';
import { RedisBackend } from './redis-backend.js';
import type { RedisClient, RedisOptions } from './redis-connection.js';

export interface RedisStoreOptions extends RedisOptions {
  /** Whether a store may begin where there is none; true when not given. With false every method is then rejected with `store_version`. */
  readonly create?: boolean | undefined;
}

/**
 * Covenants in Redis, for any number of processes and machines. A write is one script, so one step.
 *
 * What is written is as durable as the server makes it: with `appendonly yes` and `appendfsync always` it outlives the machine; with
 * `everysec` a crash can lose the last second, without `appendonly` everything since the last snapshot, and a failover what the replica
 * had not received. A revocation that is lost so is one that nobody knows of: where that must not be, use `PostgresStore`.
 *
 * All keys of a prefix have one hash tag: in a cluster a store lives on one node. Several prefixes are several stores.
 */
export class RedisStore extends BackedStore {
  /**
   * Connects with the first call.
   * @param source a URL (`redis://…`), or a client of `ioredis`, which is copied: it stays the caller's
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | RedisClient, options: RedisStoreOptions = {}) {
    super(new RedisBackend(source, options));
  }
}
