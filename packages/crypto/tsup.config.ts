import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    kms: 'src/kms.ts',
    node: 'src/node.ts',
    sodium: 'src/sodium.ts',
    'provider/node': 'src/provider/node.ts',
    'provider/web': 'src/provider/web.ts',
  },
  format: ['esm', 'cjs'],
  dts: { entry: { index: 'src/index.ts', kms: 'src/kms.ts', node: 'src/node.ts', sodium: 'src/sodium.ts' } },
  // The imports map of package.json picks the provider where the package runs or is bundled.
  external: ['#provider'],
  sourcemap: true,
  clean: true,
  target: 'node20',
  removeNodeProtocol: false,
  splitting: true, // one copy of CryptoError and of what it knows as its own, whichever entry is imported
  treeshake: true,
});
