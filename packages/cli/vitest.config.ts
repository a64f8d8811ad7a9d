import { defineConfig } from 'vitest/config';
import { textImportsOfTests } from './text-imports.js';

// A file leaves nothing behind that the next one would see. Many tests run the command as a process of its own, which a busy machine may take long over.
export default defineConfig({
  plugins: [textImportsOfTests],
  test: {
    name: 'cli',
    include: ['test/**/*.test.ts'],
    isolate: false,
    setupFiles: ['test/remember-scrypt.ts', '../../test/support/end-file.ts'],
    testTimeout: 60_000,
  },
});
