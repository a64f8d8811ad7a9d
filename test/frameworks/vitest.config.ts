import { defineConfig } from 'vitest/config';

export default defineConfig({ test: { name: 'frameworks', include: ['*.test.ts'], testTimeout: 30_000 } });
