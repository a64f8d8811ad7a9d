/** Every store that can run here, each on fresh ground, bare and encrypted. */
import { join } from 'node:path';
import { sqliteDrivers } from '../../../../test/support/sqlite.js';
import {
  BackedStore,
  EncryptedStore,
  FileStore,
  MemoryStore,
  SqliteStore,
  type StoreWithBackend,
} from '../../src/index.js';
import { MemoryBackend } from '../../src/lib/memory-backend.js';
import { KEY, memoryFolder } from './backends.js';

/** A path that nothing is at. */
export const freshPath = (name = 'store'): string => join(memoryFolder(), name);

/** As little as a medium can do. */
class PlainBackend extends MemoryBackend {
  override readonly supports = { transaction: false, watch: false };
}

export const bareStores: [string, () => StoreWithBackend][] = [
  ['MemoryStore', () => new MemoryStore()],
  ['FileStore', () => new FileStore(freshPath())],
  ...sqliteDrivers.map((driver): [string, () => StoreWithBackend] => [
    `SqliteStore (${driver})`,
    () => new SqliteStore(freshPath(), { driver }),
  ]),
];

export const stores: [string, () => StoreWithBackend][] = [
  ...bareStores,
  ['a store without transactions and watches', () => new BackedStore(new PlainBackend())],
  ...bareStores.map(([name, make]): [string, () => StoreWithBackend] => [
    `EncryptedStore over ${name}`,
    () => new EncryptedStore({ store: make(), encryptionKey: KEY }),
  ]),
  [
    'EncryptedStore over EncryptedStore',
    () => {
      const inner = new EncryptedStore({ store: new MemoryStore(), encryptionKey: KEY });
      return new EncryptedStore({ store: inner, encryptionKey: KEY.map((byte) => byte ^ 1) });
    },
  ],
];
