import { defineConfig } from 'tsup';

/** Two programs that hold all they need: what runs in the editor, and the server that it starts. */
export default defineConfig({
  entry: ['src/extension.ts', 'src/server.ts'],
  format: ['cjs'],
  clean: true,
  target: 'node20',
  splitting: false,
  minify: true,
  metafile: true, // scripts/vsix.mjs reads from it whose work is inside
  noExternal: [/^(?!vscode$)/],
  external: ['vscode'],
});
