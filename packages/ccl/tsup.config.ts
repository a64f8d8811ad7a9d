import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/builder.ts', 'src/ledger.ts', 'src/testing.ts'],
  format: ['esm', 'cjs'],
  dts: true,
  sourcemap: true,
  clean: true,
  target: 'node20',
  // One copy of the language, whichever entry it is imported from.
  splitting: true,
  treeshake: true,
});
