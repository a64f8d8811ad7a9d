import { defineConfig } from 'vitest/config';

// Most tests wait for a disk, which may have much to do besides.
export default defineConfig({ test: { name: 'store', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
