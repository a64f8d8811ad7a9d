/** The packed extension, unpacked in a temp folder with no library of the repository above it. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { makeVsix } from '../../scripts/vsix.mjs';

export interface Unpacked {
  readonly folder: string;
  /** The files by their path in the package. */
  readonly files: Readonly<Record<string, string>>;
  remove(): void;
}

export function unpack(): Unpacked {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stele-vsix-')));
  const files: Record<string, string> = {};
  for (const [name, bytes] of Object.entries(unzipSync(makeVsix()))) {
    files[name] = strFromU8(bytes);
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return { folder, files, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
