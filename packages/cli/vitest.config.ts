import { defineConfig } from 'vitest/config';
import { textImportsOfTests } from './text-imports.js';

// Many tests run the command as a process of its own, which a busy machine may take long over.
export default defineConfig({
  plugins: [textImportsOfTests],
  test: {
    name: 'cli',
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/remember-scrypt.ts'],
    testTimeout: 60_000,
  },
});
