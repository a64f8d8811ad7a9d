/** Third-party test data that is not part of the repository. Suites over it are skipped by name where it is absent. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder that holds the vectors: `STELE_VECTORS`, or `shared/vectors` beside the repository. */
export const vectorsFolder =
  process.env.STELE_VECTORS ?? fileURLToPath(new URL('../../../shared/vectors', import.meta.url));

/** True when the vectors are there. Use as `describe.skipIf(!haveVectors)`. */
export const haveVectors = existsSync(vectorsFolder);

/** The text of one vector file, for example `ed25519/zip215.json`. */
export function vectorText(name: string): string {
  return readFileSync(`${vectorsFolder}/${name}`, 'utf8');
}

/** One vector file parsed as JSON; the test names the shape it expects. */
export function vectorJson<T>(name: string): T {
  return JSON.parse(vectorText(name)) as T;
}

/** One vector file of JSON lines, parsed. */
export function vectorLines<T>(name: string): T[] {
  return vectorText(name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}
