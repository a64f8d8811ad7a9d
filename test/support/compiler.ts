/** A C compiler on Linux: what stands between a process and its disk is compiled by the tests that load it. */
import { spawnSync } from 'node:child_process';

/** False elsewhere, and where there is none. Use as `describe.skipIf(!haveCompiler)`. */
export const haveCompiler: boolean =
  process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;

/**
 * Compiles a file into a library for LD_PRELOAD.
 * @returns the path of the library
 */
export function compileLibrary(source: string, library: string): string {
  const { status, stderr } = spawnSync(
    'cc',
    ['-shared', '-fPIC', '-Wall', '-Werror', '-o', library, source, '-ldl'],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`${source} does not compile: ${stderr}`);
  return library;
}
