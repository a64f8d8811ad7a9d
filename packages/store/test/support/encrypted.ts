/** Encrypted stores with keys that turn, and looks behind them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  EncryptedStore,
  encryptionKeyId,
  type KeyProvider,
  type RecordKind,
  type StoreWithBackend,
} from '../../src/index.js';
import { labelOf } from '../../src/lib/encrypted-envelope.js';
import { ownRecordId } from '../../src/lib/encrypted-own-record.js';
import { KEY } from './backends.js';

/** As many different keys as there are numbers. */
export const keyNumber = (n: number): Uint8Array => KEY.map((byte, i) => (i === 0 ? n : byte));
export const keyIdNumber = (n: number): string => encryptionKeyId(keyNumber(n));

/** A provider whose keys can be changed at any time; several stores may share it, as processes share a KMS. */
export class TurningKeys implements KeyProvider {
  numbers: number[];

  constructor(...numbers: number[]) {
    this.numbers = numbers;
  }

  ids(): string[] {
    return this.numbers.map(keyIdNumber);
  }

  async key(id: string): Promise<Uint8Array | undefined> {
    const n = this.numbers.find((number) => keyIdNumber(number) === id);
    return n === undefined ? undefined : keyNumber(n);
  }
}

export const withKeys = (store: StoreWithBackend, keys: KeyProvider): EncryptedStore =>
  new EncryptedStore({ store, keys });

/** The id of the record that an encrypted store keeps about itself. */
export const OWN = ownRecordId(0);

export async function sealedBytes(
  store: StoreWithBackend,
  kind: RecordKind,
  id: string,
): Promise<Uint8Array> {
  const found = await store.backend.get(kind, id);
  assert.ok(found);
  return Uint8Array.from(found.bytes);
}

/** Writes over a record, or makes one, past everything that looks at it. */
export async function plant(
  store: StoreWithBackend,
  kind: RecordKind,
  id: string,
  bytes: Uint8Array,
  tokens: readonly string[] = [],
): Promise<void> {
  const found = await store.backend.get(kind, id);
  const change = { kind, id, expected: found?.version, next: { bytes, tokens } };
  assert.equal(await store.backend.write([change]), true);
}

/** The id of the key that a record names. */
export async function keyOf(
  store: StoreWithBackend,
  kind: RecordKind,
  id: string,
): Promise<string | undefined> {
  return labelOf(await sealedBytes(store, kind, id))?.keyId;
}

/** Every byte that a folder holds: names and contents of all files beneath it. */
export function everythingIn(folder: string): Buffer {
  const names = readdirSync(folder, { recursive: true }) as string[];
  const files = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  return Buffer.concat([Buffer.from(names.join('\n')), ...files.map((path) => readFileSync(path))]);
}
