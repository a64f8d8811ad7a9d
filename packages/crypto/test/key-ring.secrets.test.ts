/** A known private key is planted, and everything that a manager shows, throws or writes is searched for it. */
import { rmSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { createLogger } from '@stele/types';
import { describe, expect, it, vi } from 'vitest';
import { KeyManager } from '../src/lib/key-manager.js';
import { type KeyRing, MemoryKeyRing } from '../src/lib/key-ring.js';
import { FileKeyRing } from '../src/lib/key-ring-file.js';
import { rawKeySealer } from '../src/lib/key-ring-sealer.js';
import { keyPairFromPrivateKey } from '../src/lib/keys.js';
import type { Sealer } from '../src/lib/sealer.js';
import { provider } from '../src/provider/node.js';
import {
  DAY,
  filesIn,
  freshPath,
  SEALING_KEY,
  saveSealed,
  sealer,
  sharing,
  stateOf,
} from './key-ring-support/rings.js';
import { expectNone as expectNoneOf } from './support/secrets.js';
import { text } from './support.js';

const SEED = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256);

const expectNone = (where: string, shown: Uint8Array | string) =>
  expectNoneOf(where, shown, [SEED, SEALING_KEY]);

/** A ring in files whose active key is the planted one. */
async function planted() {
  const path = freshPath();
  const pair = await keyPairFromPrivateKey(SEED);
  const associated = text(`stele/key-ring/1\ncovenant\n${pair.publicKeyHex}`);
  const sealed = Buffer.from(await sealer.seal(SEED, associated)).toString('base64url');
  const key = { publicKeyHex: pair.publicKeyHex, createdAt: 1_700_000_000_000, sealed };
  await saveSealed(new FileKeyRing(path), undefined, {
    schema: 1,
    use: 'covenant',
    keys: [key],
    revoked: [],
  });
  return { path, publicKeyHex: pair.publicKeyHex };
}

describe('a planted private key', () => {
  it('is found by the search where it does stand', () => {
    for (const shown of [
      SEED,
      Buffer.from(SEED).toString('base64'),
      inspect([...SEED], { compact: true, breakLength: 9e9 }),
    ]) {
      expect(() => expectNone('', shown)).toThrow();
    }
  });

  it('is shown by nothing that a manager is, gives, tells, throws, logs or writes', async () => {
    const { path, publicKeyHex } = await planted();
    const lines: string[] = [];
    const logger = createLogger({ level: 'trace', destination: { write: (line) => lines.push(line) } });
    let fails = false;
    const { time, open } = sharing(new FileKeyRing(path), {
      onRotation: (oldKey, newKey) => {
        logger.info('Key rotated', { oldKey, newKey });
        if (fails) throw new Error('hook');
      },
    });
    const manager = await open();
    expect(manager.activeKey.publicKeyHex).toBe(publicKeyHex);
    const shown: unknown[] = [manager, sealer, manager.signer, manager.activeKey, new FileKeyRing(path)];
    const failing = async (promise: Promise<unknown>) => {
      const error = await promise.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(Error);
      shown.push(error);
    };
    await manager.sign(text('message'));
    expect(filesIn(path)).toHaveLength(1);
    for (const file of filesIn(path)) expectNone('the first state', file);
    shown.push(await manager.rotate());
    for (const file of filesIn(path)) expectNone('a state with it retiring', file);
    fails = true;
    await failing(manager.rotate());
    time.now += 8 * DAY;
    await manager.retireExpired();
    await failing(manager.signerOf(publicKeyHex).sign(text('message')));
    await failing(open({ sealer: rawKeySealer(new Uint8Array(32)) }));
    await failing(open({ use: 'log' }));
    await failing(open({ sealer: { seal: sealer.seal, open: async () => SEED.slice(1) } }));
    await failing(
      open({ sealer: { seal: sealer.seal, open: async () => Uint8Array.from(SEED, (byte) => byte ^ 1) } }),
    );
    await failing(manager.revoke(publicKeyHex, ''));
    await manager.revoke(publicKeyHex, 'stolen');
    shown.push(manager.keys, manager.history, manager.getRevocationList());
    writeFileSync(`${path}/999.json`, '{"schema":1}');
    await failing(manager.refresh());
    rmSync(`${path}/999.json`);
    for (const each of shown) {
      expectNone(
        'inspect',
        inspect(each, { showHidden: true, depth: 20, maxArrayLength: null, compact: true, breakLength: 9e9 }),
      );
      expectNone('JSON', JSON.stringify(each) ?? '');
      expectNone('text', String((each as Error).stack ?? each));
      logger.error('shown', { each });
    }
    expectNone('the log', lines.join(''));
    expect(lines.length).toBeGreaterThan(shown.length);
    for (const file of filesIn(path)) expectNone('the last state', file);
  });

  it('is overwritten in memory when its key ends', async () => {
    for (const end of ['rotate', 'revoke'] as const) {
      const made = vi.spyOn(provider, 'publicKeyOf');
      const forgotten = vi.spyOn(provider, 'forget');
      const manager = new KeyManager({ ring: new MemoryKeyRing(), sealer, overlapPeriodMs: 0 });
      await manager.initialize();
      const [first] = made.mock.calls[0]!;
      expect(first.some((byte) => byte !== 0)).toBe(true);
      if (end === 'rotate') await manager.rotate();
      else await manager.revoke(manager.activeKey.publicKeyHex, 'stolen');
      const [second] = made.mock.calls[1]!;
      expect(first.every((byte) => byte === 0)).toBe(true);
      expect(second.some((byte) => byte !== 0)).toBe(true);
      expect(forgotten.mock.calls).toEqual([[first]]);
      vi.restoreAllMocks();
    }
  });

  it('is overwritten where a sealer handed it out, where it was made for nothing, and where it is another', async () => {
    const { ring, open } = sharing();
    await open();
    const opened: Uint8Array[] = [];
    const given: Uint8Array[] = [];
    const watching: Sealer = {
      seal: (plaintext, associatedData) => {
        given.push(plaintext);
        return sealer.seal(plaintext, associatedData);
      },
      open: async (bytes, associatedData) => {
        opened.push(await sealer.open(bytes, associatedData));
        return opened.at(-1) as Uint8Array;
      },
    };
    const failing: KeyRing = {
      load: () => ring.load(),
      save: async () => {
        throw new Error('no disk');
      },
    };
    const made = vi.spyOn(provider, 'publicKeyOf');
    const manager = await open({ ring: failing, sealer: watching });
    const isWiped = (bytes: Uint8Array | undefined) => bytes?.every((byte) => byte === 0);
    expect(opened.map(isWiped)).toEqual([false, true]); // the seal of the ring is a hash
    await manager.rotate().catch(() => {});
    expect(given.map(isWiped)).toEqual([true, false]);
    expect(made.mock.calls.map(([seed]) => isWiped(seed))).toEqual([false, true]);

    made.mockClear();
    const stranger = SEED.slice();
    const misled: Sealer = {
      seal: sealer.seal,
      open: async (bytes, associatedData) => {
        const own = await sealer.open(bytes, associatedData);
        return Buffer.from(associatedData).includes('state') ? own : stranger;
      },
    };
    await open({ sealer: misled }).catch(() => {});
    expect([stranger, made.mock.calls[0]?.[0]].map(isWiped)).toEqual([true, true]);
    vi.restoreAllMocks();
  });

  it('is in no file, sealed or not, once its key has ended', async () => {
    for (const end of ['retireExpired', 'revoke', 'crowded out'] as const) {
      const path = freshPath();
      const { ring, time, open } = sharing(new FileKeyRing(path), { maxKeys: 2 });
      const manager = await open();
      const { publicKeyHex } = manager.activeKey;
      const sealed = (await stateOf(ring)).keys[0]!.sealed as string;
      await manager.rotate();
      const files = () => Buffer.concat(filesIn(path)).toString();
      expect(files()).toContain(sealed);
      if (end === 'retireExpired') {
        time.now += 7 * DAY;
        await manager.retireExpired();
      } else if (end === 'revoke') await manager.revoke(publicKeyHex, 'stolen');
      else await manager.rotate();
      expect(files()).not.toContain(sealed);
      expect(files()).toContain(publicKeyHex);
      expect(manager.history[0]?.publicKeyHex).toBe(publicKeyHex);
    }
  });
});
