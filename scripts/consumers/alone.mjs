// The sdk with nothing beside it but what it needs: no framework is there, and everything that it offers can be imported.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, run } from '../lib/run.mjs';
import { entryPoints } from './write.mjs';

const SDK = '@stele/sdk';

/** The package and all of this house that it depends on. */
function neededBy(name, manifests, needed = new Set()) {
  if (needed.has(name) || !manifests.has(name)) return needed;
  needed.add(name);
  for (const dependency of Object.keys(manifests.get(name).dependencies ?? {}))
    neededBy(dependency, manifests, needed);
  return needed;
}

/**
 * @param {string} folder is made
 * @param {{ manifest: Record<string, any>, tarball: string }[]} packages
 * @throws when a framework was installed with the sdk, or an entry point does not import without one
 */
export async function importSdkAlone(folder, packages) {
  const manifests = new Map(packages.map(({ manifest }) => [manifest.name, manifest]));
  const needed = neededBy(SDK, manifests);
  const tarballs = packages.filter(({ manifest }) => needed.has(manifest.name)).map(({ tarball }) => tarball);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'alone', private: true }));
  const install = ['install', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs];
  await run([...npmCommand(), ...install], { cwd: folder });

  const sdk = manifests.get(SDK);
  const frameworks = Object.keys(sdk.peerDependencies ?? {});
  const installed = frameworks.filter((name) => existsSync(join(folder, 'node_modules', name)));
  if (frameworks.length === 0) throw new Error(`${SDK} names no framework as a peer`);
  if (installed.length > 0) throw new Error(`installed with ${SDK}: ${installed.join(', ')}`);
  writeFileSync(
    join(folder, 'import-all.mjs'),
    [
      "import { createRequire } from 'node:module';",
      'const require = createRequire(import.meta.url);',
      `for (const name of ${JSON.stringify(entryPoints([sdk]))}) {`,
      '  if (Object.keys(await import(name)).length === 0) throw new Error(name);',
      '  if (Object.keys(require(name)).length === 0) throw new Error(name);',
      '}',
      '',
    ].join('\n'),
  );
  await run([process.execPath, 'import-all.mjs'], { cwd: folder });
}
