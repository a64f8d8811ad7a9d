// Loaded before the example with --require: no SQLite library can be loaded.
const Module = require('node:module');

const load = Module._load;
Module._load = (name, ...rest) => {
  if (name === 'better-sqlite3' || name === 'node:sqlite') throw new Error(`${name} is not installed`);
  return load(name, ...rest);
};
