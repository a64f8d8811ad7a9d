// The frameworks have installs of their own, beside the tests of the adapters. The examples use the one of the newest versions.
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { installIfChanged } from './install.mjs';
import { root } from './run.mjs';

export const tests = join(root, 'test/frameworks');
const linked = join(root, 'examples/frameworks/node_modules');

/** Installs the newest versions, and what the examples need to find them. */
export async function installNewest() {
  await installIfChanged(tests, 'Installing the frameworks', { omitOptional: true });
  if (!existsSync(linked)) symlinkSync(join('..', '..', 'test', 'frameworks', 'node_modules'), linked, 'dir');
}

/** Installs the oldest versions that the adapters support. */
export async function installOldest() {
  await installIfChanged(join(tests, 'lowest'), 'Installing their oldest versions', { omitOptional: true });
}
