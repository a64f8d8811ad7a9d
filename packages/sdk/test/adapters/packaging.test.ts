import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** What the sdk itself depends on beside this house: an API without an implementation. */
const isOurs = (name: string) => name.startsWith('@stele/') || name === '@opentelemetry/api';

/** What an entry loads that is not of this package. */
async function loadedBy(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [at(entry)],
    bundle: true,
    packages: 'external',
    platform: 'neutral',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  return Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
}

it('the adapters load nothing but this house’s own packages and the API of OpenTelemetry', async () => {
  const loaded = await loadedBy('src/adapters.ts');
  expect(loaded.length).toBeGreaterThan(0);
  expect(loaded.filter((path) => !isOurs(path))).toEqual([]);
});

it.each(['src/index.web.ts', 'src/adapters.ts'])(
  '%s leaves the log, which needs a disk, alone',
  async (entry) => {
    expect(await loadedBy('src/index.ts')).toContain('@stele/audit');
    expect(await loadedBy(entry)).not.toContain('@stele/audit');
  },
);

const dist = at('dist');

describe.skipIf(!existsSync(`${dist}/adapters.d.ts`))('the built package', () => {
  it('names no framework, neither in code nor in types', () => {
    for (const file of readdirSync(dist).filter((name) => /\.(?:js|cjs|d\.ts|d\.cts)$/.test(name))) {
      const text = readFileSync(`${dist}/${file}`, 'utf8');
      const named = [
        ...text.matchAll(/(?<!['"\w])(?:from|import|require)\s*\(?\s*['"]([^'"./\s][^'"\s]*)['"]/g),
      ].map(([, name]) => name as string);
      expect(named.filter((name) => !isOurs(name) && !isBuiltin(name))).toEqual([]);
    }
  });
});
