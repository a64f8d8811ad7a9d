/** Makes the n-th thing asked of SQLite fail, or the last that this process does. */
import { createRequire } from 'node:module';

export type SqlFault = 'throw before' | 'throw after' | 'kill before' | 'kill after';

type Table = Record<string, (...args: unknown[]) => unknown>;

/**
 * Counts what is asked of better-sqlite3 from now on, and plays the fault when it comes to the n-th, from 1.
 * @param hear is given each text of SQL
 * @returns what was counted, and an end to it
 */
export function playSqlFault(
  n: number,
  fault: SqlFault,
  hear: (sql: string) => void = () => {},
): { count: () => number; end: () => void } {
  const Database = createRequire(import.meta.url)('better-sqlite3') as new (
    path: string,
  ) => {
    prepare(sql: string): object;
    close(): void;
  };
  const database = new Database(':memory:');
  const statement = Object.getPrototypeOf(database.prepare('SELECT 1')) as Table;
  database.close();
  const sql = Database.prototype as unknown as Table;
  let count = 0;
  const undo = [
    ...['exec', 'prepare'].map((name) => [sql, name] as const),
    ...['run', 'get', 'all'].map((name) => [statement, name] as const),
  ].map(([table, name]) => {
    const original = table[name] as Table[string];
    table[name] = function (this: unknown, ...args: unknown[]) {
      count++;
      if (typeof args[0] === 'string' && table === sql) hear(args[0]);
      const hit = count === n;
      if (hit && fault === 'kill before') process.kill(process.pid, 'SIGKILL');
      if (hit && fault === 'throw before') throw noDisk();
      const result = Reflect.apply(original, this, args);
      if (hit && fault === 'kill after') process.kill(process.pid, 'SIGKILL');
      if (hit && fault === 'throw after') throw noDisk();
      return result;
    };
    return () => {
      table[name] = original;
    };
  });
  return {
    count: () => count,
    end: () => {
      for (const each of undo) each();
    },
  };
}

const noDisk = () => Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
