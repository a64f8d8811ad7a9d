import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson } from '../../../test/support/vectors.js';
import {
  aeadOpen,
  aeadSeal,
  aes256GcmOpen,
  aes256GcmSeal,
  committingOpen,
  committingSeal,
  hkdfSha256,
  hmacSha256,
  randomBytes,
} from '../src/index.js';
import { bytes, codeOf, hexOf, providers, rejection, text } from './support.js';

const key = new Uint8Array(32).fill(9);
const aad = text('record 7');

describe('the sealed envelope', () => {
  it('opens to what was sealed, and is never the same twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 100 }),
        fc.uint8Array({ maxLength: 20 }),
        async (data, extra) => {
          const sealed = await aeadSeal(key, data, extra);
          expect(sealed).toHaveLength(data.length + 81);
          expect(sealed[0]).toBe(1);
          expect(await aeadOpen(key, sealed, extra)).toEqual(data);
          expect(hexOf(await aeadSeal(key, data, extra))).not.toBe(hexOf(sealed));
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is built as documented', async () => {
    const sealed = await aeadSeal(key, text('secret'), aad);
    const derived = hkdfSha256(key, sealed.slice(1, 33), text('stele/aead/1'), 76);
    expect(hexOf(sealed.slice(33, 65))).toBe(hexOf(derived.slice(32, 64)));
    const opened = await aes256GcmOpen(derived.slice(0, 32), derived.slice(64), sealed.slice(65), aad);
    expect(opened).toEqual(text('secret'));
  });

  it('does not open with any bit flipped', async () => {
    const sealed = await aeadSeal(key, text('secret'), aad);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const copy = sealed.slice();
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(await rejection(aeadOpen(key, copy, aad))).toBe('decryption_failed');
    }
  });

  it('does not open cut, lengthened, under another key or for another record', async () => {
    const sealed = await aeadSeal(key, text('secret'), aad);
    for (let length = 0; length < sealed.length; length += 5) {
      expect(await rejection(aeadOpen(key, sealed.slice(0, length), aad))).toBe('decryption_failed');
    }
    const longer = new Uint8Array([...sealed, 0]);
    expect(await rejection(aeadOpen(key, longer, aad))).toBe('decryption_failed');
    expect(await rejection(aeadOpen(new Uint8Array(32), sealed, aad))).toBe('decryption_failed');
    expect(await rejection(aeadOpen(key, sealed, text('record 8')))).toBe('decryption_failed');
    expect(await rejection(aeadOpen(key, sealed, new Uint8Array()))).toBe('decryption_failed');
  });

  it('says the same whatever went wrong', async () => {
    const sealed = await aeadSeal(key, text('secret'), aad);
    const failures = [
      aeadOpen(key, sealed.slice(0, 3), aad),
      aeadOpen(key, new Uint8Array([2, ...sealed.slice(1)]), aad),
      aeadOpen(new Uint8Array(32), sealed, aad),
      aeadOpen(key, sealed, text('x')),
    ];
    const messages = await Promise.all(
      failures.map((failure) => failure.catch((e: Error) => JSON.stringify([e.message, e]))),
    );
    expect(new Set(messages).size).toBe(1);
  });

  it('refuses the commitment of another key even where GCM would open', async () => {
    // A wrong commitment over an otherwise genuine ciphertext is refused before decryption.
    const sealed = await aeadSeal(key, text('secret'), aad);
    const forged = new Uint8Array([...sealed.slice(0, 33), ...randomBytes(32), ...sealed.slice(65)]);
    expect(await rejection(aeadOpen(key, forged, aad))).toBe('decryption_failed');
  });

  it('wants 32 bytes of key, and bytes everywhere', async () => {
    for (const length of [0, 16, 31, 33]) {
      await expect(aeadSeal(new Uint8Array(length), aad, aad)).rejects.toThrow(RangeError);
      await expect(aeadOpen(new Uint8Array(length), aad, aad)).rejects.toThrow(RangeError);
    }
    for (const value of [undefined, 'text', [1], {}] as unknown as Uint8Array[]) {
      await expect(aeadSeal(value, aad, aad)).rejects.toThrow(TypeError);
      await expect(aeadSeal(key, value, aad)).rejects.toThrow(TypeError);
      await expect(aeadSeal(key, aad, value)).rejects.toThrow(TypeError);
      await expect(aeadOpen(key, value, aad)).rejects.toThrow(TypeError);
      await expect(aeadOpen(key, aad, value)).rejects.toThrow(TypeError);
    }
  });
});

describe.each(providers)('AES-256-GCM on %s', (_name, provider) => {
  it.skipIf(!haveVectors)('answers every Wycheproof test', async () => {
    type Test = Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag' | 'result', string> & { tcId: number };
    type Suite = { testGroups: { keySize: number; ivSize: number; tagSize: number; tests: Test[] }[] };
    const { testGroups } = vectorJson<Suite>('symmetric/aes_gcm_test.json');
    let tested = 0;
    for (const group of testGroups.filter(({ keySize, ivSize }) => keySize === 256 && ivSize === 96)) {
      for (const t of group.tests) {
        const opened = await provider.gcmOpen(bytes(t.key), bytes(t.iv), bytes(t.ct + t.tag), bytes(t.aad));
        expect(opened && hexOf(opened), `test ${t.tcId}`).toBe(t.result === 'valid' ? t.msg : undefined);
        if (t.result !== 'valid') continue;
        const sealed = await provider.gcmSeal(bytes(t.key), bytes(t.iv), bytes(t.msg), bytes(t.aad));
        expect(hexOf(sealed)).toBe(t.ct + t.tag);
        tested += 1;
      }
    }
    expect(tested).toBeGreaterThan(20);
  });

  it('does not open less than a tag', async () => {
    const nonce = new Uint8Array(12);
    for (const length of [0, 1, 15]) {
      expect(await provider.gcmOpen(key, nonce, new Uint8Array(length), aad)).toBeUndefined();
    }
  });
});

describe('the public AES-256-GCM functions', () => {
  it('refuse every other size of key and nonce', async () => {
    type Suite = { testGroups: { ivSize: number; keySize: number; tests: { key: string; iv: string }[] }[] };
    const sizes: [number, number][] = [
      [32, 0],
      [32, 8],
      [32, 11],
      [32, 13],
      [32, 16],
      [16, 12],
      [24, 12],
    ];
    const groups = haveVectors ? vectorJson<Suite>('symmetric/aes_gcm_test.json').testGroups : [];
    for (const { ivSize, keySize } of groups) {
      if (ivSize !== 96 || keySize !== 256) sizes.push([keySize / 8, ivSize / 8]);
    }
    for (const [keyLength, nonceLength] of sizes) {
      const [k, n] = [new Uint8Array(keyLength), new Uint8Array(nonceLength)];
      await expect(aes256GcmSeal(k, n, aad, aad)).rejects.toThrow(RangeError);
      await expect(aes256GcmOpen(k, n, aad, aad)).rejects.toThrow(RangeError);
    }
  });

  it.skipIf(!haveVectors)('answer every Wycheproof test of their sizes', async () => {
    type Test = Record<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag' | 'result', string>;
    type Suite = { testGroups: { keySize: number; ivSize: number; tests: Test[] }[] };
    const counts = { valid: 0, invalid: 0 };
    for (const { keySize, ivSize, tests } of vectorJson<Suite>('symmetric/aes_gcm_test.json').testGroups) {
      for (const t of keySize === 256 && ivSize === 96 ? tests : []) {
        const [k, n, extra] = [bytes(t.key), bytes(t.iv), bytes(t.aad)];
        const opened = aes256GcmOpen(k, n, bytes(t.ct + t.tag), extra);
        if (t.result === 'valid') {
          expect(hexOf(await opened)).toBe(t.msg);
          expect(hexOf(await aes256GcmSeal(k, n, bytes(t.msg), extra))).toBe(t.ct + t.tag);
        } else expect(await rejection(opened)).toBe('decryption_failed');
        counts[t.result as keyof typeof counts]++;
      }
    }
    expect(counts.valid).toBeGreaterThan(20);
    expect(counts.invalid).toBeGreaterThan(10);
  });

  it('open what they sealed and nothing else', async () => {
    const nonce = randomBytes(12);
    const sealed = await aes256GcmSeal(key, nonce, text('secret'), aad);
    expect(await aes256GcmOpen(key, nonce, sealed, aad)).toEqual(text('secret'));
    expect(await rejection(aes256GcmOpen(key, nonce, sealed.slice(1), aad))).toBe('decryption_failed');
    expect(await rejection(aes256GcmOpen(key, randomBytes(12), sealed, aad))).toBe('decryption_failed');
  });
});

describe.each(providers)('HKDF-SHA256 on %s', (_name, provider) => {
  it.skipIf(!haveVectors)('answers every Wycheproof test', () => {
    type Test = { ikm: string; salt: string; info: string; size: number; okm: string; result: string };
    for (const group of vectorJson<{ testGroups: { tests: Test[] }[] }>('symmetric/hkdf_sha256_test.json')
      .testGroups) {
      for (const { ikm, salt, info, size, okm, result } of group.tests) {
        const inputs = [bytes(ikm), bytes(salt), bytes(info)] as const;
        if (result === 'valid') {
          expect(hexOf(provider.hkdfSha256(...inputs, size))).toBe(okm);
          expect(hexOf(hkdfSha256(...inputs, size))).toBe(okm);
          const prk = hmacSha256(inputs[1], inputs[0]);
          expect(hexOf(provider.hkdfExpandSha256(prk, inputs[2], size))).toBe(okm);
        } else {
          expect(() => hkdfSha256(...inputs, size)).toThrow(RangeError);
        }
      }
    }
  });
});

describe.each(providers)('HKDF-SHA256 on %s', (_name, provider) => {
  // The platform's own is another implementation than ours of both.
  it('is the platform’s, whatever the lengths', () => {
    const some = fc.uint8Array({ maxLength: 300, size: 'max' });
    fc.assert(
      fc.property(some, some, some, fc.integer({ min: 1, max: 300 }), (ikm, salt, info, size) => {
        const okm = Buffer.from(hkdfSync('sha256', ikm, salt, info, size)).toString('hex');
        expect(hexOf(provider.hkdfSha256(ikm, salt, info, size))).toBe(okm);
        const prk = provider.hmacSha256(salt, ikm);
        expect(hexOf(provider.hkdfExpandSha256(prk, info, size))).toBe(okm);
      }),
    );
  });
});

describe('hkdfSha256', () => {
  it.each([0, -1, 1.5, 8_161, Number.NaN, '32'])('refuses the length %o', (length) => {
    expect(() => hkdfSha256(key, aad, aad, length as number)).toThrow(RangeError);
  });
});

describe('the second half of HKDF', () => {
  it('is the same by every provider for a key of any longer length', () => {
    const [[, one], [, other]] = providers;
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 140, size: 'max' }),
        fc.uint8Array({ maxLength: 300, size: 'max' }),
        fc.constantFrom(1, 31, 32, 33, 64, 8_160),
        (prk, info, size) => {
          expect(hexOf(one.hkdfExpandSha256(prk, info, size))).toBe(
            hexOf(other.hkdfExpandSha256(prk, info, size)),
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe.each(providers)('two keys on %s', (_name, provider) => {
  it('are the first 64 bytes of the second half of HKDF', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 300, size: 'max' }),
        (prk, info) => {
          const keys = provider.withTwoKeys(prk, info, (first, second) => hexOf(first) + hexOf(second));
          expect(keys).toBe(hexOf(provider.hkdfExpandSha256(prk, info, 64)));
        },
      ),
    );
  });

  it('stay what they are while other keys are handed out, or fail to be', () => {
    const right = hexOf(provider.hkdfExpandSha256(key, aad, 64));
    const keys = provider.withTwoKeys(key, aad, (first, second) => {
      const others = provider.withTwoKeys(key, key, (...pair) => pair.map(hexOf).join(''));
      expect(others).toBe(hexOf(provider.hkdfExpandSha256(key, key, 64)));
      const failing = () =>
        provider.withTwoKeys(key, key, () => {
          throw new Error('no');
        });
      expect(failing).toThrow('no');
      return hexOf(first) + hexOf(second);
    });
    expect(keys).toBe(right);
  });

  it('come anew after a function that throws', () => {
    const failing = () =>
      provider.withTwoKeys(key, aad, () => {
        throw new Error('no');
      });
    expect(failing).toThrow('no');
    const keys = provider.withTwoKeys(key, aad, (first, second) => hexOf(first) + hexOf(second));
    expect(keys).toBe(hexOf(provider.hkdfExpandSha256(key, aad, 64)));
  });
});

it('keys that node:crypto hands out are zeros when the function has returned', () => {
  const [[, node]] = providers;
  expect(
    node.withTwoKeys(key, aad, (...keys) => keys).every((each) => each.every((byte) => byte === 0)),
  ).toBe(true);
});

describe('a committing envelope', () => {
  const info = text('records');
  const salt = new Uint8Array(32).fill(4);

  it('opens to what was sealed, at once on this platform', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000, size: 'max' }),
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (data, extra, fresh) => {
          const sealed = committingSeal(key, info, fresh, data, extra) as Uint8Array;
          expect(sealed).toHaveLength(data.length + 80);
          expect(committingOpen(key, info, sealed, extra)).toEqual(data);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('is built as documented', async () => {
    const sealed = await committingSeal(key, info, salt, text('secret'), aad);
    const ikm = new Uint8Array(32).fill(1);
    const derived = new Uint8Array(
      hkdfSync('sha256', ikm, new Uint8Array(), Buffer.concat([info, salt]), 64),
    );
    const prk = hmacSha256(new Uint8Array(), ikm);
    const ours = await committingSeal(prk, info, salt, text('secret'), aad);
    expect(hexOf(ours.slice(0, 64))).toBe(hexOf(salt) + hexOf(derived.slice(32)));
    const body = await aes256GcmSeal(derived.slice(0, 32), new Uint8Array(12), text('secret'), aad);
    expect(hexOf(ours.slice(64))).toBe(hexOf(body));
    expect(hexOf(sealed.slice(64))).not.toBe(hexOf(body));
  });

  // What runs in the middle must not leave the outer one with keys that were wiped.
  it('is sealed and opened under its own keys by arrays that seal and open when they are looked at', async () => {
    const sealed = await committingSeal(key, info, salt, text('secret'), aad);
    const odd = salt.slice();
    const length = () => committingSeal(key, info, new Uint8Array(32), aad, aad) && 32;
    Object.defineProperty(odd, 'length', { get: length });
    expect(hexOf(await committingSeal(key, info, odd, text('secret'), aad))).toBe(hexOf(sealed));
    class Odd extends Uint8Array {
      override subarray(start?: number, end?: number) {
        refused(() => committingOpen(key, info, sealed, text('record 8')));
        return sealed.subarray(start, end) as Uint8Array<ArrayBuffer>;
      }
    }
    expect(committingOpen(key, info, new Odd(sealed), aad)).toEqual(text('secret'));
  });

  /** Whatever it throws, and it must be this. */
  const refused = (open: () => unknown) => expect(codeOf(open)).toBe('decryption_failed');

  it('does not open with any bit flipped, cut, lengthened, or under anything else', async () => {
    const sealed = await committingSeal(key, info, salt, text('secret'), aad);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const copy = sealed.slice();
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      refused(() => committingOpen(key, info, copy, aad));
    }
    for (let length = 0; length < sealed.length; length++)
      refused(() => committingOpen(key, info, sealed.slice(0, length), aad));
    refused(() => committingOpen(key, info, new Uint8Array([...sealed, 0]), aad));
    refused(() => committingOpen(new Uint8Array(32), info, sealed, aad));
    refused(() => committingOpen(key, text('record'), sealed, aad));
    refused(() => committingOpen(key, info, sealed, text('record 8')));
    expect(committingOpen(key, info, sealed, aad)).toEqual(text('secret'));
  });

  it.each([0, 31, 33])('is refused a key or a salt of %i bytes', async (length) => {
    const sealed = await committingSeal(key, info, salt, text('secret'), aad);
    const wrong = new Uint8Array(length);
    expect(() => committingSeal(wrong, info, salt, aad, aad)).toThrow(RangeError);
    expect(() => committingSeal(key, info, wrong, aad, aad)).toThrow(RangeError);
    expect(() => committingOpen(wrong, info, sealed, aad)).toThrow(RangeError);
  });

  it('is refused what are no bytes', () => {
    const none = 'secret' as unknown as Uint8Array;
    expect(() => committingSeal(key, none, salt, aad, aad)).toThrow(TypeError);
    expect(() => committingSeal(key, info, salt, none, aad)).toThrow(TypeError);
    expect(() => committingSeal(key, info, salt, aad, none)).toThrow(TypeError);
    expect(() => committingOpen(key, info, none, aad)).toThrow(TypeError);
    expect(() => committingOpen(key, info, new Uint8Array(100), none)).toThrow(TypeError);
  });
});

describe('across providers', () => {
  it('what one sealed the other opens', async () => {
    const nonce = randomBytes(12);
    for (const [, one] of providers) {
      for (const [, other] of providers) {
        const sealed = await one.gcmSeal(key, nonce, text('secret'), aad);
        expect(await other.gcmOpen(key, nonce, sealed, aad)).toEqual(text('secret'));
      }
    }
  });
});
