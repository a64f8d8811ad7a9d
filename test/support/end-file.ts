/** A setup file: vitest runs it for every test file. */
import { afterAll } from 'vitest';
import { endFile } from './file-hooks.js';

afterAll(endFile, 60_000);
