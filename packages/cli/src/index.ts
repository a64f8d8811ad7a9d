/**
 * The `stele` command in process: for tests, and for tools that offer it as a part of theirs.
 * @module
 */
export type { Chunks, ExitCode, Input, Output, Streams } from './lib/cli.js';
export { run } from './program.js';
