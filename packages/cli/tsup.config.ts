import { defineConfig } from 'tsup';
import { textImports } from './text-imports.js';

export default defineConfig({
  entry: ['src/index.ts', 'src/stele.ts'],
  format: ['esm', 'cjs'],
  dts: { entry: 'src/index.ts' },
  sourcemap: true,
  clean: true,
  // The CommonJS build needs a stand-in for import.meta.url.
  shims: true,
  target: 'node20',
  removeNodeProtocol: false,
  // A chunk per command, so that each loads only what it needs.
  splitting: true,
  treeshake: true,
  esbuildPlugins: [textImports],
});
