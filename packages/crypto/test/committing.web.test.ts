/** The committing envelope on the provider of browsers, which answers by promises, beside one that is written with node:crypto alone. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { committingOpen, committingSeal } from '../src/index.js';
import { codeOf, hexOf, rejection, text } from './support.js';

vi.mock('#provider', () => import('../src/provider/web.js'));
afterEach(() => void vi.unstubAllGlobals());

const hmac = (key: Uint8Array, ...data: Uint8Array[]) =>
  createHmac('sha256', key).update(Buffer.concat(data)).digest();

function keysOf(prk: Uint8Array, info: Uint8Array, salt: Uint8Array): [Buffer, Buffer] {
  const first = hmac(prk, info, salt, Uint8Array.of(1));
  return [first, hmac(prk, first, info, salt, Uint8Array.of(2))];
}

function sealedBy(prk: Uint8Array, info: Uint8Array, salt: Uint8Array, data: Uint8Array, aad: Uint8Array) {
  const [key, commitment] = keysOf(prk, info, salt);
  const cipher = createCipheriv('aes-256-gcm', key, new Uint8Array(12)).setAAD(aad);
  return Buffer.concat([salt, commitment, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
}

function openedBy(prk: Uint8Array, info: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Buffer {
  const [key] = keysOf(prk, info, sealed.subarray(0, 32));
  const decipher = createDecipheriv('aes-256-gcm', key, new Uint8Array(12)).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(64, -16)), decipher.final()]);
}

const key = new Uint8Array(32).fill(9);
const [info, salt, aad] = [text('records'), new Uint8Array(32).fill(4), text('record 7')];
const block = fc.uint8Array({ minLength: 32, maxLength: 32 });
const data = fc.oneof(
  fc.uint8Array({ maxLength: 3000, size: 'max' }),
  fc.constantFrom(0, 1, 1023, 1024, 1025, 2048, 65_536).map((length) => new Uint8Array(length).fill(7)),
);

describe('a committing envelope in a browser', () => {
  it('is what node:crypto makes, and opens what that made', async () => {
    const some = fc.uint8Array({ maxLength: 300, size: 'max' });
    await fc.assert(
      fc.asyncProperty(block, some, block, data, some, async (prk, purpose, fresh, bytes, extra) => {
        const sealed = await committingSeal(prk, purpose, fresh, bytes, extra);
        expect(hexOf(sealed)).toBe(hexOf(sealedBy(prk, purpose, fresh, bytes, extra)));
        expect(hexOf(openedBy(prk, purpose, sealed, extra))).toBe(hexOf(bytes));
        expect(hexOf(await committingOpen(prk, purpose, sealed, extra))).toBe(hexOf(bytes));
      }),
      { numRuns: 50 },
    );
  });

  it('has one error for whatever does not open', async () => {
    const sealed = await committingSeal(key, info, salt, text('secret'), aad);
    const code = (open: () => unknown) => rejection((async () => open())());
    for (let at = 0; at < sealed.length; at++) {
      const copy = sealed.slice();
      copy[at] = (copy[at] as number) ^ (1 << (at & 7));
      expect(await code(() => committingOpen(key, info, copy, aad))).toBe('decryption_failed');
      const cut = sealed.subarray(0, at);
      expect(await code(() => committingOpen(key, info, cut, aad))).toBe('decryption_failed');
    }
    expect(codeOf(() => committingOpen(new Uint8Array(32), info, sealed, aad))).toBe('decryption_failed');
    expect(await code(() => committingOpen(key, info, sealed, text('record 8')))).toBe('decryption_failed');
  });

  it('takes many at once, also in shared memory, and none for another', async () => {
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const [prk, bytes] = [new Uint8Array(32).fill(n), new Uint8Array(new SharedArrayBuffer(n))];
        bytes.fill(n);
        const sealed = await committingSeal(prk, info, salt, bytes, text(`record ${n}`));
        const shared = new Uint8Array(new SharedArrayBuffer(sealed.length));
        shared.set(sealed);
        const opened = committingOpen(prk, info, shared, text(`record ${n}`));
        shared.fill(0);
        prk.fill(0);
        expect(hexOf(await opened)).toBe(hexOf(bytes));
      }),
    );
  });

  it('opens and seals where another Promise is the global one', async () => {
    vi.stubGlobal('Promise', class<T> extends Promise<T> {});
    const sealed = await committingSeal(key, info, salt, text('secret'), aad);
    expect(await committingOpen(key, info, sealed, aad)).toEqual(text('secret'));
  });
});
