/** A small house in a temp folder, sound unless a test changes a file of it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Paths to contents; an object is written as JSON, `null` removes the file. */
export type Changes = Record<string, string | object | null>;

/** The package.json of a package with one entry. */
export function manifest(name: string, more: object = {}): object {
  const entry = {
    import: { types: './dist/index.d.ts', default: './dist/index.js' },
    require: './dist/index.cjs',
  };
  return { name, version: '0.1.0', exports: { '.': entry, './package.json': './package.json' }, ...more };
}

const soundHouse: Changes = {
  'package.json': { private: true, devDependencies: { vitest: '4.1.12' } },
  ...soundPackage('types', '@stele/types'),
  ...soundPackage('ccl', '@stele/ccl', { dependencies: { '@stele/types': '0.1.0', re2js: '2.10.0' } }),
  ...soundPackage('store', '@stele/store', { dependencies: { '@stele/ccl': '0.1.0' } }),
};

function soundPackage(folder: string, name: string, more: object = {}): Changes {
  return {
    [`packages/${folder}/package.json`]: manifest(name, more),
    [`packages/${folder}/README.md`]: `# ${name}\n`,
    [`packages/${folder}/src/index.ts`]: `export { one } from './lib/one.js';\n`,
    [`packages/${folder}/src/lib/one.ts`]: 'export const one = 1;\n',
    [`packages/${folder}/tsup.config.ts`]: `export default { entry: ['src/index.ts'] };\n`,
  };
}

/** Writes files into a new git repository, which is removed when the test ends. Returns its folder. */
export function makeHouse(changes: Changes = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stele-house-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  spawnSync('git', ['init', '--quiet'], { cwd: folder });
  for (const [path, content] of Object.entries({ ...soundHouse, ...changes })) {
    if (content === null) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(
      join(folder, path),
      typeof content === 'string' ? content : JSON.stringify(content, null, 2),
    );
  }
  return folder;
}
