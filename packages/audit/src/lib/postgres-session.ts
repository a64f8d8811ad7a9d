import type { Appended } from '../backend.js';
import type { Lease, PostgresClient, PostgresConnections } from './postgres-connections.js';
import { isLost } from './postgres-errors.js';
import { lostItself } from './postgres-reads.js';

/** How long the end of the log is kept for a writer that was overtaken, and then does not append. */
const TURN_MS = 200;

/** A connection with the lock that says that its writer is alive. */
export class PostgresSession {
  /** Set when the connection is of no use any more. */
  #lost = false;
  readonly #lease: Lease;
  readonly #schema: string;
  /** Set while the end of the log is this writer's: a transaction is open. */
  #turn: { readonly size: number; readonly timer: NodeJS.Timeout } | undefined;

  private constructor(lease: Lease, schema: string) {
    this.#lease = lease;
    this.#schema = schema;
  }

  /**
   * @param writer its number, among all writers of all logs of a database
   * @param signal ends the attempt
   * @param onLost is told when the connection breaks
   */
  static async begin(
    connections: PostgresConnections,
    writer: number,
    signal: AbortSignal,
    onLost: () => void,
  ): Promise<PostgresSession> {
    let lost = false;
    let session: PostgresSession | undefined;
    const lease = await connections.lease(signal, () => {
      lost = true;
      if (session !== undefined) session.#lost = true;
      onLost();
    });
    try {
      await lease.client.query(greeting(writer, connections.timeoutMs));
    } catch (error) {
      lease.end(true);
      throw error;
    }
    lease.keep();
    session = new PostgresSession(lease, connections.schema);
    session.#lost = lost;
    return session;
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** Waits in line for the end of the log. @returns the size of the log, which stays until the next append, or for a moment */
  async turn(): Promise<number> {
    if (this.#turn !== undefined) return this.#turn.size;
    const statement = `SELECT size FROM "${this.#schema}".audit_head FOR UPDATE`;
    const size = await this.#undoing(async (client) => {
      // Of several statements each has a result of its own.
      const results = (await client.query(`BEGIN; ${statement}`)) as unknown;
      const [, { rows }] = results as [unknown, { rows: { size: string }[] }];
      if (rows[0] === undefined) throw lostItself(`the schema ${this.#schema} of PostgreSQL`);
      return Number(rows[0].size);
    });
    const giveUp = () => {
      this.#turn = undefined;
      this.#lease.client.query('ROLLBACK').catch(() => {
        this.#lost = true;
      });
    };
    this.#turn = { size, timer: setTimeout(giveUp, TURN_MS).unref() };
    return size;
  }

  /** Appends a batch: the parameters of `audit_append`. Ends a turn. */
  async append(batch: readonly unknown[]): Promise<Appended> {
    const held = this.#endTurn();
    const ask = async (client: PostgresClient) => {
      const { rows } = await client.query(
        `SELECT appended, size FROM "${this.#schema}".audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
        [...batch],
      );
      if (held) await client.query('COMMIT');
      const [{ appended, size }] = rows as [{ appended: boolean; size: string }];
      return { appended, size: Number(size) };
    };
    return held ? this.#undoing(ask) : ask(this.#lease.client);
  }

  /** From when this is answered nobody takes the writer for alive; the end of the connection alone would be noticed later. */
  async farewell(): Promise<void> {
    await this.#lease.client.query('SELECT pg_advisory_unlock_all()');
  }

  end(): void {
    this.#lost = true;
    this.#endTurn();
    this.#lease.end(true);
  }

  async #undoing<T>(step: (client: PostgresClient) => Promise<T>): Promise<T> {
    const { client } = this.#lease;
    try {
      return await step(client);
    } catch (error) {
      if (!isLost(error)) await client.query('ROLLBACK');
      throw error;
    }
  }

  /** @returns whether there was a turn, whose transaction is still open */
  #endTurn(): boolean {
    const held = this.#turn !== undefined;
    clearTimeout(this.#turn?.timer);
    this.#turn = undefined;
    return held;
  }
}

/** What a session begins with. A writer that is stopped in its turn loses it; one whose machine is gone is missed after half a minute. */
function greeting(writer: number, timeoutMs: number): string {
  return `SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
    SET statement_timeout = ${timeoutMs};
    SET idle_in_transaction_session_timeout = ${5 * TURN_MS};
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4;
    SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout';
    SELECT pg_advisory_lock_shared(${writer})`;
}
