/** A ring as text: what is written is read, and nothing else is. */
import { describe, expect, it } from 'vitest';
import { KeyManager } from '../src/lib/key-manager.js';
import { KeyRingError, MemoryKeyRing } from '../src/lib/key-ring.js';
import { bodyOf, decodeKeyRing, splitSeal, withSeal } from '../src/lib/key-ring-format.js';
import { DAY, refusedWith, saveSealed, sealer, sharing, stateOf } from './key-ring-support/rings.js';

/** A ring with a retired, a revoked, a retiring and an active key, as JSON. */
async function sample() {
  const { ring, time, open } = sharing();
  const manager = await open();
  await manager.rotate();
  time.now += 7 * DAY;
  await manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
  await manager.rotate();
  expect(manager.history.map(({ state }) => state)).toEqual(['retired', 'revoked', 'retiring', 'active']);
  return stateOf(ring);
}

type Ring = Awaited<ReturnType<typeof sample>> & Record<string, unknown>;

function refusal(run: () => unknown): KeyRingError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(KeyRingError);
    return error as KeyRingError;
  }
  throw new Error('nothing was refused');
}

const codeOf = (text: string) => refusal(() => decodeKeyRing(text)).code;

const HEX = 'a'.repeat(64);

describe('the text of a ring', () => {
  it('is written as it was read', async () => {
    const text = JSON.stringify(await sample());
    const { body, seal } = splitSeal(text);
    expect(bodyOf(decodeKeyRing(text))).toBe(body);
    expect(withSeal(body, seal)).toBe(text);
    expect(Object.keys(JSON.parse(body))).toEqual(['schema', 'use', 'keys', 'revoked']);
    expect(JSON.parse(text)).toEqual({ ...JSON.parse(body), seal });
  });

  it.each<[string, (ring: Ring) => unknown]>([
    ['no object', () => 5],
    ['null', () => null],
    ['a list', (ring) => [ring]],
    ['another schema', (ring) => ({ ...ring, schema: 0 })],
    ['a schema that is no number', (ring) => ({ ...ring, schema: '1' })],
    ['a schema that is no number, though larger', (ring) => ({ ...ring, schema: '2' })],
    [
      'more keys than are remembered, each another',
      (ring) => {
        const spent = ring.keys[0]!;
        const more = Array.from({ length: 10_000 }, (_, i) => ({
          ...spent,
          publicKeyHex: `${i}`.padStart(64, '0'),
        }));
        return { ...ring, keys: [...more, ring.keys[3]] };
      },
    ],
    ['no use', ({ use: _, ...ring }) => ring],
    ['a use that is none', (ring) => ({ ...ring, use: 'a b' })],
    ['one member more', (ring) => ({ ...ring, more: 1 })],
    ['no keys', (ring) => ({ ...ring, keys: [] })],
    ['keys that are no list', (ring) => ({ ...ring, keys: {} })],
    ['no seal', ({ seal: _, ...ring }) => ring],
    ['a seal that is none', (ring) => ({ ...ring, seal: 'a+b/' })],
    ['a seal that is no text', (ring) => ({ ...ring, seal: 5 })],
    ['no revoked', ({ revoked: _, ...ring }) => ring],
    ['more keys than are remembered', (ring) => ({ ...ring, keys: Array(10_001).fill(ring.keys[0]) })],
    ['a key twice', (ring) => ({ ...ring, keys: [ring.keys[0], ...ring.keys] })],
    ['a revocation twice', (ring) => ({ ...ring, revoked: [...ring.revoked, ...ring.revoked] })],
    ['a key that is none', (ring) => ({ ...ring, keys: [5, ...ring.keys] })],
    ['no active key', (ring) => ({ ...ring, keys: ring.keys.slice(0, -1) })],
    ['an active key in the middle', (ring) => ({ ...ring, keys: ring.keys.toReversed() })],
  ])('is refused with %s', async (_, change) => {
    expect(codeOf(JSON.stringify(change((await sample()) as Ring)))).toBe('key_ring_malformed');
  });

  it.each<[string, number, object]>([
    ['a member too many', 2, { more: 1 }],
    ['no public key', 2, { publicKeyHex: undefined }],
    ['a public key that is too long', 2, { publicKeyHex: HEX + HEX }],
    ['a public key in capitals', 2, { publicKeyHex: 'A'.repeat(64) }],
    ['no time of creation', 2, { createdAt: undefined }],
    ['a time that is text', 2, { createdAt: '2023' }],
    ['a time before 1970', 2, { createdAt: -1 }],
    ['a time after the last', 2, { createdAt: 8.64e15 + 2 }],
    ['no time of replacement', 2, { replacedAt: undefined }],
    ['no end of the overlap', 2, { verifiesUntil: undefined }],
    ['a time of retirement that is none', 0, { retiredAt: 'soon' }],
    ['no private key where one must be', 2, { sealed: undefined }],
    ['no private key of the active one', 3, { sealed: undefined }],
    ['a private key that is no base64url', 3, { sealed: 'a+b/' }],
    ['a private key that is too long', 3, { sealed: 'A'.repeat(5_463) }],
    ['a private key of a retired key', 0, { sealed: 'AAAA' }],
    ['a private key of a revoked key', 1, { sealed: 'AAAA' }],
    ['an active key that was replaced', 3, { replacedAt: 5 }],
    ['an active key with an end', 3, { verifiesUntil: 5 }],
    ['an active key that was retired', 3, { retiredAt: 5, sealed: undefined }],
  ])('is refused with %s', async (_, index, change) => {
    const ring = await sample();
    Object.assign(ring.keys[index]!, change);
    expect(codeOf(JSON.stringify(ring))).toBe('key_ring_malformed');
  });

  it.each([
    { publicKeyHex: HEX, reason: 'x' },
    { publicKeyHex: HEX, revokedAt: 5 },
    { reason: 'x', revokedAt: 5 },
    { publicKeyHex: HEX, reason: '', revokedAt: 5 },
    { publicKeyHex: HEX, reason: ['x'], revokedAt: 5 },
    { publicKeyHex: [HEX], reason: 'x', revokedAt: 5 },
    { publicKeyHex: HEX, reason: 'x'.repeat(1_025), revokedAt: 5 },
    { publicKeyHex: HEX, reason: 'x', revokedAt: 5, more: 1 },
    null,
  ])('is refused with the revocation %j', async (revocation) => {
    const ring = await sample();
    expect(codeOf(JSON.stringify({ ...ring, revoked: [...ring.revoked, revocation] }))).toBe(
      'key_ring_malformed',
    );
  });

  it('may have reasons of 1 to 1,024 characters, and any time that a date can hold', async () => {
    const ring = await sample();
    for (const [i, reason] of ['x', 'x'.repeat(1_024)].entries()) {
      ring.revoked.push({ publicKeyHex: `${i}`.repeat(64), reason, revokedAt: i === 0 ? 0 : 8.64e15 });
    }
    expect(decodeKeyRing(JSON.stringify(ring)).revocations.size).toBe(3);
  });

  it('is as long as a ring may be, and no longer', () => {
    const rest = 2 ** 24 - withSeal('{}', 'AAAA').length;
    expect(withSeal(`{${' '.repeat(rest)}}`, 'AAAA')).toHaveLength(2 ** 24);
    expect(() => withSeal(`{${' '.repeat(rest + 1)}}`, 'AAAA')).toThrow(
      expect.objectContaining({ code: 'key_ring_full' }),
    );
  });

  it('has its seal at the end, and nowhere else', async () => {
    const { seal, ...ring } = (await sample()) as Ring;
    for (const text of [
      JSON.stringify({ seal, ...ring }),
      `${JSON.stringify({ ...ring, seal })} `,
      '{}',
      '',
    ]) {
      expect(() => splitSeal(text)).toThrow(expect.objectContaining({ code: 'key_ring_malformed' }));
    }
  });

  it('of a newer schema says so, whatever else it holds', () => {
    expect(codeOf('{"schema":2,"rings":[]}')).toBe('key_ring_version');
  });

  it('that is no JSON says where', () => {
    const error = refusal(() => decodeKeyRing('{"schema":'));
    expect(error.code).toBe('key_ring_malformed');
    expect(error.cause).toMatchObject({ code: 'not_json', line: 1 });
  });

  it.each(['', '{', '{"schema":1,"schema":1}', '[]', '"\\ud800"'])('is refused when it is %j', (text) => {
    expect(codeOf(text)).toBe('key_ring_malformed');
  });

  it('with a revoked active key is read: a successor could not be saved', async () => {
    const ring = await sample();
    const { publicKeyHex } = ring.keys[3] as { publicKeyHex: string };
    ring.revoked.push({ publicKeyHex, reason: 'stolen', revokedAt: 5 });
    Object.assign(ring.keys[3]!, { sealed: undefined });
    const memory = new MemoryKeyRing();
    await saveSealed(memory, undefined, ring);
    const manager = new KeyManager({ ring: memory, sealer, clock: () => 1_700_000_000_000 + 8 * DAY });
    await manager.initialize();
    expect(manager.activeKey).toMatchObject({ state: 'revoked', reason: 'stolen' });
    await expect(manager.sign(new Uint8Array(1))).rejects.toMatchObject({ code: 'key_revoked' });
    await manager.rotate();
    expect(manager.activeKey.state).toBe('active');
    expect((await stateOf(memory)).keys).toHaveLength(5);
  });

  it('is never longer than a ring must take', async () => {
    const ring = await sample();
    const reason = '…'.repeat(1_024);
    for (let i = 0; i < 5_200; i++) {
      ring.revoked.push({ publicKeyHex: i.toString(16).padStart(64, '0'), reason, revokedAt: 5 });
    }
    const history = decodeKeyRing(JSON.stringify(ring));
    for (let i = 0; i < 100; i++) {
      history.revoked({ publicKeyHex: i.toString(16).padStart(64, 'f'), reason, revokedAt: 5 });
    }
    expect(() => withSeal(bodyOf(history), 'AAAA')).toThrow(
      expect.objectContaining({ code: 'key_ring_full' }),
    );
    const longer = new MemoryKeyRing();
    await expect(longer.save(undefined, JSON.stringify(ring).padEnd(2 ** 24 + 1))).rejects.toThrow(
      RangeError,
    );
    const foreign = {
      load: async () => ({ version: 1, state: ' '.repeat(2 ** 24 + 1) }),
      save: async () => true,
    };
    await refusedWith('key_ring_malformed', new KeyManager({ ring: foreign, sealer }).initialize());
  });
});
