/**
 * Takes steps with a store of the built package, and says the number of each when it is acknowledged.
 * Usage: node dying-writer.mjs <file|better-sqlite3|node:sqlite> <store> <file of steps>
 */
import { readFileSync, writeSync } from 'node:fs';
import { FileStore, SqliteStore } from '@stele/store';
import { perform, type Step } from './steps.js';

const [kind = '', path = '', file = ''] = process.argv.slice(2);
const steps = JSON.parse(readFileSync(file, 'utf8')) as Step[];
const store =
  kind === 'file' ? new FileStore(path) : new SqliteStore(path, { driver: kind as 'better-sqlite3' });
for (const [i, step] of steps.entries()) {
  await perform(store, step);
  writeSync(1, `${i}\n`);
}
await store.close();
