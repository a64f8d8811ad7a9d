import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  generateKeyPair,
  type KeyPair,
  keyPairFromPrivateKey,
  type Signer,
  sign,
  toSigner,
  verify,
} from '../src/index.js';
import { bytes, hexOf, rejection, text } from './support.js';

const message = text('message');

describe('key pairs', () => {
  it('are fresh each time and belong together', async () => {
    const [a, b] = [await generateKeyPair(), await generateKeyPair()];
    expect(a.publicKeyHex).not.toBe(b.publicKeyHex);
    expect(a.publicKeyHex).toBe(hexOf(a.publicKey));
    expect(a.did).toMatch(/^did:key:z6Mk/);
    expect(await verify(message, await sign(message, a.privateKey), a.publicKey)).toBe(true);
    expect(await verify(message, await sign(message, a.privateKey), b.publicKey)).toBe(false);
  });

  it('come from a seed, also in a Buffer, and copy it', async () => {
    const seed = Buffer.alloc(32, 7);
    const pair = await keyPairFromPrivateKey(seed);
    const expected = hexOf(seed);
    seed.fill(0);
    expect(hexOf(pair.privateKey)).toBe(expected);
    expect(Buffer.isBuffer(pair.privateKey)).toBe(false);
    expect(pair.privateKey.buffer.byteLength).toBe(32);
  });

  it.each([0, 31, 33, 64])('refuse a seed of %i bytes', async (length) => {
    await expect(keyPairFromPrivateKey(new Uint8Array(length))).rejects.toThrow(RangeError);
  });

  it.each([undefined, null, 'a'.repeat(32), 32, {}, new Uint16Array(16), new Array(32).fill(1)])(
    'refuse %o as a seed',
    async (seed) => {
      await expect(keyPairFromPrivateKey(seed as Uint8Array)).rejects.toThrow(TypeError);
    },
  );

  it('never show the private key', async () => {
    const pair = await generateKeyPair();
    const { privateKey } = pair;
    const [hex, base64] = [hexOf(privateKey), Buffer.from(privateKey).toString('base64')];
    const decimal = [...privateKey].join(',');
    const options = [
      {},
      { showHidden: true },
      { depth: 9, getters: true },
      { customInspect: false },
      { customInspect: false, showHidden: true },
    ];
    const shown = [
      JSON.stringify(pair),
      JSON.stringify({ ...pair }),
      ...options.map((o) => inspect(pair, o)),
      `${pair}`,
    ];
    for (const output of shown) {
      for (const secret of [hex, base64, decimal])
        expect(output.replaceAll(/[\s]/g, '')).not.toContain(secret);
    }
    expect(Object.keys(pair)).toEqual(['publicKey', 'publicKeyHex', 'did']);
    expect({ ...pair }).not.toHaveProperty('privateKey');
    expect(structuredClone({ ...pair })).not.toHaveProperty('privateKey');
  });

  it('still sign correctly after the seed array was overwritten', async () => {
    const [a, b] = [await generateKeyPair(), await generateKeyPair()];
    const seed = a.privateKey.slice();
    expect(await verify(message, await sign(message, seed), a.publicKey)).toBe(true);
    seed.set(b.privateKey);
    expect(await verify(message, await sign(message, seed), b.publicKey)).toBe(true);
  });
});

describe('sign', () => {
  it('refuses wrong arguments', async () => {
    const { privateKey } = await generateKeyPair();
    await expect(sign('text' as unknown as Uint8Array, privateKey)).rejects.toThrow(TypeError);
    await expect(sign(message, new Uint8Array(64))).rejects.toThrow(RangeError);
    await expect(sign(message, new Uint8Array(0))).rejects.toThrow(RangeError);
    await expect(sign(message, undefined as unknown as Uint8Array)).rejects.toThrow(TypeError);
    await expect(sign(new Proxy(message, {}), privateKey)).rejects.toThrow(TypeError);
  });

  it('reads shared memory once', async () => {
    const { privateKey, publicKey } = await generateKeyPair();
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(5);
    expect(await verify(shared, await sign(shared, privateKey), publicKey)).toBe(true);
  });
});

describe('verify', () => {
  it('takes views and Buffers', async () => {
    const { privateKey, publicKey } = await generateKeyPair();
    const signature = await sign(message, privateKey);
    const padded = Buffer.concat([Buffer.alloc(3), signature]).subarray(3);
    expect(await verify(Buffer.from(message), padded, Buffer.from(publicKey))).toBe(true);
  });

  it('answers false to anything else and never rejects', async () => {
    const { privateKey, publicKey } = await generateKeyPair();
    const signature = await sign(message, privateKey);
    const throwing = new Proxy(signature, {
      get() {
        throw new Error('trap');
      },
    });
    const lying = Object.defineProperty(signature.slice(0, 63), 'length', { value: 64 });
    const detached = signature.slice();
    structuredClone(detached, { transfer: [detached.buffer] });
    const hostile: unknown[] = [
      undefined,
      null,
      0,
      'x',
      {},
      [],
      throwing,
      lying,
      detached,
      Symbol('s'),
      () => 1,
    ];
    hostile.push({ length: 64 }, new Uint16Array(64), new Uint8ClampedArray(64), new ArrayBuffer(64));
    hostile.push(
      new Proxy(signature, {}),
      Object.create(Uint8Array.prototype),
      new DataView(new ArrayBuffer(64)),
    );
    for (const value of hostile as Uint8Array[]) {
      expect(await verify(value, signature, publicKey)).toBe(false);
      expect(await verify(message, value, publicKey)).toBe(false);
      expect(await verify(message, signature, value)).toBe(false);
    }
    expect(await verify(message, signature, publicKey)).toBe(true);
  });

  it('answers false to any values at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything(), fc.anything(), fc.anything(), async (a, b, c) => {
        expect(await verify(a as Uint8Array, b as Uint8Array, c as Uint8Array)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('stays right beyond the number of keys it remembers', async () => {
    const first = await generateKeyPair();
    const signature = await sign(message, first.privateKey);
    for (let i = 0; i < 1_100; i++) {
      const other = new Uint8Array(32).fill(3);
      new DataView(other.buffer).setUint32(0, i);
      expect(await verify(message, signature, other)).toBe(false);
    }
    expect(await verify(message, signature, first.publicKey)).toBe(true);
  });
});

describe('toSigner', () => {
  it('makes a signer of a key pair', async () => {
    const pair = await generateKeyPair();
    const signer = toSigner(pair);
    expect(signer.keyId).toBe(`${pair.did}#${pair.did.slice('did:key:'.length)}`);
    expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
    expect(toSigner(signer)).toBe(signer);
    expect(JSON.stringify(signer)).not.toContain('privateKey');
  });

  it('takes any signer, and checks what it does', async () => {
    const pair = await generateKeyPair();
    const { publicKey } = pair;
    const { keyId } = toSigner(pair);
    const remote = { publicKey, keyId, maxBytes: 7, sign: (m: Uint8Array) => sign(m, pair.privateKey) };
    const signer = toSigner(remote);
    expect(await verify(message, await signer.sign(message), publicKey)).toBe(true);
    expect(await rejection(signer.sign(new Uint8Array(8)))).toBe('too_large');
    const broken = toSigner({ publicKey, keyId, sign: async () => new Uint8Array(63) });
    expect(await rejection(broken.sign(message))).toBe('signature_malformed');
    const empty = toSigner({ publicKey, keyId, sign: async () => undefined as unknown as Uint8Array });
    expect(await rejection(empty.sign(message))).toBe('signature_malformed');
  });

  it('refuses other shapes', async () => {
    const [pair, other] = [await generateKeyPair(), await generateKeyPair()];
    const { publicKey, privateKey } = pair;
    const { keyId } = toSigner(pair);
    const doSign = (m: Uint8Array) => sign(m, privateKey);
    const wrong: unknown[] = [
      undefined,
      null,
      'did:key:z',
      {},
      { publicKey },
      { publicKey, sign: doSign },
      { publicKey, keyId: toSigner(other).keyId, sign: doSign },
      { publicKey: new Uint8Array(31), keyId, sign: doSign },
      { publicKey, keyId, sign: 'sign' },
      { publicKey, keyId, sign: doSign, maxBytes: 0 },
      { publicKey, keyId, sign: doSign, maxBytes: 1.5 },
      { publicKey: other.publicKey, privateKey },
      { publicKey, privateKey: privateKey.slice(1) },
      { ...pair },
    ];
    for (const value of wrong) expect(() => toSigner(value as KeyPair | Signer)).toThrow(TypeError);
    expect(toSigner({ publicKey, privateKey } as KeyPair).keyId).toBe(keyId);
    expect(bytes(pair.publicKeyHex)).toEqual(publicKey);
  });
});
