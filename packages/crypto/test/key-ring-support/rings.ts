/** What the tests of key rings share: folders, sealers, managers on a clock that the test moves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryFolder } from '../../../../test/support/folders.js';
import { KeyManager } from '../../src/lib/key-manager.js';
import type { KeyManagerOptions } from '../../src/lib/key-manager-types.js';
import { type KeyRing, KeyRingError, type KeyRingErrorCode, MemoryKeyRing } from '../../src/lib/key-ring.js';
import { withSeal } from '../../src/lib/key-ring-format.js';
import { rawKeySealer, sealBody } from '../../src/lib/key-ring-sealer.js';

export const DAY = 24 * 60 * 60 * 1000;
export const START = 1_700_000_000_000;
export const SEALING_KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
export const sealer = rawKeySealer(SEALING_KEY);

/** A path under which there is nothing yet. */
export function freshPath(): string {
  return join(temporaryFolder(), 'ring');
}

/** Every file below a folder. */
export function filesIn(path: string): Buffer[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((each) => each.isFile())
    .map((each) => readFileSync(join(each.parentPath, each.name)));
}

/** Managers that share a ring and a clock, as processes would. Each is initialized. */
export function sharing(ring: KeyRing = new MemoryKeyRing(), options: KeyManagerOptions = {}) {
  const time = { now: START };
  const open = async (more: KeyManagerOptions = {}) => {
    const manager = new KeyManager({
      ring,
      sealer,
      clock: () => time.now,
      refreshMs: 0,
      ...options,
      ...more,
    });
    await manager.initialize();
    return manager;
  };
  return { ring, time, open };
}

/** Saves a state that the test has made, under the seal that it would have. */
export async function saveSealed(ring: KeyRing, before: number | undefined, state: object): Promise<boolean> {
  const { seal: _, ...members } = state as { seal?: string };
  const body = JSON.stringify(members);
  return ring.save(before, withSeal(body, await sealBody(sealer, body, 'covenant', (before ?? 0) + 1)));
}

/** The state of a ring as JSON. */
export async function stateOf(ring: KeyRing): Promise<{
  keys: Record<string, unknown>[];
  revoked: Record<string, unknown>[];
}> {
  return JSON.parse((await ring.load())?.state ?? 'null');
}

/** Asserts that a promise is rejected with a KeyRingError of this code. @returns the error */
export async function refusedWith(code: KeyRingErrorCode, promise: Promise<unknown>): Promise<KeyRingError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(KeyRingError);
  expect((outcome as KeyRingError).code).toBe(code);
  for (const told of [(outcome as KeyRingError).message, (outcome as KeyRingError).hint])
    expect(told).toMatch(/\w/);
  return outcome as KeyRingError;
}
