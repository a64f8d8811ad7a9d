/** Many signatures at once: the same answers as one at a time, in their order. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors } from '../../../test/support/vectors.js';
import { generateKeyPair, type SignedBytes, sign, verify, verifyMany } from '../src/index.js';
import { published } from './support/published.js';
import { providers, text } from './support.js';

async function signed(message: Uint8Array): Promise<SignedBytes> {
  const { privateKey, publicKey } = await generateKeyPair();
  return { message, signature: await sign(message, privateKey), publicKey };
}

const oneByOne = (items: readonly SignedBytes[]) =>
  Promise.all(items.map(({ message, signature, publicKey }) => verify(message, signature, publicKey)));

describe('verifyMany', () => {
  it('answers as verify does, in the order of the items', async () => {
    const good = await Promise.all(['a', 'b', 'c'].map((each) => signed(text(each))));
    const part = (name: keyof SignedBytes) => fc.nat(2).map((i) => (good[i] as SignedBytes)[name]);
    const mixed = fc.record({
      message: part('message'),
      signature: fc.oneof(part('signature'), fc.uint8Array({ minLength: 63, maxLength: 65 })),
      publicKey: fc.oneof(part('publicKey'), fc.uint8Array({ minLength: 32, maxLength: 32 })),
    });
    const item = fc.oneof(
      mixed,
      fc.nat(2).map((i) => good[i] as SignedBytes),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 60 }), async (items) => {
        expect(await verifyMany(items)).toEqual(await oneByOne(items));
      }),
      { numRuns: 40 },
    );
    expect(await verifyMany(good)).toEqual([true, true, true]);
    expect(await verifyMany([])).toEqual([]);
  });

  it('looks at lengths before anything reads the bytes', async () => {
    const { message, signature, publicKey } = await signed(text('m'));
    const longer = new Uint8Array([...signature, 0]);
    expect(await verifyMany([{ message, signature: longer, publicKey }])).toEqual([false]);
    expect(await verifyMany([{ message, signature, publicKey: new Uint8Array([...publicKey, 0]) }])).toEqual([
      false,
    ]);
  });

  it('answers false to what is no signed message, and to nothing else', async () => {
    const good = await signed(text('m'));
    const hostile = [
      undefined,
      null,
      7,
      {},
      [],
      { ...good, message: 'm' },
      { ...good, signature: undefined },
    ];
    hostile.push({ ...good, publicKey: new Proxy(good.publicKey, {}) });
    hostile.push({
      ...good,
      get message(): Uint8Array {
        throw new Error('no');
      },
    });
    const items = hostile.flatMap((each) => [each, good]) as SignedBytes[];
    const answers = await verifyMany(items);
    expect(answers).toEqual(items.map((_, i) => i % 2 === 1));
    for (const wrong of [undefined, null, good, 'items', { length: 1 }]) {
      await expect(verifyMany(wrong as unknown as SignedBytes[])).rejects.toThrow(TypeError);
    }
  });

  it('leaves the event loop free: the threads of Node.js do the work', async () => {
    const items = await Promise.all(Array.from({ length: 300 }, (_, i) => signed(text(String(i)))));
    let turns = 0;
    let done = false;
    const turn = () => {
      turns++;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    expect(await verifyMany(items)).toEqual(new Array(300).fill(true));
    done = true;
    // Verified where they are asked for, all of them would be done within one turn.
    expect(turns).toBeGreaterThan(10);
  });

  it('is not changed by what becomes of the list meanwhile', async () => {
    const items = await Promise.all(Array.from({ length: 50 }, (_, i) => signed(text(String(i)))));
    const pending = verifyMany(items);
    items.length = 0;
    expect(await pending).toEqual(new Array(50).fill(true));
  });
});

describe.skipIf(!haveVectors)('over every published vector', () => {
  it('answers as verify does', async () => {
    const items = published();
    const answers = await verifyMany(items);
    expect(answers).toEqual(await oneByOne(items));
    expect(answers.filter(Boolean).length).toBeGreaterThan(50);
    expect(answers.filter((valid) => !valid).length).toBeGreaterThan(200);
  });

  it.each(providers)('answers the same on %s', async (_name, provider) => {
    const whole = published().filter(
      ({ signature, publicKey }) => signature.length === 64 && publicKey.length === 32,
    );
    for (const { message, signature, publicKey } of whole.slice(0, 400)) {
      const aside = await provider.verifyAside(message, signature, publicKey);
      expect(aside).toBe(provider.verify(message, signature, publicKey));
    }
  });
});
