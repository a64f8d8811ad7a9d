import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Appended, LogRecord } from '../backend.js';
import { AuditError } from '../errors.js';
import { appendColumns } from './postgres-batch.js';
import {
  type Lease,
  type PostgresClient,
  type PostgresConnections,
  withinTime,
} from './postgres-connections.js';
import { isInTheWay, isLost, toAuditError } from './postgres-errors.js';

const PAUSE_MS = 20;
/** How long a place at the end of the log is kept for a writer that was overtaken, and then does not append. */
const TURN_MS = 200;
/** After it was overtaken a writer asks for its turn before so many batches. */
const BUSY_BATCHES = 8;

/** A connection with the lock that says that its writer is alive. */
interface Session {
  readonly lease: Lease;
  /** Set while the end of the log is this writer's: a transaction is open. */
  turn: NodeJS.Timeout | undefined;
  lost: boolean;
}

/**
 * One writer. It appends on a connection of its own, whose end is its end to all others: they may settle its permits then.
 *
 * A batch has a number. When its answer was lost it is asked for again with the same number on another connection, until the server
 * says what became of it or the time is up; so it is never there twice.
 *
 * A writer that was overtaken waits in line for the end of the log and keeps it until its next batch is there: with each other
 * writer going first at most once, none starves.
 */
export class PostgresWriter {
  /** Among all writers of all logs of a database. */
  readonly id = randomInt(1, 2 ** 47);
  readonly #connections: PostgresConnections;
  #session: Session | undefined;
  #batch = 0;
  #busy = 0;

  constructor(connections: PostgresConnections) {
    this.#connections = connections;
  }

  /** Says that this writer is there. @throws AuditError */
  async open(): Promise<void> {
    await this.#inTime(async (signal) => void (await this.#connected(signal)));
  }

  /** @throws AuditError `audit_log_unavailable`: it is not known whether the records are there */
  async append(at: number, records: readonly LogRecord[]): Promise<Appended> {
    const batch = [this.id, ++this.#batch, at, ...appendColumns(at, records)];
    return this.#inTime(async (signal) => {
      for (let sent = false; ; ) {
        try {
          const session = await this.#connected(signal);
          sent = true;
          return await this.#send(session, batch);
        } catch (error) {
          if (isLost(error)) this.#end();
          else if (!isInTheWay(error)) throw error;
          // What was not sent is not there, and the caller need not wait for a server that is away.
          if (!sent || signal.aborted) throw error;
          await pause(PAUSE_MS, undefined, { signal });
        }
      }
    });
  }

  async close(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    // By the time that this is answered nobody takes the writer for alive; the end of the connection alone would come later.
    await this.#inTime(() => session.lease.client.query('SELECT pg_advisory_unlock_all()')).catch(
      () => undefined,
    );
    this.#end();
  }

  async #inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withinTime(this.#connections.timeoutMs, async (signal) => {
        signal.addEventListener('abort', () => this.#end());
        return await work(signal);
      });
    } catch (error) {
      throw toAuditError(error);
    }
  }

  async #connected(signal: AbortSignal): Promise<Session> {
    if (this.#session?.lost === false) return this.#session;
    this.#end();
    const lost = () => {
      session.lost = true;
    };
    const lease = await this.#connections.lease(signal, lost);
    const session: Session = { lease, turn: undefined, lost: false };
    try {
      await lease.client.query(this.#greeting());
    } catch (error) {
      lease.end(true);
      throw error;
    }
    lease.keep();
    this.#session = session;
    return session;
  }

  /** What a session is made of. A client whose machine is gone is noticed after half a minute. */
  #greeting(): string {
    return `SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
      SET statement_timeout = ${this.#connections.timeoutMs};
      SET idle_in_transaction_session_timeout = ${this.#connections.timeoutMs};
      SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4;
      SELECT pg_advisory_lock_shared(${this.id})`;
  }

  async #send(session: Session, batch: readonly unknown[]): Promise<Appended> {
    const { client } = session.lease;
    const held = this.#endTurn(session);
    if (!held && this.#busy > 0) await client.query('BEGIN');
    const open = held || this.#busy > 0;
    const answer = await this.#ask(client, batch).catch(async (error: unknown) => {
      if (open && !isLost(error)) await client.query('ROLLBACK');
      throw error;
    });
    if (answer.appended) {
      if (open) await client.query('COMMIT');
      this.#busy = Math.max(0, this.#busy - 1);
      return answer;
    }
    this.#busy = BUSY_BATCHES;
    if (open) {
      this.#keepTurn(session);
      return answer;
    }
    return { appended: false, size: await this.#takeTurn(session) };
  }

  async #ask(client: PostgresClient, batch: readonly unknown[]): Promise<Appended> {
    const { rows } = await client.query(
      `SELECT appended, size FROM "${this.#connections.schema}".audit_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      [...batch],
    );
    const [row] = rows as { appended: boolean; size: string }[];
    if (row === undefined)
      throw new AuditError('audit_log_corrupt', 'the database has lost the size of the log');
    return { appended: row.appended, size: Number(row.size) };
  }

  /** Waits in line for the end of the log. @returns the size, which stays until the turn is over */
  async #takeTurn(session: Session): Promise<number> {
    const { client } = session.lease;
    await client.query('BEGIN');
    const { rows } = await client.query(
      `SELECT size FROM "${this.#connections.schema}".audit_head FOR UPDATE`,
    );
    this.#keepTurn(session);
    return Number((rows[0] as { size: string }).size);
  }

  #keepTurn(session: Session): void {
    session.turn = setTimeout(() => {
      session.turn = undefined;
      session.lease.client.query('ROLLBACK').catch(() => {
        session.lost = true;
      });
    }, TURN_MS).unref();
  }

  /** @returns whether there was a turn, whose transaction is still open */
  #endTurn(session: Session): boolean {
    const held = session.turn !== undefined;
    clearTimeout(session.turn);
    session.turn = undefined;
    return held;
  }

  #end(): void {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    this.#endTurn(session);
    session.lease.end(true);
  }
}
