/** Another promise than the language's own is in its place, as with zone.js on a server, or an old library of promises. */
import assert from 'node:assert/strict';
import { afterEach, describe, it, vi } from 'vitest';
import { EncryptedStore, MemoryStore } from '../src/index.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { failsWith } from './support/assert.js';
import { KEY } from './support/backends.js';
import { plant, sealedBytes } from './support/encrypted.js';

afterEach(() => void vi.unstubAllGlobals());

class OtherPromise<T> extends Promise<T> {}

describe('an encrypted store where another Promise is the global one', () => {
  it('reads what was written, with the key at hand and without', async () => {
    const store = new MemoryStore();
    const covenant = await sampleCovenant();
    await new EncryptedStore({ store, encryptionKey: KEY }).put(covenant);
    vi.stubGlobal('Promise', OtherPromise);
    const reader = new EncryptedStore({ store, encryptionKey: KEY });
    for (let n = 0; n < 2; n++) assert.deepEqual(await reader.get(covenant.id), covenant);
  });

  it('says which record is damaged', async () => {
    const store = new MemoryStore();
    const covenant = await sampleCovenant();
    const reader = new EncryptedStore({ store, encryptionKey: KEY });
    await reader.put(covenant);
    const bytes = await sealedBytes(store, 'covenant', covenant.id);
    bytes[200] = (bytes[200] as number) ^ 1;
    await plant(store, 'covenant', covenant.id, bytes);
    vi.stubGlobal('Promise', OtherPromise);
    await failsWith('record_corrupt', () => reader.get(covenant.id));
    await failsWith('record_corrupt', () => reader.get(covenant.id));
  });
});
