import { defineConfig } from 'vitest/config';
import { chance } from './vitest.config.js';

export default defineConfig({
  test: { name: 'ccl-chance', include: chance, isolate: false, testTimeout: 120_000 },
});
