/**
 * Go with the libraries of its checksum database: `STELE_GO`, or `go` on the path; `STELE_GOPATH` is the folder whose
 * `src` holds golang.org/x/mod, `/usr/share/gocode` when not given.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const command = process.env.STELE_GO ?? 'go';
const libraries = process.env.STELE_GOPATH ?? '/usr/share/gocode';

/** True when both are there. Use as `describe.skipIf(!haveGo)`. */
export const haveGo =
  existsSync(join(libraries, 'src/golang.org/x/mod/sumdb/tlog')) &&
  spawnSync(command, ['version']).status === 0;

/**
 * Builds a program of one file without asking any network.
 * @param folder for the program and for what Go keeps
 * @returns the path of the program
 */
export function goBuild(source: string, folder: string): string {
  const program = join(folder, 'program');
  const env = {
    ...process.env,
    GOPATH: libraries,
    GO111MODULE: 'off',
    GOFLAGS: '',
    GOCACHE: join(folder, 'cache'),
    CGO_ENABLED: '0',
  };
  const { status, stderr, error } = spawnSync(command, ['build', '-o', program, source], {
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${source} does not build: ${error ?? stderr}`);
  return program;
}
