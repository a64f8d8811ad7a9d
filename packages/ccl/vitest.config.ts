import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'ccl', include: ['test/**/*.test.ts'] } });
