/** Signers over keys that live elsewhere, and what they refuse to hand on. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as nodeSign,
} from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CryptoError,
  generateKeyPair,
  type KeyPair,
  keyPairFromPrivateKey,
  type RemoteSignerOptions,
  randomBytes,
  remoteSigner,
  type Signer,
  sign,
  signerFromCryptoKey,
  toSigner,
  verify,
} from '../src/index.js';
import { signerFromKeyObject } from '../src/node.js';
import { hexOf, refusal, rejection, text } from './support.js';

const message = text('a message');
const { subtle } = globalThis.crypto;
const ED25519_PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

function keyObjectOf(seed: Uint8Array): KeyObject {
  const key = Buffer.concat([ED25519_PKCS8_PREFIX, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

async function cryptoKeysOf(pair: KeyPair) {
  const pkcs8 = Buffer.concat([ED25519_PKCS8_PREFIX, pair.privateKey]);
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
    publicKey: await subtle.importKey('raw', Buffer.from(pair.publicKey), 'Ed25519', true, ['verify']),
  };
}

/** One signer of each kind over one key. */
async function eachSigner(pair: KeyPair): Promise<Signer[]> {
  const { privateKey, publicKey } = await cryptoKeysOf(pair);
  return [
    toSigner(pair),
    signerFromKeyObject(keyObjectOf(pair.privateKey)),
    await signerFromCryptoKey(privateKey, publicKey),
    await signerFromCryptoKey(privateKey, pair.publicKey),
    remoteSigner({ publicKey: pair.publicKey, sign: (bytes) => sign(bytes, pair.privateKey) }),
  ];
}

describe('every kind of signer', () => {
  it('makes the same signatures as the key pair', async () => {
    const pair = await generateKeyPair();
    const signers = await eachSigner(pair);
    expect(new Set(signers.map(({ keyId }) => keyId))).toEqual(new Set([toSigner(pair).keyId]));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const expected = hexOf(await sign(bytes, pair.privateKey));
        for (const signer of signers) expect(hexOf(await signer.sign(bytes))).toBe(expected);
      }),
      { numRuns: 30 },
    );
  });

  it('is checked already, refuses what is no bytes, and shows no private key', async () => {
    const seed = randomBytes(32);
    for (const signer of await eachSigner(await keyPairFromPrivateKey(seed))) {
      expect(toSigner(signer)).toBe(signer);
      for (const wrong of [undefined, 'text', [1], {}] as unknown as Uint8Array[]) {
        await expect(signer.sign(wrong)).rejects.toThrow(TypeError);
      }
      const shown = inspect(signer, { depth: 9, showHidden: true }) + JSON.stringify(signer);
      expect(shown).not.toContain(hexOf(seed));
      expect(shown).not.toContain(Buffer.from(seed).toString('base64url'));
    }
  });
});

describe('toSigner', () => {
  it('verifies a foreign signature before it hands it on', async () => {
    const [pair, other] = [await generateKeyPair(), await generateKeyPair()];
    const { publicKey } = pair;
    const { keyId } = toSigner(pair);
    const answers: [string, (m: Uint8Array) => Promise<Uint8Array>][] = [
      ['another key', (m) => sign(m, other.privateKey)],
      ['another message', (m) => sign(new Uint8Array([...m, 0]), pair.privateKey)],
      ['nothing', async () => new Uint8Array(64)],
      ['a bit flipped', async (m) => (await sign(m, pair.privateKey)).map((b, i) => (i === 63 ? b ^ 1 : b))],
    ];
    for (const [what, answer] of answers) {
      const signer = toSigner({ publicKey, keyId, sign: answer });
      expect(await rejection(signer.sign(message)), what).toBe('signer_answer_wrong');
    }
  });

  it('signs what it was given, whatever becomes of the array meanwhile', async () => {
    const pair = await generateKeyPair();
    const { publicKey, keyId } = toSigner(pair);
    const given = Uint8Array.from(message);
    const signer = toSigner({
      publicKey,
      keyId,
      sign: async (bytes) => {
        const signature = await sign(bytes, pair.privateKey);
        bytes.fill(0);
        given.fill(1);
        return signature;
      },
    });
    expect(await verify(message, await signer.sign(given), publicKey)).toBe(true);
  });

  it('passes on the error of a signer that fails', async () => {
    const { publicKey, keyId } = toSigner(await generateKeyPair());
    const failing = toSigner({ publicKey, keyId, sign: () => Promise.reject(new Error('locked')) });
    await expect(failing.sign(message)).rejects.toThrow('locked');
  });
});

describe('the use of a key', () => {
  it('is bound once, and another one is refused', async () => {
    const pair = await generateKeyPair();
    for (const unbound of await eachSigner(pair)) {
      expect(unbound.use).toBeUndefined();
      const bound = toSigner(unbound, 'log');
      expect(bound).toMatchObject({ use: 'log', keyId: unbound.keyId });
      expect(toSigner(bound)).toBe(bound);
      expect(toSigner(bound, 'log')).toBe(bound);
      expect(await verify(message, await bound.sign(message), pair.publicKey)).toBe(true);
      const error = refusal(() => toSigner(bound, 'covenant'));
      expect(error.code).toBe('key_use_wrong');
      expect(error.message).toContain('log');
    }
  });

  it('is taken over from a foreign signer and from each constructor', async () => {
    const pair = await generateKeyPair();
    const { keyId } = toSigner(pair);
    const { privateKey, publicKey } = await cryptoKeysOf(pair);
    const raw = (bytes: Uint8Array) => sign(bytes, pair.privateKey);
    const bound = [
      toSigner({ publicKey: pair.publicKey, keyId, use: 'token', sign: raw }),
      toSigner(pair, 'token'),
      signerFromKeyObject(keyObjectOf(pair.privateKey), 'token'),
      await signerFromCryptoKey(privateKey, publicKey, 'token'),
      remoteSigner({ publicKey: pair.publicKey, use: 'token', sign: raw }),
    ];
    for (const signer of bound) {
      expect(signer.use).toBe('token');
      expect(refusal(() => toSigner(signer, 'witness')).code).toBe('key_use_wrong');
    }
  });

  it('keeps the bound of the message', async () => {
    const pair = await generateKeyPair();
    const signer = remoteSigner({
      publicKey: pair.publicKey,
      maxBytes: 8,
      sign: (bytes) => sign(bytes, pair.privateKey),
    });
    const bound = toSigner(signer, 'log');
    expect(bound.maxBytes).toBe(8);
    expect(await bound.sign(new Uint8Array(8))).toHaveLength(64);
    expect(await rejection(bound.sign(new Uint8Array(9)))).toBe('too_large');
  });

  it('is a word', async () => {
    const pair = await generateKeyPair();
    for (const wrong of ['', 'two words', 'log\n', 'é', 'x'.repeat(65), 7, {}, null]) {
      expect(() => toSigner(pair, wrong as string)).toThrow(TypeError);
    }
  });
});

describe('signerFromKeyObject', () => {
  it('refuses every other key', () => {
    const ed25519 = generateKeyPairSync('ed25519');
    const wrong: unknown[] = [
      undefined,
      null,
      'key',
      {},
      ed25519.publicKey,
      generateKeyPairSync('ed448').privateKey,
      generateKeyPairSync('x25519').privateKey,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    ];
    for (const key of wrong) expect(() => signerFromKeyObject(key as KeyObject)).toThrow(TypeError);
    expect(signerFromKeyObject(ed25519.privateKey).publicKey).toHaveLength(32);
  });
});

describe('signerFromCryptoKey', () => {
  it('refuses every other key', async () => {
    const { privateKey, publicKey } = await cryptoKeysOf(await generateKeyPair());
    const ecdsa = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
    const raw = Buffer.from(
      createPublicKey(generateKeyPairSync('ed25519').privateKey).export({ format: 'jwk' }).x as string,
      'base64url',
    );
    const hidden = await subtle.importKey('raw', raw, 'Ed25519', false, ['verify']);
    type Key = typeof privateKey;
    for (const wrong of [undefined, null, {}, publicKey, ecdsa.privateKey] as Key[]) {
      await expect(signerFromCryptoKey(wrong, publicKey)).rejects.toThrow(TypeError);
    }
    for (const wrong of [undefined, null, {}, privateKey, ecdsa.publicKey, hidden] as Key[]) {
      await expect(signerFromCryptoKey(privateKey, wrong)).rejects.toThrow(TypeError);
    }
    await expect(signerFromCryptoKey(privateKey, new Uint8Array(31))).rejects.toThrow(RangeError);
  });

  it('hands on no signature when the public key is another one', async () => {
    const { privateKey } = await cryptoKeysOf(await generateKeyPair());
    const { publicKey } = await generateKeyPair();
    const signer = await signerFromCryptoKey(privateKey, publicKey);
    expect(await rejection(signer.sign(message))).toBe('signer_answer_wrong');
  });
});

describe('remoteSigner', () => {
  const pairs = generateKeyPair();

  /** A signer over a service that fails so many times first, and the number of times that it was asked. */
  async function flaky(failures: number, options: Partial<RemoteSignerOptions> = {}) {
    const pair = await pairs;
    const asked = { times: 0 };
    const signer = remoteSigner({
      publicKey: pair.publicKey,
      retryDelayMs: 0,
      sign: async (bytes) => {
        asked.times += 1;
        if (asked.times <= failures) throw new Error(`failure ${asked.times}`);
        return sign(bytes, pair.privateKey);
      },
      ...options,
    });
    return { signer, asked };
  }

  it.each([0, 1, 2, 5])('asks at most %i times again', async (retries) => {
    for (const failures of [0, retries, retries + 1]) {
      const { signer, asked } = await flaky(failures, { retries });
      if (failures <= retries) {
        expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
        expect(asked.times).toBe(failures + 1);
        continue;
      }
      const error = (await signer.sign(message).catch((reason: unknown) => reason)) as CryptoError;
      expect(error.code).toBe('signer_unavailable');
      expect(error.cause).toMatchObject({ message: `failure ${retries + 1}` });
      expect(error.message).toContain(`${retries + 1} attempt`);
      expect(asked.times).toBe(retries + 1);
    }
  });

  it('asks three times unless told otherwise', async () => {
    const { signer, asked } = await flaky(9);
    expect(await rejection(signer.sign(message))).toBe('signer_unavailable');
    expect(asked.times).toBe(3);
  });

  it('does not ask again after an error that is final', async () => {
    const { signer, asked } = await flaky(1, { retries: 5, isTransient: () => false });
    expect(await rejection(signer.sign(message))).toBe('signer_unavailable');
    expect(asked.times).toBe(1);
    const own = await flaky(0, {
      sign: () => Promise.reject(new CryptoError('key_revoked', 'the key is revoked')),
    });
    expect(await rejection(own.signer.sign(message))).toBe('key_revoked');
  });

  it('aborts an attempt whose time is over, and asks again even if errors are final', async () => {
    const pair = await pairs;
    const signals: AbortSignal[] = [];
    const { signer } = await flaky(0, {
      timeoutMs: 30,
      retries: 1,
      isTransient: () => false,
      sign: async (bytes, { signal }) => {
        signals.push(signal);
        if (signals.length > 1) return sign(bytes, pair.privateKey);
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        );
      },
    });
    expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  });

  it('gives up on a service that never answers and ignores the signal', async () => {
    const { signer } = await flaky(0, { timeoutMs: 5, retries: 2, sign: () => new Promise(() => {}) });
    const error = (await signer.sign(message).catch((reason: unknown) => reason)) as CryptoError;
    expect(error.code).toBe('signer_unavailable');
    expect(error.message).toContain('no answer within 5 ms');
  });

  it('takes what throws at once for a failure', async () => {
    const { signer } = await flaky(0, {
      sign: () => {
        throw new Error('not a promise');
      },
    });
    expect(await rejection(signer.sign(message))).toBe('signer_unavailable');
  });

  it('refuses a wrong answer of any shape, and does not ask again', async () => {
    const pair = await pairs;
    const right = await sign(message, pair.privateKey);
    const wrong: unknown[] = [undefined, null, 'text', {}, right.slice(1), new Uint8Array([...right, 0])];
    wrong.push(new Uint8Array(64), hexOf(right), new Proxy(right, {}));
    for (const answer of wrong) {
      let asked = 0;
      const { signer } = await flaky(0, {
        sign: async () => {
          asked += 1;
          return answer as Uint8Array;
        },
      });
      expect(await rejection(signer.sign(message))).toBe('signer_answer_wrong');
      expect(asked).toBe(1);
    }
  });

  it('is not misled by a service that overwrites its message', async () => {
    const pair = await pairs;
    const chosen = text('b message');
    const { signer } = await flaky(0, {
      sign: async (bytes) => {
        bytes.set(chosen);
        return sign(bytes, pair.privateKey);
      },
    });
    expect(await rejection(signer.sign(message))).toBe('signer_answer_wrong');
  });

  it('asks again for the same message, whatever the attempt before did to its copy', async () => {
    const pair = await pairs;
    let asked = 0;
    const { signer } = await flaky(0, {
      sign: async (bytes) => {
        asked += 1;
        if (asked > 1) return sign(bytes, pair.privateKey);
        bytes.fill(0);
        throw new Error('busy');
      },
    });
    expect(await verify(message, await signer.sign(message), pair.publicKey)).toBe(true);
  });

  it('takes the answer of node:crypto, a Buffer', async () => {
    const pair = await pairs;
    const key = keyObjectOf(pair.privateKey);
    const { signer } = await flaky(0, { sign: async (bytes) => nodeSign(null, bytes, key) });
    const signature = await signer.sign(message);
    expect(Buffer.isBuffer(signature)).toBe(false);
    expect(await verify(message, signature, pair.publicKey)).toBe(true);
  });

  it('refuses other options', async () => {
    const { publicKey } = await pairs;
    const base = { publicKey, sign: async () => new Uint8Array(64) };
    const outOfBounds = [
      { publicKey: new Uint8Array(31) },
      { timeoutMs: 0 },
      { timeoutMs: 600_001 },
      { timeoutMs: Number.NaN },
      { retries: -1 },
      { retries: 11 },
      { retries: 1.5 },
      { retryDelayMs: -1 },
      { retryDelayMs: 60_001 },
    ];
    for (const wrong of outOfBounds) expect(() => remoteSigner({ ...base, ...wrong })).toThrow(RangeError);
    const mistyped = [
      { publicKey: 'key' },
      { sign: 'sign' },
      { isTransient: true },
      { maxBytes: 0 },
      { use: '' },
    ];
    for (const wrong of mistyped) {
      expect(() => remoteSigner({ ...base, ...wrong } as unknown as RemoteSignerOptions)).toThrow(TypeError);
    }
  });
});
