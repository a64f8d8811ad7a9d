/** Somebody else writes the ring, the sealer does as it likes, the clock jumps: nothing is trusted that should not be. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generateKeyPair, sign } from '../src/index.js';
import { KeyManager } from '../src/lib/key-manager.js';
import { MemoryKeyRing } from '../src/lib/key-ring.js';
import { FileKeyRing } from '../src/lib/key-ring-file.js';
import type { Sealer } from '../src/lib/sealer.js';
import { DAY, freshPath, refusedWith, START, sealer, sharing, stateOf } from './key-ring-support/rings.js';
import { rejection, text } from './support.js';

const message = text('message');

/** A ring in files with a revoked, a retiring and an active key, and the text of its newest state. */
async function written() {
  const path = freshPath();
  const { open, ...more } = sharing(new FileKeyRing(path));
  const manager = await open();
  await manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
  await manager.rotate();
  const file = `${path}/3.json`;
  return { ...more, open, path, manager, file, state: readFileSync(file) };
}

describe('a ring that somebody else wrote', () => {
  it('is refused cut anywhere, lengthened, and emptied', async () => {
    const { open, file, state } = await written();
    let length = 0;
    const ring = {
      load: async () => ({ version: 3, state: state.toString('utf8', 0, length) }),
      save: async () => false,
    };
    for (; length < state.length; length++) await refusedWith('key_ring_malformed', open({ ring }));
    expect((await open({ ring })).history).toHaveLength(3);
    writeFileSync(file, '');
    await refusedWith('key_ring_unavailable', open());
    for (const more of [' ', '\0', '}', '{"seal":"AAAA"}']) {
      writeFileSync(file, Buffer.concat([state, Buffer.from(more)]));
      await refusedWith('key_ring_malformed', open());
    }
  });

  it.each<[string, (ring: Awaited<ReturnType<typeof stateOf>>, intruder: string) => unknown]>([
    [
      'a revocation taken out, and a private key put back',
      ({ keys, revoked }) => Object.assign(keys[0]!, { sealed: 'AAAA' }, revoked.pop() && {}),
    ],
    ['a revocation put in', ({ revoked }, publicKeyHex) => revoked.push({ ...revoked[0], publicKeyHex })],
    ['a longer overlap', ({ keys }) => Object.assign(keys[1]!, { verifiesUntil: START + 900 * DAY })],
    ['a key made younger', ({ keys }) => Object.assign(keys[2]!, { createdAt: START + DAY })],
    [
      'a key of the intruder, in its overlap',
      ({ keys }, publicKeyHex) => keys.unshift({ ...keys[1], publicKeyHex, sealed: 'AAAA' }),
    ],
    [
      'the private keys exchanged',
      ({ keys }) => ([keys[1]!.sealed, keys[2]!.sealed] = [keys[2]!.sealed, keys[1]!.sealed]),
    ],
  ])('is refused with %s', async (_what, change) => {
    const { open, file, ring } = await written();
    const intruder = await generateKeyPair();
    const state = await stateOf(ring);
    change(state, intruder.publicKeyHex);
    writeFileSync(file, JSON.stringify(state));
    await refusedWith('key_ring_locked', open());
  });

  it('verifies nothing of an intruder’s', async () => {
    const { manager, file, ring, time } = await written();
    const intruder = await generateKeyPair();
    const state = await stateOf(ring);
    state.keys.unshift({ ...state.keys[1], publicKeyHex: intruder.publicKeyHex, sealed: 'AAAA' });
    writeFileSync(file.replace('3.json', '4.json'), JSON.stringify(state));
    time.now += 1;
    const signature = await sign(message, intruder.privateKey);
    await refusedWith('key_ring_locked', manager.verifyWithAnyKey(message, signature));
  });

  it('is refused when an older state stands under a newer number', async () => {
    const { open, manager, path, state } = await written();
    await manager.rotate();
    writeFileSync(`${path}/5.json`, state);
    await refusedWith('key_ring_locked', manager.refresh());
    await refusedWith('key_ring_locked', open());
  });

  it('is refused by who saw it, when another ring of the same sealer and use stands in its place', async () => {
    const [one, other] = [await written(), await written()];
    await other.manager.rotate();
    cpSync(other.path, one.path, { recursive: true });
    await refusedWith('key_ring_malformed', one.manager.refresh());
    await refusedWith('key_ring_malformed', one.manager.rotate());
    await refusedWith('key_ring_malformed', one.manager.sign(message));
    expect(one.manager.getRevocationList()).toHaveLength(1);
  });

  it('is refused by who saw it, when an older state is put back that lacks nothing', async () => {
    const { ring, time, open } = sharing();
    const manager = await open();
    await manager.rotate();
    const older = (await ring.load())!;
    time.now += 7 * DAY;
    await manager.retireExpired();
    ring.load = async () => older;
    await refusedWith('key_ring_malformed', manager.refresh());
  });

  it('is refused by who saw it, although neither has a revocation', async () => {
    const [one, other] = [sharing(), sharing()];
    const manager = await one.open();
    await (await other.open()).rotate();
    one.ring.load = () => other.ring.load();
    await refusedWith('key_ring_malformed', manager.refresh());
    expect(manager.history).toHaveLength(1);
  });

  it.each(['1', 1.5, Number.NaN, 2 ** 53, null])('is refused under the number %j', async (version) => {
    const { ring, open } = sharing();
    await open();
    const { state } = (await ring.load())!;
    const foreign = { load: async () => ({ version, state }) as never, save: async () => false };
    await refusedWith('key_ring_malformed', open({ ring: foreign }));
  });

  it('is refused by who saw it, when it lacks a revocation that it had', async () => {
    const { ring, open } = sharing();
    const manager = await open();
    const fork = new MemoryKeyRing();
    await fork.save(undefined, (await ring.load())!.state);
    await manager.revoke('a'.repeat(64), 'of someone else');
    const forked = await open({ ring: fork });
    await forked.revoke('b'.repeat(64), 'of another');
    await forked.revoke('c'.repeat(64), 'of another');
    ring.load = () => fork.load();
    await refusedWith('key_ring_malformed', manager.refresh());
    expect(manager.getRevocationList().map(({ reason }) => reason)).toEqual(['of someone else']);
  });

  it('may lack what this manager could not save', async () => {
    const { ring, open } = sharing();
    const [manager, other] = [await open(), await open()];
    const { save } = ring;
    ring.save = () => Promise.reject(new Error('no disk'));
    await refusedWith('key_ring_unavailable', manager.revoke('a'.repeat(64), 'of someone else'));
    ring.save = save;
    await other.rotate();
    await manager.refresh();
    expect([manager.history.length, manager.getRevocationList().length]).toEqual([2, 1]);
  });
});

describe('a sealer that does as it likes', () => {
  it('may wipe and keep what it is given, and hand out the same array twice', async () => {
    const given: Uint8Array[] = [];
    const shared = new Uint8Array(32);
    const rude: Sealer = {
      seal: async (plaintext, associatedData) => {
        const sealed = await sealer.seal(plaintext, associatedData);
        given.push(plaintext.fill(0), associatedData.fill(0));
        return sealed;
      },
      open: async (sealed, associatedData) => {
        shared.set(await sealer.open(sealed, associatedData));
        sealed.fill(0);
        return shared;
      },
    };
    const { open } = sharing(undefined, { sealer: rude });
    const [one, other] = [await open(), await open()];
    await one.rotate();
    for (const each of given) each.fill(7);
    for (const manager of [one, other]) {
      const signature = await manager.sign(message);
      for (const each of [one, other])
        expect((await each.verifyWithAnyKey(message, signature)).valid).toBe(true);
    }
  });

  it.each([
    [
      'throws at once',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects with nothing', () => Promise.reject(undefined)],
    ['opens to nothing', async () => undefined as unknown as Uint8Array],
    ['opens to other bytes', async () => new Uint8Array(32)],
    ['opens to too many bytes', async () => new Uint8Array(33)],
  ])('and %s opens no ring', async (_what, open) => {
    const { open: manager } = sharing();
    await manager();
    await refusedWith('key_ring_locked', manager({ sealer: { seal: sealer.seal, open } }));
  });

  it('and refuses to seal changes nothing, but a revoked key stays refused', async () => {
    const { ring, open } = sharing();
    let fails = false;
    const moody: Sealer = {
      seal: (...args) => (fails ? Promise.reject(new Error('no')) : sealer.seal(...args)),
      open: sealer.open,
    };
    const manager = await open({ sealer: moody });
    const before = await ring.load();
    const { publicKeyHex } = manager.activeKey;
    fails = true;
    await expect(manager.rotate()).rejects.toThrow('no');
    expect(manager.activeKey.publicKeyHex).toBe(publicKeyHex);
    expect((await manager.sign(message)).length).toBe(64);
    await expect(manager.revoke(publicKeyHex, 'stolen')).rejects.toThrow('no');
    expect(await rejection(manager.sign(message))).toBe('key_revoked');
    expect(await ring.load()).toEqual(before);
    fails = false;
    await manager.rotate();
    expect(manager.history.map(({ state }) => state)).toEqual(['revoked', 'active']);
    expect((await stateOf(ring)).revoked).toHaveLength(1);
  });
});

describe('a clock that jumps', () => {
  it('back or forth leaves a ring that opens, one active key, and no key that comes back', async () => {
    const { time, ring, open } = sharing(undefined, { overlapPeriodMs: DAY });
    const manager = await open();
    const first = await manager.sign(message);
    const jumps = [0, -300 * DAY, 1, 5_000 * DAY, -START, 8.64e15 - START, -DAY, 0];
    for (const jump of jumps) {
      time.now = START + jump;
      await manager.retireExpired();
      await manager.rotate();
      const signature = await manager.sign(message);
      expect((await manager.verifyWithAnyKey(message, signature)).status).toBe('active');
      const other = await open();
      expect(other.history).toEqual(manager.history);
      expect(other.history.filter(({ state }) => state === 'active')).toHaveLength(1);
      expect((await other.verifyWithAnyKey(message, signature)).valid).toBe(true);
    }
    expect((await stateOf(ring)).keys).toHaveLength(jumps.length + 1);
    time.now = START;
    expect((await manager.verifyWithAnyKey(message, first)).valid).toBe(false);
  });

  it('to no time at all is refused, and nothing is changed', async () => {
    const { ring } = sharing();
    let now = START;
    const manager = new KeyManager({ ring, sealer, clock: () => now, refreshMs: 0 });
    await manager.initialize();
    const before = await ring.load();
    for (now of [Number.NaN, -1, Number.POSITIVE_INFINITY, 8.64e15 + 1]) {
      await expect(manager.rotate()).rejects.toThrow(RangeError);
      await expect(manager.sign(message)).rejects.toThrow(RangeError);
      await expect(manager.verifyWithAnyKey(message, message)).rejects.toThrow(RangeError);
      expect(() => manager.retireExpired()).toThrow(RangeError);
    }
    expect(await ring.load()).toBe(before);
  });
});
