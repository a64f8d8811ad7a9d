import { defineConfig } from 'vitest/config';

// Many tests run the command as a process of its own, which a busy machine may take long over.
export default defineConfig({ test: { name: 'cli', include: ['test/**/*.test.ts'], testTimeout: 60_000 } });
