/** Imports of files as texts: `import style from './page.css?text'`. Of a TypeScript file the text is one script for browsers. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const TEXT = /\?text$/;

async function textOf(name: string): Promise<string> {
  const path = name.replace(TEXT, '');
  if (!path.endsWith('.ts')) return readFile(path, 'utf8');
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    tsconfigRaw: {},
  });
  return outputFiles[0]?.text ?? '';
}

/** For the build. */
export const textImports: Plugin = {
  name: 'text-imports',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: TEXT }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path), // with its end: other plugins would take it for what it is
      namespace: 'text',
    }));
    onLoad({ filter: /./, namespace: 'text' }, async ({ path }) => ({
      contents: await textOf(path),
      loader: 'text',
    }));
  },
};

/** A name that no other plugin takes for a style sheet or a script. */
const PREFIX = '\0text:';

/** For the tests, which run the sources. */
export const textImportsOfTests = {
  name: 'text-imports',
  enforce: 'pre',
  resolveId: (source: string, importer: string | undefined) =>
    TEXT.test(source) && importer !== undefined
      ? `${PREFIX}${encodeURIComponent(resolve(dirname(importer), source)).replaceAll('.', '%2E')}`
      : undefined,
  load: async (id: string) =>
    id.startsWith(PREFIX)
      ? `export default ${JSON.stringify(await textOf(decodeURIComponent(id.slice(PREFIX.length))))}`
      : undefined,
} as const;
