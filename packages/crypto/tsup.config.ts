import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'provider/node': 'src/provider/node.ts',
    'provider/web': 'src/provider/web.ts',
  },
  format: ['esm', 'cjs'],
  dts: { entry: { index: 'src/index.ts' } },
  // The imports map of package.json picks the provider where the package runs or is bundled.
  external: ['#provider'],
  sourcemap: true,
  clean: true,
  target: 'node20',
  removeNodeProtocol: false,
  splitting: false,
  treeshake: true,
});
