/** Performs an operation on a ring and is killed at its n-th call of SQLite. Arguments: path, operation, n, fault. */
import { type Operation, opened, perform } from './key-ring-operations.js';
import { playSqlFault, type SqlFault } from './sql-faults.js';

const [path, operation, n, fault] = process.argv.slice(2) as [string, Operation, string, SqlFault];
const { manager } = await opened(operation, path);
playSqlFault(Number(n), fault);
await perform(operation, manager);
