import type { Bell } from './bell.js';
import type { PostgresConnections, PostgresListener } from './postgres-connections.js';

/** A process tells others at most so often that it has written, in milliseconds. */
const TELL_MS = 20;
/** Where nobody listened it looks again so much later: whoever begins to listen looks for what was written, too. */
const ALONE_MS = 100;
/** A listener that could not be had, or was lost, is asked for again so much later, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Tells the watches of other processes at once what else they would find when they look the next time: nothing depends on it.
 * `NOTIFY` is not part of a write, since a transaction that notifies commits under a lock of the whole cluster; it is sent after it, by a
 * transaction that writes nothing and waits for no disk, for all writes of some time together, and only if somebody listens. Who
 * listens holds a lock that others can ask for.
 */
export class PostgresBell {
  readonly #connections: PostgresConnections;
  readonly #bell: Bell;
  #telling = false;
  #moreToTell = false;
  #watches = 0;
  #listener: Promise<PostgresListener | undefined> | undefined;
  #retryAt = 0;
  #open = true;

  /** @param bell wakes the watches of this process */
  constructor(connections: PostgresConnections, bell: Bell) {
    this.#connections = connections;
    this.#bell = bell;
  }

  /** After a write. */
  ring(): void {
    this.#bell.ring();
    if (this.#telling) this.#moreToTell = true;
    else void this.#tell();
  }

  /** Begins to listen with the first watch. Each that was begun is to be ended by `left`. */
  entered(): void {
    this.#watches++;
    this.listen();
  }

  left(): void {
    this.#watches--;
    if (this.#watches > 0) return;
    this.#end();
    this.#retryAt = 0;
  }

  /** Listens no more, whoever still watches. */
  close(): void {
    this.#open = false;
    this.#end();
  }

  /** Tries again to listen, where that is wanted and has failed. */
  listen(): void {
    if (!this.#open || this.#watches === 0 || this.#listener !== undefined) return;
    if (performance.now() < this.#retryAt) return;
    this.#retryAt = performance.now() + RETRY_MS;
    const listener = this.#connections.listen(this.#channel, this.#lock, {
      heard: () => this.#bell.ring(),
      lost: () => gone(),
    });
    this.#listener = listener;
    // Another may have taken its place meanwhile.
    const gone = () => {
      if (this.#listener === listener) this.#end();
    };
    // What was told before it listened is to be looked for.
    void listener.then((had) => (had === undefined ? gone() : this.#bell.ring()));
  }

  #end(): void {
    void this.#listener?.then((listener) => listener?.end());
    this.#listener = undefined;
  }

  async #tell(): Promise<void> {
    this.#telling = true;
    do {
      this.#moreToTell = false;
      const [answer] = await this.#connections
        .query<{ told: string | null }>(TELL, [this.#lock, this.#channel])
        .catch(() => []);
      await pause(answer?.told === null ? ALONE_MS : TELL_MS);
    } while (this.#moreToTell);
    this.#telling = false;
  }

  get #channel(): string {
    return `stele_${this.#connections.schema}`;
  }

  get #lock(): string {
    return `stele watch ${this.#connections.schema}`;
  }
}

/** Who gets the lock is alone: nobody listens. Another that tells just now may be taken for one who does. */
const TELL = `SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0)) THEN NULL
  ELSE pg_catalog.set_config('synchronous_commit', 'off', true) || pg_catalog.pg_notify($2, '')::text END AS told`;

/** Does not keep the process alive. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
