// Writes the programs of the consumers: each imports every entry point of every package, then does what `use.cjs` does.
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { root } from '../lib/run.mjs';

/** Every name that an exports map offers for import: `@stele/sdk`, `@stele/sdk/adapters`, … */
export function entryPoints(manifests) {
  return manifests.flatMap(({ name, exports }) =>
    Object.keys(exports)
      .filter((subpath) => subpath !== './package.json')
      .map((subpath) => name + subpath.slice(1)),
  );
}

/** @param {string} folder where the packages are installed @param {string[]} entries what {@link entryPoints} gave */
export function writeConsumers(folder, entries) {
  const write = (name, ...lines) => writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
  const list = entries.map((_, i) => `e${i}`).join(', ');
  const names = JSON.stringify(entries);
  const imports = entries.map((entry, i) => `import * as e${i} from '${entry}';`);
  const table = `new Map(${names}.map((name, i) => [name, [${list}][i]]))`;

  write('package.json', JSON.stringify({ name: 'consumer', private: true }));
  copyFileSync(fileURLToPath(new URL('use.cjs', import.meta.url)), join(folder, 'use.cjs'));
  copyFileSync(
    fileURLToPath(new URL('browser-runner.cjs', import.meta.url)),
    join(folder, 'browser-runner.cjs'),
  );
  copyFileSync(fileURLToPath(new URL('same.cjs', import.meta.url)), join(folder, 'same.cjs'));

  const body = ['await use((name) => entries.get(name));', 'same(entries);'];
  write(
    'consumer.mjs',
    ...imports,
    "import same from './same.cjs';",
    "import use from './use.cjs';",
    `const entries = ${table};`,
    ...body,
  );
  write(
    'consumer.cjs',
    `const entries = new Map(${names}.map((name) => [name, require(name)]));`,
    "const use = require('./use.cjs');",
    "const same = require('./same.cjs');",
    `(async () => { ${body.join(' ')} })();`,
  );

  const used = ['@stele/crypto', '@stele/ccl', '@stele/core', '@stele/sdk'];
  write(
    'browser.mjs',
    ...used.map((name, i) => `import * as u${i} from '${name}';`),
    "import use from './use.cjs';",
    `const all = { ${used.map((name, i) => `'${name}': u${i}`).join(', ')} };`,
    'globalThis.done(use((name) => all[name]));',
  );

  write('types.mts', ...imports, `export const all: object[] = [${list}];`);
  write(
    'types.cts',
    ...entries.map((entry, i) => `import e${i} = require('${entry}');`),
    `export const all: object[] = [${list}];`,
  );
  write('types.ts', ...imports, `export const all: object[] = [${list}];`);
  const options = {
    target: 'ES2022',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const config = (more, files) => JSON.stringify({ compilerOptions: { ...options, ...more }, files });
  write(
    'tsconfig.nodenext.json',
    config({ module: 'NodeNext', moduleResolution: 'NodeNext' }, ['types.mts', 'types.cts']),
  );
  write('tsconfig.bundler.json', config({ module: 'ESNext', moduleResolution: 'Bundler' }, ['types.ts']));
}

/** Bundles as for a browser; an import of a module of Node cannot be resolved there, so it is an error. */
export async function bundleForBrowsers(folder, entry, outfile) {
  await build({
    stdin: {
      contents:
        outfile === undefined
          ? `import * as all from '${entry}'; globalThis.all = all;`
          : `import '${entry}';`,
      resolveDir: folder,
    },
    bundle: true,
    write: outfile !== undefined,
    ...(outfile && { outfile }),
    platform: 'browser',
    conditions: ['browser', 'worker'],
    format: 'iife',
    logLevel: 'silent',
  });
}
