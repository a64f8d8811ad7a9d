import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../errors.js';
import { contentOf, makeFolder, replaceFile } from './files.js';

const FORMAT = 'stele-store 2\n';
/** Records without a first line of tokens; no journal, no feed, no index. All of that may be missing in version 2, too. */
const OLDER = 'stele-store 1\n';

/**
 * Makes a folder a store, or makes sure that it is one.
 * @throws StoreError `store_version` for a folder of a version that is not known here
 */
export function openFormat(path: string): void {
  const file = join(path, 'format');
  const temporary = join(path, 'tmp');
  const found = contentOf(file)?.toString('latin1');
  if (found !== FORMAT && found !== OLDER) {
    // A store without its marker may be of any version; only a folder that holds no records yet is made one.
    if (found !== undefined || statSync(join(path, 'covenants'), { throwIfNoEntry: false })) throw unknown();
  }
  makeFolder(temporary);
  if (found !== FORMAT) replaceFile(file, Buffer.from(FORMAT), join(temporary, `${randomUUID()}.tmp`));
}

function unknown(): StoreError {
  return new StoreError('store_version', 'the folder holds no store of a version that is known here', {
    hint: 'upgrade Stele, or restore the file `format` of the folder',
  });
}
