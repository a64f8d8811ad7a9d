/**
 * The file of one subject's key:
 *
 *   stele-subject-key/1\n <id, 32 hex digits>\n <key, 64 hex digits>\n <check, 16 hex digits>\n
 *
 * To destroy a key its digits are overwritten by zeros, in place, so that every name of the file loses it at once; the id
 * stays until what else bears it is gone, and then the file is emptied.
 */
import { fromHex, toHex } from '@stele/crypto';
import type { SubjectKey } from '../subject-keys.js';
import { sha256Hex } from './hashing.js';

const HEADER = 'stele-subject-key/1\n';
const FORM = /^stele-subject-key\/1\n([0-9a-f]{32})\n([0-9a-f]{64})\n([0-9a-f]{16})\n$/;
const KEY_AT = HEADER.length + 33;
const ZEROS = `${'0'.repeat(64)}\n${'0'.repeat(16)}\n`;
/** What two who destroy the same key at once can leave. */
const EMPTIED = /^[\0\n0]*$/;

/** As long as such a file can be. */
export const KEY_FILE_BYTES = KEY_AT + ZEROS.length;

/** What destroys a key, and where in its file it is written. */
export const ERASER = { bytes: Buffer.from(ZEROS), at: KEY_AT } as const;

/** What a key file says. */
export type KeyFileState =
  | { readonly is: 'alive'; readonly key: SubjectKey }
  /** Its key is destroyed, but what else bears the id may still be there. */
  | { readonly is: 'dying'; readonly id: string }
  | { readonly is: 'dead' }
  | { readonly is: 'damaged' };

/** The bytes of a key file. */
export function keyFile({ id, bytes }: SubjectKey): Buffer {
  const key = toHex(bytes);
  return Buffer.from(`${HEADER}${id}\n${key}\n${checkOf(id, key)}\n`);
}

/** Reads a key file. One that was changed is damaged, and its key never used: what it sealed could not be opened again. */
export function readKeyFile(file: Uint8Array): KeyFileState {
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString('latin1');
  if (EMPTIED.test(text)) return { is: 'dead' };
  const [, id, key, check] = FORM.exec(text) ?? [];
  if (id === undefined || key === undefined) return { is: 'damaged' };
  if (text.endsWith(ZEROS)) return { is: 'dying', id };
  return check === checkOf(id, key) ? { is: 'alive', key: { id, bytes: fromHex(key) } } : { is: 'damaged' };
}

const checkOf = (id: string, key: string): string =>
  sha256Hex(Buffer.from(`${HEADER}${id}\n${key}`)).slice(0, 16);
