/** Makes the n-th thing asked of better-sqlite3 fail. */
import { createRequire } from 'node:module';

export type SqlFault = 'before' | 'after';

type Table = Record<string, (...args: unknown[]) => unknown>;

/**
 * Counts what is asked of better-sqlite3 from now on, and fails before or after the n-th, from 1.
 * @returns what was counted, and an end to it
 */
export function playSqlFault(n: number, fault: SqlFault): { count: () => number; end: () => void } {
  const Database = createRequire(import.meta.url)('better-sqlite3') as new (
    path: string,
  ) => { prepare(sql: string): object; close(): void };
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
      const hit = ++count === n;
      if (hit && fault === 'before') throw failed();
      const result = Reflect.apply(original, this, args);
      if (hit) throw failed();
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

const failed = () => Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
