/** The SQLite libraries that load in this Node: a native module that may not be compiled, and one that came with Node 22. */
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../packages/store/package.json', import.meta.url));

function loads(driver: string): boolean {
  try {
    const module = require(driver) as unknown;
    if (driver === 'better-sqlite3')
      new (module as new (path: string) => { close(): void })(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

export const sqliteDrivers = (['better-sqlite3', 'node:sqlite'] as const).filter(loads);

/** The same; where neither loads one of them, so that `describe.skipIf(!haveSqlite).each` has a name to skip. */
export const sqliteDriversToTest = sqliteDrivers.length > 0 ? sqliteDrivers : (['better-sqlite3'] as const);

/** False where neither loads. Use as `describe.skipIf(!haveSqlite)`. */
export const haveSqlite = sqliteDrivers.length > 0;
