/** What a manager asks of its ring and its sealer, and what it does not. */
import { describe, expect, it, vi } from 'vitest';
import { type CryptoError, KeyManager } from '../src/index.js';
import { MemoryKeyRing } from '../src/lib/key-ring.js';
import { provider } from '../src/provider/node.js';
import { DAY, refusedWith, sealer, sharing, stateOf } from './key-ring-support/rings.js';
import { rejection, text } from './support.js';

const message = text('message');

/** A sealer that counts. */
function counting() {
  const asked = { seals: 0, opens: 0 };
  const counted: typeof sealer = {
    seal: (...args) => {
      asked.seals++;
      return sealer.seal(...args);
    },
    open: (...args) => {
      asked.opens++;
      return sealer.open(...args);
    },
  };
  return { asked, counted };
}

describe('a manager', () => {
  it('makes no key where none is wanted', async () => {
    const { open } = sharing();
    const manager = await open();
    const made = vi.spyOn(provider, 'publicKeyOf');
    await manager.revoke('a'.repeat(64), 'of someone else');
    await manager.retireExpired();
    expect(made).not.toHaveBeenCalled();
    await manager.rotate();
    expect(made).toHaveBeenCalledTimes(1);
    made.mockRestore();
  });

  it('that has its keys asks for nothing when it is initialized again', async () => {
    const { ring, open } = sharing();
    const manager = await open();
    ring.load = () => Promise.reject(new Error('no disk'));
    await manager.initialize();
  });

  it('makes one key, however often others are first', async () => {
    const { ring, open } = sharing();
    const [one, other] = [await open(), await open()];
    const made = vi.spyOn(provider, 'publicKeyOf');
    const { save } = ring;
    let races = 3;
    ring.save = async (...args) => {
      if (races-- > 0) {
        const before = ring.save;
        ring.save = save;
        await other.revoke(`${races}`.padStart(64, '0'), 'meanwhile');
        ring.save = before;
      }
      return save.apply(ring, args);
    };
    await one.rotate();
    expect(made).toHaveBeenCalledTimes(1);
    expect(one.getRevocationList()).toHaveLength(3);
    made.mockRestore();
  });

  it('asks the sealer for nothing when nothing has changed', async () => {
    const { asked, counted } = counting();
    const { open } = sharing();
    await open();
    const manager = await open({ sealer: counted });
    expect(asked).toEqual({ seals: 0, opens: 2 });
    await manager.refresh();
    await manager.retireExpired();
    await manager.sign(message);
    await manager.signer.sign(message);
    expect(asked).toEqual({ seals: 0, opens: 2 });
    await manager.rotate();
    expect(asked).toEqual({ seals: 2, opens: 2 });
  });

  it('opens a key in its overlap when it signs, once, and not after that', async () => {
    const { asked, counted } = counting();
    const { time, open } = sharing();
    await (await open()).rotate();
    const manager = await open({ sealer: counted });
    const old = manager.signerOf(manager.history[0]!.publicKeyHex);
    expect(asked.opens).toBe(2);
    await old.sign(message);
    await old.sign(message);
    expect(asked.opens).toBe(3);
    const late = await open({ sealer: counted });
    asked.opens = 0;
    time.now += 7 * DAY;
    expect(await rejection(late.signerOf(manager.history[0]!.publicKeyHex).sign(message))).toBe(
      'key_retired',
    );
    expect(asked.opens).toBe(0);
  });

  it('signs with a key that is open while the ring is slow', async () => {
    const { ring, open } = sharing();
    const manager = await open({ refreshMs: 1_000 });
    const { signer } = manager;
    const { save } = ring;
    let finish = () => {};
    const saving = new Promise<void>((resolve) => {
      ring.save = async (...args) => {
        resolve();
        await new Promise<void>((done) => {
          finish = done;
        });
        return save.apply(ring, args);
      };
    });
    const rotating = manager.rotate();
    await saving;
    expect(await signer.sign(message)).toEqual(await manager.sign(message));
    finish();
    await rotating;
  });

  it.each(['sealed', 'saved'] as const)(
    'can sign with a key during whose being %s another was revoked',
    async (when) => {
      const { ring, open } = sharing();
      let meanwhile: (() => Promise<void>) | undefined;
      const revoking: Promise<void>[] = [];
      const revokeNow = () => {
        if (meanwhile !== undefined) revoking.push(meanwhile());
        meanwhile = undefined;
      };
      const { save } = ring;
      ring.save = (...args) => {
        if (when === 'saved') revokeNow();
        return save.apply(ring, args);
      };
      const slow: typeof sealer = {
        seal: async (...args) => {
          if (when === 'sealed') revokeNow();
          return sealer.seal(...args);
        },
        open: sealer.open,
      };
      const manager = await open({ sealer: slow });
      meanwhile = () => manager.revoke('a'.repeat(64), 'of someone else');
      await manager.rotate();
      await Promise.all(revoking);
      expect(revoking).toHaveLength(1);
      for (const signer of [manager, manager.signer]) {
        const signature = await signer.sign(message);
        for (const each of [manager, await open()]) {
          expect((await each.verifyWithAnyKey(message, signature)).status).toBe('active');
        }
      }
      expect((await open()).getRevocationList()).toHaveLength(1);
    },
  );

  it('does not save again what the ring turned out to hold', async () => {
    const { ring, open } = sharing();
    const manager = await open();
    const { save } = ring;
    ring.save = async (...args) => {
      await save.apply(ring, args);
      throw new Error('no answer');
    };
    await refusedWith('key_ring_unavailable', manager.revoke('a'.repeat(64), 'of someone else'));
    ring.save = save;
    await manager.refresh();
    const before = await ring.load();
    await manager.retireExpired();
    expect(await ring.load()).toBe(before);
    expect((await stateOf(ring)).revoked).toHaveLength(1);
  });

  it('says how to mend what it refuses', async () => {
    const { time, open } = sharing(undefined, { onRotation: () => Promise.reject(new Error('hook')) });
    const manager = await open();
    const { signer } = manager;
    const hook = manager.rotate();
    const mended = async (code: string, promise: Promise<unknown>) => {
      const error = (await promise.catch((reason: unknown) => reason)) as CryptoError;
      expect(error.code).toBe(code);
      expect([error.message, error.hint]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
    };
    await mended('rotation_hook_failed', hook);
    time.now += 7 * DAY;
    await mended('key_retired', signer.sign(message));
    await mended(
      'key_manager_uninitialized',
      new KeyManager({ ring: new MemoryKeyRing(), sealer }).sign(message),
    );
  });
});
