/** The backend of files against the contract of all of them. */
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { FileLogBackend } from '../src/index.js';
import { logBackendContract } from '../src/testing.js';
import { temporaryFolder } from './support/folders.js';

const folder = temporaryFolder();
let made = 0;

logBackendContract(
  'files',
  () => {
    const path = join(folder, String(made++));
    return { backend: () => new FileLogBackend(path) };
  },
  { describe, it: (name, body) => it(name, body, 60_000) },
);
