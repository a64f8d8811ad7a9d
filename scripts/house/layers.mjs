// The order of the house, from the bottom up. A package may import only packages of a lower layer.
const LAYERS = [
  ['@stele/types'],
  ['@stele/crypto', '@stele/ccl'],
  ['@stele/core'],
  ['@stele/store', '@stele/audit'],
  ['@stele/health'],
  ['@stele/sdk'],
  ['@stele/identity', '@stele/corrections', '@stele/kernel', '@stele/refine'],
  ['@stele/server', 'stele'],
];

/** Packages that run everywhere: no module of Node in their sources. */
export const PURE = ['@stele/types', '@stele/ccl', '@stele/core'];

/** The layer of a package, counted from 0, or -1 for one that has no place yet. */
export function layerOf(name) {
  return LAYERS.findIndex((layer) => layer.includes(name));
}

/** `@stele/sdk/adapters` -> `@stele/sdk`; `pino/file` -> `pino`. */
export function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** `@stele/sdk/adapters` -> `./adapters`; `pino` -> `.`. */
export function subpathOf(specifier) {
  return `.${specifier.slice(packageOf(specifier).length)}`;
}
