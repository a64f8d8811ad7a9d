/** What was sealed once opens for ever, and is found by the tokens that it was given then. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { CovenantDocument, RevocationDocument } from '@stele/core';
import { describe, it } from 'vitest';
import { EncryptedStore, MemoryStore, type RecordKind } from '../src/index.js';
import { KEY } from './support/backends.js';
import { OWN, plant } from './support/encrypted.js';

const read = <T>(name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')) as T;

describe('format 2', () => {
  it('is read as it was written', async () => {
    const { records, keyId, storeId } = read<{
      keyId: string;
      storeId: string;
      records: { kind: RecordKind; id: string; tokens: string[]; bytes: string }[];
    }>('sealed-2.json');
    const { covenants, revocations } = read<{
      covenants: [CovenantDocument, CovenantDocument];
      revocations: RevocationDocument[];
    }>('sealed-1.json');
    const [parent, child] = covenants;
    const inner = new MemoryStore();
    for (const { kind, id, bytes, tokens } of records)
      await plant(inner, kind, id, Buffer.from(bytes, 'base64'), tokens);
    assert.equal(await inner.backend.has('revocation', OWN), true);
    const store = new EncryptedStore({ store: inner, encryptionKey: KEY, storeId });
    assert.equal(store.keyId, keyId);
    assert.equal(await store.storeId(), storeId);
    assert.deepEqual([await store.get(parent.id), await store.get(child.id)], covenants);
    assert.deepEqual(await store.getRevocations(parent.id), revocations);
    assert.deepEqual((await store.list({ issuer: parent.issuer.id })).items, [parent]);
    assert.deepEqual((await store.list({ beneficiary: child.beneficiary.id })).items, [child]);
    assert.deepEqual((await store.list({ parent: parent.id })).items, [child]);
    assert.equal(await store.count({ tag: 'finance' }), 1);
    assert.deepEqual(await store.reencrypt(), { examined: 3, reencrypted: 0, corrupt: 0 });
  });
});
