/** libsodium in the place of the platform's Ed25519: the same answers, byte for byte. Skipped where it is not installed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson, vectorLines } from '../../../test/support/vectors.js';
import { cryptoProvider, generateKeyPair, sign, verify, verifyMany } from '../src/index.js';
import { provider as node } from '../src/provider/node.js';
import { type Sodium, sodiumEd25519 } from '../src/provider/sodium.js';
import { useSodium } from '../src/sodium.js';
import { published } from './support/published.js';
import { bytes, hexOf, providers, text } from './support.js';

const name: string = 'sodium-native';
const sodium: Sodium | undefined = await import(/* @vite-ignore */ name).then(
  (module: { default: Sodium }) => module.default,
  () => undefined,
);
const installed = sodium !== undefined;
const own = sodiumEd25519(sodium as Sodium, node.equal);

describe('choosing a provider', () => {
  it('names each', () => {
    expect(providers.map(([, each]) => each.name)).toEqual(['node:crypto', 'noble']);
    expect(cryptoProvider()).toBe('node:crypto');
  });

  it.skipIf(installed)('changes nothing where sodium-native is missing', async () => {
    expect(await useSodium()).toBe(false);
    expect(cryptoProvider()).toBe('node:crypto');
  });
});

describe.skipIf(!installed)('sodium-native', () => {
  it('signs and verifies as node:crypto does', () => {
    const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(seed, fc.uint8Array({ maxLength: 300 }), fc.nat(511), (key, message, bit) => {
        const signature = own.sign(message, key);
        expect(signature).toEqual(node.sign(message, key));
        const publicKey = own.publicKeyOf(key);
        expect(publicKey).toEqual(node.publicKeyOf(key));
        expect(own.verify(message, signature, publicKey)).toBe(true);
        const spoilt = signature.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        expect(own.verify(message, spoilt, publicKey)).toBe(false);
      }),
    );
  });

  it.skipIf(!haveVectors)('derives and signs every published vector exactly', () => {
    type Rfc = { priv: string; pub: string; msg: string; sig: string };
    type Ref10 = { seed: string; public_key: string; message: string; signature: string };
    const rows = [
      ...vectorJson<Rfc[]>('ed25519/rfc8032-section7.1.json'),
      ...vectorLines<Ref10>('ed25519/ref10-sign-input-sample.jsonl').map((each) => ({
        priv: each.seed,
        pub: each.public_key,
        msg: each.message,
        sig: each.signature,
      })),
    ];
    expect(rows.length).toBeGreaterThan(10);
    for (const { priv, pub, msg, sig } of rows) {
      expect(hexOf(own.publicKeyOf(bytes(priv)))).toBe(pub);
      expect(hexOf(own.sign(bytes(msg), bytes(priv)))).toBe(sig);
    }
  });

  it.skipIf(!haveVectors)('verifies every published vector by the same rule', () => {
    let accepted = 0;
    for (const { message, signature, publicKey } of published()) {
      const whole = signature.length === 64 && publicKey.length === 32;
      const expected = whole && node.verify(message, signature, publicKey);
      expect(own.verify(message, signature, publicKey)).toBe(expected);
      accepted += Number(expected);
    }
    expect(accepted).toBeGreaterThan(50);
  });

  it('refuses other lengths before libsodium, which would read a part', async () => {
    const { privateKey, publicKey } = await generateKeyPair();
    const message = text('m');
    const signature = own.sign(message, privateKey);
    const longer = new Uint8Array([...signature, 0]);
    expect(sodium?.crypto_sign_verify_detached(longer, message, publicKey), 'which is why').toBe(true);
    expect(own.verify(message, longer, publicKey)).toBe(false);
    expect(own.verify(message, signature.slice(1), publicKey)).toBe(false);
    expect(own.verify(message, signature, new Uint8Array([...publicKey, 0]))).toBe(false);
  });

  it('signs with the seed that the array holds now, and forgets', () => {
    const seed = new Uint8Array(32).fill(1);
    const first = own.sign(text('m'), seed);
    seed.fill(2);
    expect(own.sign(text('m'), seed)).toEqual(node.sign(text('m'), new Uint8Array(32).fill(2)));
    own.forget(seed);
    own.forget(seed);
    seed.fill(1);
    expect(own.sign(text('m'), seed)).toEqual(first);
  });

  it('is chosen in one line, and can be seen', async () => {
    const before = { ...node };
    const { privateKey, publicKey } = await generateKeyPair();
    try {
      expect(await useSodium()).toBe(true);
      expect(cryptoProvider()).toBe('sodium-native');
      const signature = await sign(text('m'), privateKey);
      expect(signature).toEqual(before.sign(text('m'), privateKey));
      expect(await verify(text('m'), signature, publicKey)).toBe(true);
      expect(await verify(text('m'), new Uint8Array([...signature, 0]), publicKey)).toBe(false);
      expect(await verifyMany([{ message: text('m'), signature, publicKey }])).toEqual([true]);
    } finally {
      Object.assign(node, before);
    }
    expect(cryptoProvider()).toBe('node:crypto');
  });
});
