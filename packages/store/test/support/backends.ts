/** Every backend that can run here, each on fresh ground. */
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { sqliteDrivers } from '../../../../test/support/sqlite.js';
import { rawKeys } from '../../src/index.js';
import { EncryptedBackend } from '../../src/lib/encrypted-backend.js';
import { Keys } from '../../src/lib/encrypted-keys.js';
import { FileBackend } from '../../src/lib/file-backend.js';
import { MemoryBackend } from '../../src/lib/memory-backend.js';
import { SqliteBackend } from '../../src/lib/sqlite-backend.js';
import type { RecordBackend } from '../../src/record-backend.js';
import { remoteBackends } from './remote.js';

/** A folder that is removed after the test file. */
export function temporaryFolder(within = tmpdir()): string {
  const folder = mkdtempSync(join(within, 'stele-store-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);
  return folder;
}

const MEMORY = '/dev/shm';
const ROOM = 512 * 1024 * 1024;

/** Such a folder in memory, where there is room, for tests of what is written and not of what a disk keeps. */
export const memoryFolder = (): string => temporaryFolder(hasRoom(MEMORY) ? MEMORY : tmpdir());

/** A container has 64 MiB there, unless it was given more. */
function hasRoom(path: string): boolean {
  if (!existsSync(path)) return false;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize >= ROOM;
}

const folder = memoryFolder();
let made = 0;
const fresh = (name: string): string => join(folder, `${name}-${made++}`);

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
