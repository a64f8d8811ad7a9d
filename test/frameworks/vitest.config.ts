import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const OLDEST = fileURLToPath(new URL('lowest/package.json', import.meta.url));
const { devDependencies } = JSON.parse(readFileSync(OLDEST, 'utf8')) as { devDependencies: object };
const names = Object.keys(devDependencies);

/** The same tests under the oldest versions: what a test imports is taken from their install. */
const fromOldest: Plugin = {
  name: 'stele:oldest',
  enforce: 'pre',
  resolveId(source, importer) {
    const isFramework = names.some((name) => source === name || source.startsWith(`${name}/`));
    return isFramework && importer !== undefined && !importer.includes('/node_modules/')
      ? this.resolve(source, OLDEST, { skipSelf: true })
      : null;
  },
};

const settings = { testTimeout: 30_000, hookTimeout: 30_000 };
/** Tested beside the package with the newest versions. */
const besideThePackage = ['ai-approval', 'ai-sdk', 'http', 'http-paths'].map(
  (name) => `../../packages/sdk/test/adapters/${name}.test.ts`,
);

export default defineConfig({
  test: {
    silent: 'passed-only', // the frameworks log each denial
    projects: [
      { test: { ...settings, name: 'newest', include: ['*.test.ts'] } },
      {
        plugins: [fromOldest],
        test: {
          ...settings,
          name: 'oldest',
          include: ['*.test.ts', ...besideThePackage],
          exclude: ['mcp-gateway.test.ts', 'guide.test.ts'], // programs of ours under an SDK of its own; what a reader installs
        },
      },
    ],
  },
});
