/** Every backend that can run here, each on fresh ground. */
import { join } from 'node:path';
import { memoryFolder } from '../../../../test/support/folders.js';
import { sqliteDrivers } from '../../../../test/support/sqlite.js';
import { rawKeys } from '../../src/index.js';
import { EncryptedBackend } from '../../src/lib/encrypted-backend.js';
import { Keys } from '../../src/lib/encrypted-keys.js';
import { FileBackend } from '../../src/lib/file-backend.js';
import { MemoryBackend } from '../../src/lib/memory-backend.js';
import { SqliteBackend } from '../../src/lib/sqlite-backend.js';
import type { RecordBackend } from '../../src/record-backend.js';
import { remoteBackends } from './remote.js';

export { memoryFolder, temporaryFolder } from '../../../../test/support/folders.js';

/** A path that nothing is at. */
const fresh = (name: string): string => join(memoryFolder(), name);

export const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);

const bare: [string, () => RecordBackend][] = [
  ['memory', () => new MemoryBackend()],
  ['file', () => new FileBackend(fresh('files'))],
  ...sqliteDrivers.map((driver): [string, () => RecordBackend] => [
    `sqlite (${driver})`,
    () => new SqliteBackend(fresh('db'), { driver, busyTimeoutMs: 5000 }),
  ]),
  ...remoteBackends,
];

/** Names and makers: each backend bare and encrypted. */
export const backends: [string, () => RecordBackend][] = [
  ...bare,
  ...bare.map(([name, make]): [string, () => RecordBackend] => [
    `encrypted ${name}`,
    () => new EncryptedBackend(make(), new Keys(rawKeys(KEY), 10_000)),
  ]),
];

/** Ids in the form that records have. */
export const covenantIdOf = (n: number): string => `urn:stele:covenant:${n.toString(16).padStart(64, '0')}`;
export const revocationIdOf = (n: number, m: number): string =>
  `${covenantIdOf(n)}/${m.toString(16).padStart(64, '0')}`;
