import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Appended, LogRecord } from '../backend.js';
import { AuditError } from '../errors.js';
import { appendColumns } from './postgres-batch.js';
import { type PostgresConnections, withinTime } from './postgres-connections.js';
import { isInTheWay, isLost, toAuditError } from './postgres-errors.js';
import { PostgresSession } from './postgres-session.js';

const PAUSE_MS = 20;
/** How often a writer that has lost its connection, and appends nothing, tries to get another. */
const RETURN_MS = 500;
/** After it was overtaken a writer waits in line before so many batches. */
const BUSY_BATCHES = 8;

/**
 * One writer. It appends on a connection of its own, whose end is its end to all others: they may settle its permits then.
 *
 * A batch has a number. When its answer was lost it is asked for again with the same number on another connection, until the server
 * says what became of it or the time is up; so it is never there twice.
 *
 * A writer that was overtaken waits in line for the end of the log and keeps it until its next batch is there. So each other
 * writer goes before it at most once, and none starves.
 */
export class PostgresWriter {
  /** Among all writers of all logs of a database. */
  readonly id = randomInt(1, 2 ** 47);
  readonly #connections: PostgresConnections;
  #session: PostgresSession | undefined;
  #connecting: Promise<PostgresSession> | undefined;
  #batch = 0;
  #busy = 0;
  #last: Promise<unknown> = Promise.resolve();
  #returning: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connections: PostgresConnections) {
    this.#connections = connections;
  }

  /** Says that this writer is there. @throws AuditError */
  async open(): Promise<void> {
    await this.#connected().catch((error: unknown) => {
      throw toAuditError(error);
    });
  }

  /**
   * One batch after the other.
   * @throws AuditError `audit_log_unavailable`: it is not known whether the records are there
   */
  append(at: number, records: readonly LogRecord[]): Promise<Appended> {
    const batch = [this.id, ++this.#batch, at, ...appendColumns(at, records)];
    const done = this.#last.then(() => this.#inTime((signal) => this.#append(at, batch, signal)));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#returning);
    await this.#last;
    await this.#connecting?.catch(() => undefined);
    const session = this.#session;
    if (session !== undefined) await this.#inTime(() => session.farewell()).catch(() => undefined);
    this.#end();
  }

  async #append(at: number, batch: readonly unknown[], signal: AbortSignal): Promise<Appended> {
    for (let sent = false; ; ) {
      let session: PostgresSession | undefined;
      try {
        session = await this.#connected();
        // Once it was sent, only the server knows: the end of the log may lie behind this very batch.
        const size = sent || this.#busy === 0 ? at : await session.turn();
        if (size !== at) return this.#overtaken(size);
        sent = true;
        const answer = await session.append(batch);
        if (!answer.appended) return this.#overtaken(await session.turn());
        this.#busy = Math.max(0, this.#busy - 1);
        return answer;
      } catch (error) {
        if (!isLost(error) && !isInTheWay(error)) throw error;
        if (isLost(error)) this.#end(session);
        // What was not sent is not there, and its caller need not wait for a server that is away.
        if ((session === undefined && !sent) || signal.aborted) throw error;
        await pause(PAUSE_MS, undefined, { signal });
      }
    }
  }

  #overtaken(size: number): Appended {
    this.#busy = BUSY_BATCHES;
    return { appended: false, size };
  }

  async #connected(): Promise<PostgresSession> {
    if (this.#session?.isLost === false) return this.#session;
    this.#end();
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  /** One attempt at a time, whoever asks for it, and whether or not that one still waits. */
  async #connect(): Promise<PostgresSession> {
    const connections = this.#connections;
    return withinTime(connections.timeoutMs, async (signal) => {
      const session = await PostgresSession.begin(connections, this.id, signal, () => this.#return());
      if (this.#closed || signal.aborted) {
        session.end();
        throw signal.reason ?? new AuditError('audit_log_closed', 'the log is closed');
      }
      this.#session = session;
      return session;
    });
  }

  /** As long as no connection says that this writer is there, others take it for gone. */
  #return(): void {
    if (this.#closed || this.#returning !== undefined) return;
    this.#returning = setTimeout(() => {
      this.#returning = undefined;
      this.open().catch(() => this.#return());
    }, RETURN_MS).unref();
  }

  /** Ends in time; what is not answered by then is given up with its connection. */
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

  /** @param session which is over, if it is still the one in use; whichever it is when not given */
  #end(session = this.#session): void {
    session?.end();
    if (session === this.#session) this.#session = undefined;
  }
}
