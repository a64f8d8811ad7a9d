import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CryptoError,
  generateKeyPair,
  type KeyDescription,
  KeyManager,
  type KeyManagerOptions,
  toSigner,
  verify,
} from '../src/index.js';
import { codeOf, rejection, text } from './support.js';

const message = text('message');
const DAY = 24 * 60 * 60 * 1000;

/** A manager on a clock that the test moves. */
async function managed(options: KeyManagerOptions = {}) {
  const time = { now: 1_700_000_000_000 };
  const manager = new KeyManager({
    maxAgeMs: 90 * DAY,
    overlapPeriodMs: 7 * DAY,
    clock: () => time.now,
    ...options,
  });
  await manager.initialize();
  return { manager, time };
}

describe('rotation', () => {
  it('is due when the active key has reached its age', async () => {
    const { manager, time } = await managed();
    expect(manager.needsRotation()).toBe(false);
    time.now += 90 * DAY - 1;
    expect(manager.needsRotation()).toBe(false);
    time.now += 1;
    expect(manager.needsRotation()).toBe(true);
    expect(manager.ageDays).toBe(90);
    await manager.rotate();
    expect(manager.needsRotation()).toBe(false);
    expect(manager.ageDays).toBe(0);
  });

  it('puts a new key in place and tells the hook what may be known', async () => {
    const told: KeyDescription[][] = [];
    const { manager } = await managed({ onRotation: (...keys) => void told.push(keys) });
    const before = manager.activeKey;
    const { oldKey, newKey } = await manager.rotate();
    expect(told).toEqual([[oldKey, newKey]]);
    expect(oldKey).toMatchObject({ publicKeyHex: before.publicKeyHex, state: 'retiring' });
    expect(newKey).toEqual(manager.activeKey);
    expect(newKey).toMatchObject({ state: 'active', createdAt: '2023-11-14T22:13:20.000Z' });
    expect(Object.keys(newKey).sort()).toEqual(['createdAt', 'did', 'publicKeyHex', 'state', 'use']);
  });

  it('lets the old key verify to the end of the overlap and not a moment longer', async () => {
    const { manager, time } = await managed();
    const signature = await manager.sign(message);
    const old = manager.activeKey.publicKeyHex;
    expect(await manager.verifyWithAnyKey(message, signature)).toEqual({
      valid: true,
      publicKeyHex: old,
      status: 'active',
    });
    await manager.rotate();
    time.now += 7 * DAY - 1;
    expect(await manager.verifyWithAnyKey(message, signature)).toMatchObject({
      valid: true,
      status: 'retiring',
    });
    time.now += 1;
    expect(await manager.verifyWithAnyKey(message, signature)).toEqual({ valid: false });
    expect(manager.keys.map((key) => key.state)).toEqual(['retired', 'active']);
    manager.retireExpired();
    time.now -= DAY;
    expect(await manager.verifyWithAnyKey(message, signature)).toEqual({ valid: false });
  });

  it('keeps keys that are still in their overlap', async () => {
    const { manager, time } = await managed();
    const signature = await manager.sign(message);
    await manager.rotate();
    time.now += DAY;
    manager.retireExpired();
    expect((await manager.verifyWithAnyKey(message, signature)).valid).toBe(true);
    expect(manager.keys.map((key) => key.state)).toEqual(['retiring', 'active']);
  });

  it('without overlap ends the old key at once', async () => {
    const { manager } = await managed({ overlapPeriodMs: 0 });
    const signature = await manager.sign(message);
    await manager.rotate();
    expect(await manager.verifyWithAnyKey(message, signature)).toEqual({ valid: false });
  });

  it('asked for twice at once happens once', async () => {
    let finish = () => {};
    const calls: KeyDescription[] = [];
    const onRotation = (_old: KeyDescription, key: KeyDescription) => {
      calls.push(key);
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    };
    const { manager } = await managed({ onRotation });
    const first = manager.rotate();
    const second = manager.rotate();
    finish();
    expect(await second).toBe(await first);
    expect(calls).toHaveLength(1);
    expect(manager.keys).toHaveLength(2);
    const third = manager.rotate();
    finish();
    expect(await third).not.toBe(await first);
    expect(manager.keys).toHaveLength(3);
  });

  it('from within the hook joins the rotation instead of waiting for itself', async () => {
    const manager: KeyManager = new KeyManager({ onRotation: async () => void (await manager.rotate()) });
    await manager.initialize();
    await manager.rotate();
    expect(manager.keys).toHaveLength(2);
  });

  it('goes on while a hook never ends', async () => {
    const { manager, time } = await managed({ onRotation: () => new Promise(() => {}) });
    void manager.rotate();
    time.now += 90 * DAY;
    void manager.rotate();
    expect(manager.keys).toHaveLength(3);
  });

  it.each([
    () => {
      throw new Error('hook');
    },
    () => Promise.reject(new Error('hook')),
  ])('stands when the hook fails, and says so', async (onRotation) => {
    const { manager } = await managed({ onRotation });
    const before = manager.activeKey.publicKeyHex;
    const error = (await manager.rotate().catch((e: unknown) => e)) as CryptoError;
    expect(error.code).toBe('rotation_hook_failed');
    expect((error.cause as Error).message).toBe('hook');
    expect(manager.activeKey.publicKeyHex).not.toBe(before);
  });

  it('forgets the oldest beyond maxKeys', async () => {
    const { manager } = await managed({ maxKeys: 3 });
    const signature = await manager.sign(message);
    const first = manager.signer;
    for (let i = 0; i < 5; i++) await manager.rotate();
    expect(manager.keys.map((key) => key.state)).toEqual(['retiring', 'retiring', 'active']);
    expect(await manager.verifyWithAnyKey(message, signature)).toEqual({ valid: false });
    expect(await rejection(first.sign(message))).toBe('key_retired');
  });
});

describe('revocation', () => {
  it('takes effect before its promise settles', async () => {
    const { manager } = await managed();
    const signature = await manager.sign(message);
    const { publicKeyHex } = manager.activeKey;
    const signer = manager.signer;
    const done = manager.revoke(publicKeyHex, 'stolen');
    expect(manager.getRevocationList()).toEqual([
      { publicKeyHex, reason: 'stolen', revokedAt: '2023-11-14T22:13:20.000Z' },
    ]);
    expect(await manager.verifyWithAnyKey(message, signature)).toEqual({ valid: false });
    expect(await rejection(signer.sign(message))).toBe('key_revoked');
    await done;
  });

  it('of the active key leaves another one in place', async () => {
    const told: KeyDescription[] = [];
    const { manager } = await managed({ onRotation: (oldKey) => void told.push(oldKey) });
    const { publicKeyHex } = manager.activeKey;
    await manager.revoke(publicKeyHex, 'stolen');
    expect(manager.activeKey.publicKeyHex).not.toBe(publicKeyHex);
    expect((await manager.verifyWithAnyKey(message, await manager.sign(message))).valid).toBe(true);
    expect(manager.keys.map((key) => key.state)).toEqual(['revoked', 'active']);
    expect(told).toMatchObject([{ publicKeyHex, state: 'revoked' }]);
  });

  it('of a key in its overlap leaves the active one alone', async () => {
    const { manager } = await managed();
    const signature = await manager.sign(message);
    const { oldKey, newKey } = await manager.rotate();
    await manager.revoke(oldKey.publicKeyHex, 'stolen');
    expect(manager.activeKey).toEqual(newKey);
    expect(await manager.verifyWithAnyKey(message, signature)).toEqual({ valid: false });
  });

  it('of the key of someone else goes on the list; the first entry stays', async () => {
    const { manager, time } = await managed();
    const { publicKeyHex } = await generateKeyPair();
    await manager.revoke(publicKeyHex, 'first');
    time.now += DAY;
    await manager.revoke(publicKeyHex, 'second');
    expect(manager.getRevocationList()).toHaveLength(1);
    expect(manager.getRevocationList()[0]?.reason).toBe('first');
    expect(manager.keys).toHaveLength(1);
  });

  it('gives a list that nobody can change', async () => {
    const { manager } = await managed();
    await manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
    const list = manager.getRevocationList();
    expect(Object.isFrozen(list) && list.every(Object.isFrozen)).toBe(true);
    expect(JSON.parse(JSON.stringify(list))).toEqual(list);
  });

  it.each(['', 'ab', 'g'.repeat(64), 'A'.repeat(64), `${'a'.repeat(64)}\n`, null, 5, ['a'.repeat(64)]])(
    'refuses %j as a key',
    async (value) => {
      const { manager } = await managed();
      expect(await rejection(manager.revoke(value as string, 'reason'))).toBe('key_malformed');
      expect(manager.getRevocationList()).toEqual([]);
    },
  );

  it.each(['', 'x'.repeat(1_025), undefined, 5])('refuses %j as a reason', async (reason) => {
    const { manager } = await managed();
    const { publicKeyHex } = manager.activeKey;
    await expect(manager.revoke(publicKeyHex, reason as string)).rejects.toThrow(RangeError);
  });

  it('bounds the keys of others, but always takes its own', async () => {
    const { manager } = await managed();
    for (let i = 0; i < 10_000; i++) await manager.revoke(i.toString(16).padStart(64, '0'), 'foreign');
    expect(await rejection(manager.revoke('f'.repeat(64), 'one more'))).toBe('revocation_list_full');
    await manager.revoke(manager.activeKey.publicKeyHex, 'own');
    expect(manager.getRevocationList()).toHaveLength(10_001);
  });

  it('whose hook fails tells a caller who waits, and does not end one who does not', async () => {
    const onRotation = () => {
      throw new Error('hook');
    };
    const { manager } = await managed({ onRotation });
    let unhandled = 0;
    const count = () => {
      unhandled += 1;
    };
    process.on('unhandledRejection', count);
    void manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', count);
    expect(unhandled).toBe(0);
    expect(await rejection(manager.revoke(manager.activeKey.publicKeyHex, 'again'))).toBe(
      'rotation_hook_failed',
    );
    expect(manager.getRevocationList()).toHaveLength(2);
  });
});

describe('signing', () => {
  it('by the signer goes on through the overlap and ends with it', async () => {
    const { manager, time } = await managed();
    const { signer } = manager;
    expect(toSigner(signer)).toBe(signer);
    expect(signer.keyId.startsWith(manager.activeKey.did)).toBe(true);
    await manager.rotate();
    expect(await verify(message, await signer.sign(message), signer.publicKey)).toBe(true);
    time.now += 7 * DAY;
    expect(await rejection(signer.sign(message))).toBe('key_retired');
    manager.retireExpired();
    expect(await rejection(signer.sign(message))).toBe('key_retired');
    expect((await manager.verifyWithAnyKey(message, await manager.sign(message))).valid).toBe(true);
  });

  it('is by no key that the manager never had', async () => {
    const { manager } = await managed();
    for (const name of ['a'.repeat(64), '', undefined]) {
      expect(() => manager.signerOf(name as string)).toThrow(RangeError);
    }
    expect(manager.signerOf(manager.activeKey.publicKeyHex).keyId).toBe(manager.signer.keyId);
  });

  it('refuses what is no message', async () => {
    const { manager } = await managed();
    await expect(manager.sign('text' as unknown as Uint8Array)).rejects.toThrow(TypeError);
  });

  it('never verifies hostile arguments', async () => {
    const { manager } = await managed();
    for (const value of [
      undefined,
      null,
      'x',
      {},
      new Uint8Array(3),
      new Proxy(message, {}),
    ] as Uint8Array[]) {
      expect(await manager.verifyWithAnyKey(value, value)).toEqual({ valid: false });
    }
    const stranger = toSigner(await generateKeyPair());
    expect(await manager.verifyWithAnyKey(message, await stranger.sign(message))).toEqual({ valid: false });
  });
});

describe('a manager', () => {
  it('must be initialized, which may happen twice', async () => {
    const manager = new KeyManager();
    for (const use of [
      () => manager.needsRotation(),
      () => manager.retireExpired(),
      () => manager.getRevocationList(),
      () => manager.activeKey,
      () => manager.keys,
      () => manager.signer,
      () => manager.ageDays,
    ]) {
      expect(codeOf(use)).toBe('key_manager_uninitialized');
    }
    for (const use of [
      () => manager.rotate(),
      () => manager.revoke('a'.repeat(64), 'reason'),
      () => manager.sign(message),
      () => manager.verifyWithAnyKey(message, new Uint8Array(64)),
    ]) {
      expect(await rejection(use())).toBe('key_manager_uninitialized');
    }
    await manager.initialize();
    const { publicKeyHex } = manager.activeKey;
    await manager.initialize();
    expect(manager.activeKey.publicKeyHex).toBe(publicKeyHex);
  });

  it.each([
    { maxAgeMs: 0 },
    { maxAgeMs: Number.NaN },
    { maxAgeMs: Number.POSITIVE_INFINITY },
    { maxAgeMs: '90' as unknown as number },
    { overlapPeriodMs: -1 },
    { overlapPeriodMs: Number.NaN },
    { maxKeys: 1 },
    { maxKeys: 1_001 },
  ])('refuses the options %o, and names the one', (options) => {
    expect(() => new KeyManager(options)).toThrow(RangeError);
    expect(() => new KeyManager(options)).toThrow(new RegExp(`^${Object.keys(options)[0]} `));
  });

  it('refuses a clock or hook that is no function, and a time that is none', async () => {
    expect(() => new KeyManager({ clock: 5 as unknown as () => number })).toThrow(TypeError);
    expect(() => new KeyManager({ onRotation: 'log' as unknown as () => void })).toThrow(TypeError);
    for (const now of [Number.NaN, -1, Number.POSITIVE_INFINITY, undefined]) {
      const manager = new KeyManager({ clock: () => now as number });
      await expect(manager.initialize()).rejects.toThrow(RangeError);
      await expect(manager.initialize()).rejects.toThrow(/clock/);
    }
  });

  it('shows no secret', async () => {
    const { manager } = await managed();
    const shown = [
      inspect(manager, { showHidden: true, depth: 9 }),
      JSON.stringify(manager),
      inspect(manager.signer),
    ];
    for (const output of shown) expect(output).not.toMatch(/private/i);
  });
});

describe('any history of a manager', () => {
  type Step = 'sign' | 'rotate' | 'retire' | 'day' | 'revokeActive' | 'revokeOld';
  const step = fc.constantFrom<Step>('sign', 'rotate', 'retire', 'day', 'revokeActive', 'revokeOld');

  it('verifies exactly the signatures whose key is neither revoked nor past its overlap', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { manager, time } = await managed({ overlapPeriodMs: 2 * DAY });
        const signed: { key: string; signature: Uint8Array }[] = [];
        /** The reference: when each key was replaced, or that it was revoked. */
        const ended = new Map<string, number | 'revoked'>();
        for (const what of steps) {
          const key = manager.activeKey.publicKeyHex;
          if (what === 'day') time.now += DAY;
          if (what === 'retire') manager.retireExpired();
          if (what === 'sign') signed.push({ key, signature: await manager.sign(message) });
          if (what === 'rotate') {
            ended.set(key, time.now);
            await manager.rotate();
          }
          if (what === 'revokeActive' || what === 'revokeOld') {
            const target = what === 'revokeActive' ? key : (signed[0]?.key ?? key);
            ended.set(target, 'revoked');
            await manager.revoke(target, 'reason');
          }
          for (const { key: signer, signature } of signed) {
            const end = ended.get(signer);
            const expected = end === undefined || (end !== 'revoked' && time.now < end + 2 * DAY);
            expect((await manager.verifyWithAnyKey(message, signature)).valid).toBe(expected);
          }
          expect(manager.keys.filter((description) => description.state === 'active')).toHaveLength(1);
        }
      }),
      { numRuns: 40 },
    );
  });
});
