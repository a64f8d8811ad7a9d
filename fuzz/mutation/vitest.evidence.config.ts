import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const folder = new URL('../../packages/audit/', import.meta.url);

/** The suites of proofs and of verification that run in one process, which a mutant does not leave. */
export default defineConfig({
  test: {
    name: 'audit',
    root: fileURLToPath(folder),
    include: ['test/{verify-log,verify-proof,proofs,export-attacks,export}.test.ts'],
    isolate: false,
    testTimeout: 60_000,
    env: { STELE_EXPORT_CHANGES: '20', STELE_POSTGRES: 'postgres://127.0.0.1:1/none' },
  },
});
