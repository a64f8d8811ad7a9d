import { describe, expect, it } from 'vitest';
import { generateKeyPair } from '../src/index.js';
import { KeyManager } from '../src/lib/key-manager.js';
import type { KeyDescription } from '../src/lib/key-manager-types.js';
import { type KeyRing, MemoryKeyRing } from '../src/lib/key-ring.js';
import { rawKeySealer } from '../src/lib/key-ring-sealer.js';
import type { Sealer } from '../src/lib/sealer.js';
import { toSigner } from '../src/lib/signer.js';
import {
  DAY,
  refusedWith,
  SEALING_KEY,
  saveSealed,
  sealer,
  sharing,
  stateOf,
} from './key-ring-support/rings.js';
import { rejection, text } from './support.js';

const message = text('message');

/** A ring whose next calls fail where the test says so. */
class FailingRing implements KeyRing {
  readonly inner = new MemoryKeyRing();
  failing: 'load' | 'save' | 'after save' | undefined;
  saves = 0;

  async load() {
    if (this.failing === 'load') throw new Error('no disk');
    return this.inner.load();
  }

  async save(version: number | undefined, state: string) {
    if (this.failing === 'save') throw new Error('no disk');
    this.saves++;
    const saved = await this.inner.save(version, state);
    if (this.failing === 'after save') throw new Error('no answer');
    return saved;
  }
}

describe('a ring', () => {
  it('outlives its manager: keys, states, times, revocations', async () => {
    const { time, open } = sharing();
    const first = await open();
    const signatures = [await first.sign(message)];
    time.now += DAY;
    const { oldKey, newKey } = await first.rotate();
    signatures.push(await first.sign(message));
    await first.revoke('a'.repeat(64), 'someone else’s');
    time.now += DAY;

    const second = await open();
    expect(second.history).toEqual(first.history);
    expect(second.activeKey).toEqual(newKey);
    expect(second.ageDays).toBe(1);
    expect(second.getRevocationList()).toEqual(first.getRevocationList());
    expect((await second.verifyWithAnyKey(message, signatures[0]!)).status).toBe('retiring');
    expect((await second.verifyWithAnyKey(message, signatures[1]!)).status).toBe('active');
    expect(await second.sign(message)).toEqual(signatures[1]);
    const old = second.signerOf(oldKey.publicKeyHex);
    expect(await old.sign(message)).toEqual(signatures[0]);
  });

  it('gives those who initialize it at once the same key', async () => {
    const { ring, open } = sharing();
    const managers = await Promise.all(Array.from({ length: 8 }, () => open()));
    expect(new Set(managers.map((each) => each.activeKey.publicKeyHex)).size).toBe(1);
    expect((await stateOf(ring)).keys).toHaveLength(1);
    expect((await ring.load())?.version).toBe(1);
  });

  it('shows another process’s revocation when refreshed, and to signing and verifying by itself', async () => {
    const { time, open } = sharing();
    const [one, other] = [await open(), await open({ refreshMs: 1_000 })];
    const { publicKeyHex } = one.activeKey;
    const { signer } = other;
    const signature = await other.sign(message);
    await one.revoke(publicKeyHex, 'stolen');
    expect((await other.verifyWithAnyKey(message, signature)).valid).toBe(true);
    time.now += 999;
    expect((await other.verifyWithAnyKey(message, signature)).valid).toBe(true);
    time.now += 1;
    expect((await other.verifyWithAnyKey(message, signature)).valid).toBe(false);
    expect(await rejection(signer.sign(message))).toBe('key_revoked');
    expect(other.activeKey).toEqual(one.activeKey);
    await one.revoke(one.activeKey.publicKeyHex, 'stolen too');
    await other.refresh();
    expect(other.getRevocationList()).toEqual(one.getRevocationList());
  });

  it('is looked into when the clock goes back, too', async () => {
    const { time, open } = sharing();
    const [one, other] = [await open(), await open({ refreshMs: 1_000 })];
    await one.rotate();
    time.now -= 1;
    await other.sign(message);
    expect(other.activeKey.publicKeyHex).toBe(one.activeKey.publicKeyHex);
  });

  it('is read once for many who ask at once', async () => {
    const { ring, time, open } = sharing();
    const manager = await open({ refreshMs: 1_000 });
    let loads = 0;
    const { load } = ring;
    ring.load = () => {
      loads++;
      return load.call(ring);
    };
    time.now += 1_000;
    await Promise.all(Array.from({ length: 50 }, () => manager.sign(message)));
    expect(loads).toBe(1);
  });

  it('signs what was handed in, whatever becomes of the array meanwhile', async () => {
    const { open } = sharing();
    const manager = await open();
    const given = message.slice();
    const signing = manager.sign(given);
    given.fill(0);
    const signature = await signing;
    expect((await manager.verifyWithAnyKey(message, signature)).valid).toBe(true);
    const [late, copy] = [message.slice(), signature.slice()];
    const verifying = manager.verifyWithAnyKey(late, copy);
    late.fill(0);
    copy.fill(0);
    expect((await verifying).valid).toBe(true);
    const later = message.slice();
    const bySigner = manager.signer.sign(later);
    later.fill(0);
    expect(await bySigner).toEqual(signature);
    const hostile = [undefined, null, 'x', {}, new Proxy(message, {})] as Uint8Array[];
    for (const each of hostile) {
      expect(await manager.verifyWithAnyKey(each, signature)).toEqual({ valid: false });
      expect(await manager.verifyWithAnyKey(message, each)).toEqual({ valid: false });
    }
  });

  it('is only for one use', async () => {
    const { ring, open } = sharing();
    const manager = await open();
    expect([manager.use, manager.signer.use, manager.activeKey.use]).toEqual([
      'covenant',
      'covenant',
      'covenant',
    ]);
    expect(() => toSigner(manager.signer, 'log')).toThrow(expect.objectContaining({ code: 'key_use_wrong' }));
    await refusedWith('key_ring_use', new KeyManager({ ring, sealer, use: 'log' }).initialize());
    const signature = await manager.sign(message);
    expect((await manager.verifyWithAnyKey(message, signature, { use: 'covenant' })).valid).toBe(true);
    expect(await manager.verifyWithAnyKey(message, signature, { use: 'log' })).toEqual({ valid: false });
    for (const use of ['', 'a b', 'x'.repeat(65), 'a\n', 5]) {
      expect(() => new KeyManager({ use: use as string })).toThrow(RangeError);
    }
    const memory = new KeyManager({ use: 'witness' });
    await memory.initialize();
    expect([memory.signer.use, memory.activeKey.use]).toEqual(['witness', 'witness']);
  });

  it('goes with a sealer, and both must be what they are', () => {
    const ring = new MemoryKeyRing();
    for (const options of [
      { ring },
      { sealer },
      { ring: {} as KeyRing, sealer },
      { ring, sealer: { seal: sealer.seal } as Sealer },
      { ring: 'keys' as unknown as KeyRing, sealer },
    ]) {
      expect(() => new KeyManager(options)).toThrow(TypeError);
      expect(() => new KeyManager(options)).toThrow(/go together/);
    }
    for (const refreshMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new KeyManager({ ring, sealer, refreshMs })).toThrow(/^refreshMs /);
    }
  });
});

describe('rotation in a ring', () => {
  it('asked for by two at once happens once', async () => {
    const told: KeyDescription[] = [];
    const { ring, open } = sharing(undefined, { onRotation: (_, key) => void told.push(key) });
    const managers = [await open(), await open(), await open()];
    const rotations = await Promise.all(managers.map((each) => each.rotate()));
    expect(new Set(rotations.map(({ newKey }) => newKey.publicKeyHex)).size).toBe(1);
    expect(new Set(rotations.map(({ oldKey }) => oldKey.publicKeyHex)).size).toBe(1);
    expect((await stateOf(ring)).keys).toHaveLength(2);
    expect(told).toHaveLength(1);
  });

  it('asked for later, of the key that is shown, takes over what another process did', async () => {
    const { time, open } = sharing();
    const [one, other] = [await open(), await open()];
    const { newKey, oldKey } = await one.rotate();
    time.now += 1_000;
    const taken = await other.rotate();
    expect([taken.oldKey.publicKeyHex, taken.newKey.publicKeyHex]).toEqual([
      oldKey.publicKeyHex,
      newKey.publicKeyHex,
    ]);
    await other.rotate();
    expect(other.history).toHaveLength(3);
  });

  it('does not take over a key that is itself due', async () => {
    const { time, open } = sharing();
    const [one, other] = [await open(), await open()];
    await one.rotate();
    time.now += 90 * DAY;
    const { newKey } = await other.rotate();
    expect(other.history).toHaveLength(3);
    expect(newKey.createdAt).toBe(new Date(time.now).toISOString());
    await one.refresh();
    expect(one.history.map((key) => key.state)).toEqual(['retired', 'retiring', 'active']);
  });

  it('that cannot be saved changes nothing, and can be repeated', async () => {
    const ring = new FailingRing();
    const { open } = sharing(ring);
    const manager = await open();
    const before = manager.activeKey;
    ring.failing = 'save';
    const error = await refusedWith('key_ring_unavailable', manager.rotate());
    expect((error.cause as Error).message).toBe('no disk');
    expect(manager.activeKey).toEqual(before);
    expect((await manager.sign(message)).length).toBe(64);
    ring.failing = undefined;
    expect((await manager.rotate()).oldKey.publicKeyHex).toBe(before.publicKeyHex);
    expect(manager.history).toHaveLength(2);
  });

  it('of which it is not known whether it was saved is found out by repeating', async () => {
    const ring = new FailingRing();
    const { open } = sharing(ring);
    const manager = await open();
    const before = manager.activeKey.publicKeyHex;
    ring.failing = 'after save';
    await refusedWith('key_ring_unavailable', manager.rotate());
    expect(manager.activeKey.publicKeyHex).toBe(before);
    ring.failing = undefined;
    const { oldKey } = await manager.rotate();
    expect(oldKey.publicKeyHex).toBe(before);
    expect(manager.history.map((key) => key.state)).toEqual(['retiring', 'active']);
    expect((await manager.verifyWithAnyKey(message, await manager.sign(message))).valid).toBe(true);
  });

  it('stands when its hook fails; rotating again only calls the hook again', async () => {
    let fails = true;
    const told: string[][] = [];
    const { time, open } = sharing(undefined, {
      onRotation: async (oldKey, newKey) => {
        told.push([oldKey.publicKeyHex, newKey.publicKeyHex]);
        if (fails) throw new Error('hook');
      },
    });
    const manager = await open();
    expect(await rejection(manager.rotate())).toBe('rotation_hook_failed');
    const standing = manager.activeKey.publicKeyHex;
    expect(await rejection(manager.rotate())).toBe('rotation_hook_failed');
    fails = false;
    const rotation = await manager.rotate();
    expect(rotation.newKey.publicKeyHex).toBe(standing);
    expect(manager.history).toHaveLength(2);
    expect(told).toHaveLength(3);
    expect(new Set(told.map(String)).size).toBe(1);
    expect((await manager.rotate()).oldKey.publicKeyHex).toBe(standing);
    fails = true;
    expect(await rejection(manager.rotate())).toBe('rotation_hook_failed');
    time.now += 90 * DAY;
    fails = false;
    await manager.rotate();
    expect(manager.history).toHaveLength(5);
  });

  it('is told of once more only if its own hook failed, not another’s that still runs', async () => {
    const ends: (() => void)[] = [];
    const { time, open } = sharing(undefined, {
      onRotation: () => new Promise<void>((resolve) => ends.push(resolve)),
    });
    const manager = await open();
    const first = manager.rotate();
    while (ends.length < 1) await new Promise((resolve) => setImmediate(resolve));
    time.now += 90 * DAY;
    const second = manager.rotate();
    while (ends.length < 2) await new Promise((resolve) => setImmediate(resolve));
    ends[0]!();
    const { newKey } = await first;
    expect((await manager.rotate()).oldKey.publicKeyHex).toBe(newKey.publicKeyHex);
    expect(ends).toHaveLength(2);
    ends[1]!();
    expect((await second).oldKey.publicKeyHex).toBe(newKey.publicKeyHex);
    expect(manager.history).toHaveLength(3);
  });

  it('wipes private keys from the ring as they end, and keeps what is public', async () => {
    const { ring, time, open } = sharing(undefined, { maxKeys: 3 });
    const manager = await open();
    for (let i = 0; i < 3; i++) {
      time.now += DAY;
      await manager.rotate();
    }
    const sealed = async () => (await stateOf(ring)).keys.map((key) => typeof key.sealed);
    expect(manager.history.map((key) => key.state)).toEqual(['retired', 'retiring', 'retiring', 'active']);
    expect(manager.keys).toEqual(manager.history.slice(1));
    expect(await sealed()).toEqual(['undefined', 'string', 'string', 'string']);
    time.now += 6 * DAY;
    await manager.retireExpired();
    expect(await sealed()).toEqual(['undefined', 'undefined', 'string', 'string']);
    expect(manager.history[1]).toMatchObject({
      state: 'retired',
      retiredAt: new Date(time.now).toISOString(),
    });
    expect(await rejection(manager.signerOf(manager.history[1]!.publicKeyHex).sign(message))).toBe(
      'key_retired',
    );
    const before = await ring.load();
    await manager.retireExpired();
    expect(await ring.load()).toBe(before);
  });
});

describe('revocation in a ring', () => {
  it('bites at once and stays when it cannot be saved', async () => {
    const ring = new FailingRing();
    const { open } = sharing(ring);
    const [manager, other] = [await open(), await open()];
    const signature = await manager.sign(message);
    const { publicKeyHex } = manager.activeKey;
    ring.failing = 'save';
    const done = manager.revoke(publicKeyHex, 'stolen');
    expect(manager.getRevocationList()).toHaveLength(1);
    await refusedWith('key_ring_unavailable', done);
    expect((await manager.verifyWithAnyKey(message, signature)).valid).toBe(false);
    expect(await rejection(manager.sign(message))).toBe('key_revoked');
    expect(manager.activeKey.state).toBe('revoked');
    expect((await other.verifyWithAnyKey(message, signature)).valid).toBe(true);

    await refusedWith('key_ring_unavailable', manager.revoke(publicKeyHex, 'again'));
    ring.failing = undefined;
    await manager.revoke(publicKeyHex, 'again');
    expect(manager.getRevocationList()[0]?.reason).toBe('stolen');
    expect((await other.verifyWithAnyKey(message, signature)).valid).toBe(false);
    expect((await manager.verifyWithAnyKey(message, await manager.sign(message))).valid).toBe(true);
    expect(other.history.map((key) => key.state)).toEqual(['revoked', 'active']);
    const { saves } = ring;
    await manager.revoke(publicKeyHex, 'again');
    expect(ring.saves).toBe(saves);
  });

  it('that could not be saved goes along with whatever is saved next', async () => {
    const ring = new FailingRing();
    const { open } = sharing(ring);
    const [manager, other] = [await open(), await open()];
    ring.failing = 'save';
    await refusedWith('key_ring_unavailable', manager.revoke('b'.repeat(64), 'stolen'));
    ring.failing = undefined;
    await other.rotate();
    await manager.refresh();
    expect(manager.getRevocationList()).toHaveLength(1);
    await manager.retireExpired();
    await other.refresh();
    expect(other.getRevocationList()).toEqual(manager.getRevocationList());
  });

  it('of the active key is mended by rotating, when no successor could be saved', async () => {
    const ring = new FailingRing();
    const { open } = sharing(ring);
    const manager = await open();
    ring.failing = 'save';
    await refusedWith('key_ring_unavailable', manager.revoke(manager.activeKey.publicKeyHex, 'stolen'));
    ring.failing = undefined;
    await manager.rotate();
    expect(manager.history.map((key) => key.state)).toEqual(['revoked', 'active']);
    expect((await stateOf(ring)).revoked).toHaveLength(1);
    expect((await stateOf(ring)).keys.map((key) => 'sealed' in key)).toEqual([false, true]);
  });

  it('of a key that another process has just put in place replaces that one', async () => {
    const told: string[] = [];
    const { open } = sharing(undefined, { onRotation: (oldKey) => void told.push(oldKey.publicKeyHex) });
    const [one, other] = [await open(), await open()];
    const { newKey } = await one.rotate();
    await other.revoke(newKey.publicKeyHex, 'stolen');
    expect(other.history.map((key) => key.state)).toEqual(['retiring', 'revoked', 'active']);
    expect(told.at(-1)).toBe(newKey.publicKeyHex);
    expect(await rejection(one.signerOf(newKey.publicKeyHex).sign(message))).toBe('key_revoked');
  });

  it('by two at once keeps both', async () => {
    const { open } = sharing();
    const [one, other] = [await open(), await open()];
    const { publicKeyHex } = one.activeKey;
    await Promise.all([
      one.revoke(publicKeyHex, 'one'),
      other.revoke(publicKeyHex, 'other'),
      one.revoke('1'.repeat(64), 'one'),
      other.revoke('2'.repeat(64), 'other'),
    ]);
    await Promise.all([one.refresh(), other.refresh()]);
    expect(one.getRevocationList()).toHaveLength(3);
    expect(other.getRevocationList()).toEqual(one.getRevocationList());
    expect(one.history.map((key) => key.state)).toEqual(['revoked', 'active']);
  });

  it('while something else is being saved is not lost', async () => {
    const { ring, open } = sharing();
    const manager = await open();
    const { publicKeyHex } = manager.activeKey;
    const { save } = ring;
    let revoked: Promise<void> | undefined;
    ring.save = (version, state) => {
      revoked ??= manager.revoke(publicKeyHex, 'stolen');
      return save.call(ring, version, state);
    };
    await manager.rotate();
    expect(manager.history[0]?.state).toBe('revoked');
    await revoked;
    expect((await stateOf(ring)).revoked).toHaveLength(1);
    expect((await stateOf(ring)).keys[0]).not.toHaveProperty('sealed');
  });

  it('while a successor is being sealed does not cost the successor its private key', async () => {
    let meanwhile: (() => void) | undefined;
    const slow: Sealer = {
      ...sealer,
      seal: async (plaintext, associatedData) => {
        meanwhile?.();
        await undefined; // as one that asks a service before it looks at what it is to seal
        return sealer.seal(plaintext, associatedData);
      },
    };
    const { ring, open } = sharing(undefined, { sealer: slow });
    const manager = await open();
    meanwhile = () => void manager.revoke('c'.repeat(64), 'someone else’s');
    const { newKey } = await manager.rotate();
    const signature = await manager.sign(message);
    expect(await manager.verifyWithAnyKey(message, signature)).toMatchObject({
      valid: true,
      publicKeyHex: newKey.publicKeyHex,
    });
    const other = await open();
    expect(await other.sign(message)).toEqual(signature);
    expect((await stateOf(ring)).revoked).toHaveLength(1);
  });

  it('refuses a reason that no text can hold', async () => {
    const { open } = sharing();
    const manager = await open();
    expect(await rejection(manager.revoke('a'.repeat(64), 'x\ud800'))).toBe('lone_surrogate');
    expect(manager.getRevocationList()).toEqual([]);
  });
});

describe('a ring that does not do', () => {
  it('without an answer is reported, by signing and verifying too', async () => {
    const ring = new FailingRing();
    const { open } = sharing(ring);
    const manager = await open();
    ring.failing = 'load';
    const uses = [() => manager.refresh(), () => manager.sign(message), () => manager.signer.sign(message)];
    for (const use of uses) await refusedWith('key_ring_unavailable', use());
    await refusedWith('key_ring_unavailable', manager.verifyWithAnyKey(message, message));
    await refusedWith('key_ring_unavailable', open());
    ring.failing = undefined;
    expect((await manager.sign(message)).length).toBe(64);
  });

  it('that was sealed otherwise is locked', async () => {
    const { ring, open } = sharing();
    await open();
    const other = rawKeySealer(new Uint8Array(32));
    const error = await refusedWith('key_ring_locked', open({ sealer: other }));
    expect((error.cause as { code: string }).code).toBe('decryption_failed');
    expect((await ring.load())?.version).toBe(1);
  });

  it('whose sealed keys were exchanged is locked', async () => {
    const { ring, open } = sharing();
    const [one, stranger] = [await open(), sharing()];
    await stranger.open();
    const [state, other] = [await stateOf(ring), await stateOf(stranger.ring)];
    state.keys[0]!.sealed = other.keys[0]!.sealed;
    await saveSealed(ring, 1, state);
    await refusedWith(
      'key_ring_locked',
      one.refresh().then(() => open()),
    );
    await refusedWith('key_ring_locked', open());
  });

  it('whose key was opened into another one is locked', async () => {
    const { open } = sharing();
    await open();
    const wrong = (await generateKeyPair()).privateKey;
    for (const seed of [wrong.slice(), wrong.slice(1), 'text' as unknown as Uint8Array]) {
      await refusedWith('key_ring_locked', open({ sealer: { seal: sealer.seal, open: async () => seed } }));
    }
  });

  it('and a sealer that gives nonsense are refused before anything is saved', async () => {
    const { ring, open } = sharing();
    for (const nonsense of ['text' as unknown as Uint8Array, new Uint8Array(4_097)]) {
      const bad: Sealer = { seal: async () => nonsense, open: sealer.open };
      await expect(open({ sealer: bad })).rejects.toThrow(/sealer/);
    }
    expect(await ring.load()).toBeUndefined();
    const most = new Uint8Array(4_096);
    const large: Sealer = { seal: async () => most, open: sealer.open };
    await open({ sealer: large });
    expect(((await stateOf(ring)).keys[0]!.sealed as string).length).toBe(5_462);
    await refusedWith('key_ring_locked', open());
  });

  it('that was lost or put back is not begun anew', async () => {
    let current: KeyRing = new MemoryKeyRing();
    const ring: KeyRing = {
      load: () => current.load(),
      save: (version, state) => current.save(version, state),
    };
    const { open } = sharing(ring);
    const manager = await open();
    const old = new MemoryKeyRing();
    await old.save(undefined, (await ring.load())!.state);
    await manager.rotate();
    for (const replaced of [new MemoryKeyRing(), old]) {
      current = replaced;
      await refusedWith('key_ring_malformed', manager.refresh());
      await refusedWith('key_ring_malformed', manager.rotate());
      expect(manager.history).toHaveLength(2);
    }
  });

  it('that was put back and has gone on from there is refused by those who saw what it lacks', async () => {
    const { ring, open } = sharing();
    const manager = await open();
    await manager.rotate();
    const backup = await stateOf(ring);
    const lost: [string, () => Promise<unknown>][] = [
      ['a revocation', () => manager.revoke('d'.repeat(64), 'stolen')],
      ['a key', () => manager.rotate()],
    ];
    for (const [what, change] of lost) {
      await change();
      const [seen, others] = [(await ring.load())!, new MemoryKeyRing()];
      for (let i = 0; i <= seen.version; i++) await saveSealed(others, i || undefined, backup);
      const { load } = ring;
      ring.load = () => others.load();
      await refusedWith('key_ring_malformed', manager.refresh());
      await refusedWith('key_ring_malformed', manager.sign(message));
      expect([what, manager.getRevocationList().length]).toEqual([what, 1]);
      ring.load = load;
      expect((await manager.sign(message)).length).toBe(64);
    }
  });

  it('that takes a retirement back is refused', async () => {
    const { ring, time, open } = sharing();
    const manager = await open();
    await manager.rotate();
    const backup = await stateOf(ring);
    time.now += 8 * DAY;
    await manager.retireExpired();
    const { version } = (await ring.load())!;
    expect(await saveSealed(ring, version, backup)).toBe(true);
    await refusedWith('key_ring_malformed', manager.refresh());
    expect(manager.history[0]?.state).toBe('retired');
  });

  it.each([
    { version: 0, state: '{}' },
    { version: 1.5, state: '{}' },
    { version: '1', state: '{}' },
    { version: 1 },
    { version: 1, state: 5 },
    null,
    5,
  ])('that answers %j is malformed', async (answer) => {
    const ring = { load: async () => answer, save: async () => true } as unknown as KeyRing;
    await refusedWith('key_ring_malformed', new KeyManager({ ring, sealer }).initialize());
  });

  it('on which others are always first is given up', async () => {
    const inner = new MemoryKeyRing();
    const { open } = sharing(inner);
    const other = await open();
    let attempts = 0;
    const ring: KeyRing = {
      load: () => inner.load(),
      save: async () => {
        attempts++;
        await other.rotate();
        return false;
      },
    };
    const manager = await open({ ring });
    await refusedWith('key_ring_contended', manager.revoke('a'.repeat(64), 'stolen'));
    expect(attempts).toBe(100);
    expect(manager.getRevocationList()).toHaveLength(1);
  });
});

describe('rawKeySealer', () => {
  it('opens what it sealed, and nothing else', async () => {
    const data = text('where');
    const sealed = await sealer.seal(message, data);
    expect(await sealer.open(sealed, data)).toEqual(message);
    expect(await rejection(sealer.open(sealed, text('elsewhere')))).toBe('decryption_failed');
    expect(await rejection(rawKeySealer(new Uint8Array(32)).open(sealed, data))).toBe('decryption_failed');
  });

  it('keeps a copy of its key', async () => {
    const key = SEALING_KEY.slice();
    const own = rawKeySealer(key);
    key.fill(0);
    expect(await own.open(await sealer.seal(message, message), message)).toEqual(message);
  });

  it('takes 32 bytes', () => {
    for (const length of [0, 31, 33]) expect(() => rawKeySealer(new Uint8Array(length))).toThrow(RangeError);
    expect(() => rawKeySealer('x'.repeat(32) as unknown as Uint8Array)).toThrow(TypeError);
  });
});
