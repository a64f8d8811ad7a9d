import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/postgres.ts', 'src/testing.ts'],
  format: ['esm', 'cjs'],
  dts: true,
  sourcemap: true,
  clean: true,
  // The CommonJS build needs a stand-in for import.meta.url.
  shims: true,
  target: 'node20',
  removeNodeProtocol: false,
  splitting: true, // one copy of AuditError, whichever entry is imported
  treeshake: true,
});
