import { defineConfig } from 'vitest/config';

// The properties run many cases, which a busy machine may take long over.
export default defineConfig({ test: { name: 'ccl', include: ['test/**/*.test.ts'], testTimeout: 120_000 } });
