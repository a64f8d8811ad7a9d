/** Processes that rotate the keys of one ring at once. */
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rotations } from '../../../test/support/rotations.js';
import { FileKeyRing } from '../src/lib/key-ring-file.js';
import { bundle, run } from './key-ring-support/bundle.js';
import { freshPath, sharing, stateOf } from './key-ring-support/rings.js';
import { text } from './support.js';

const TIMES = rotations;

describe('processes that share a ring in files', () => {
  it(`rotate ${TIMES} times each and end with one active key and a full history`, async () => {
    const [folder, rotator] = [freshPath(), await bundle('rotator.ts')];
    const ended = await Promise.all([1, 2].map(() => run(rotator, [folder, String(TIMES)])));
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    const told = ended.map(({ output }) => JSON.parse(output) as { first: string; made: string[] });
    const made = told.flatMap((each) => each.made);
    const { keys, revoked } = await stateOf(new FileKeyRing(folder));
    expect(told[0]!.first).toBe(told[1]!.first);
    // Each key was put in place by exactly one process, and each of them is in the history.
    expect(keys.map((key) => key.publicKeyHex).sort()).toEqual([told[0]!.first, ...made].sort());
    expect(new Set(made).size).toBe(made.length);
    expect(made.length).toBeGreaterThanOrEqual(TIMES);
    expect(made.length).toBeLessThanOrEqual(2 * TIMES);
    expect(revoked).toEqual([]);
    expect(keys.filter((key) => !('replacedAt' in key))).toEqual([keys.at(-1)]);
    expect(keys.filter((key) => 'sealed' in key)).toEqual(keys.slice(-32));
    for (const name of readdirSync(folder)) {
      expect(name).toMatch(/^\d+\.json$/);
      expect(statSync(`${folder}/${name}`).size > 0).toBe(name === `${made.length + 1}.json`);
    }
    const manager = await sharing(new FileKeyRing(folder), { clock: Date.now }).open();
    expect(manager.activeKey.publicKeyHex).toBe(keys.at(-1)?.publicKeyHex);
    const message = text('message');
    expect((await manager.verifyWithAnyKey(message, await manager.sign(message))).valid).toBe(true);
  }, 300_000);

  it('initialize it at once with one key', async () => {
    const rotator = await bundle('rotator.ts');
    for (let round = 0; round < 3; round++) {
      const folder = freshPath();
      const ended = await Promise.all([1, 2, 3].map(() => run(rotator, [folder, '0'])));
      const told = ended.map(({ output }) => (JSON.parse(output) as { first: string }).first);
      expect(new Set(told).size).toBe(1);
      expect((await stateOf(new FileKeyRing(folder))).keys).toHaveLength(1);
    }
  }, 60_000);

  it('are not held up by one that stopped or died half-way', async () => {
    const [folder, rotator] = [freshPath(), await bundle('rotator.ts')];
    const stopped = spawn(process.execPath, [rotator, folder, '1000000'], { stdio: 'ignore' });
    const ring = new FileKeyRing(folder);
    while (((await ring.load())?.version ?? 0) < 20) await new Promise((resolve) => setImmediate(resolve));
    stopped.kill('SIGSTOP');
    expect((await run(rotator, [folder, '20'])).code).toBe(0);
    stopped.kill('SIGKILL');
    expect((await run(rotator, [folder, '20'])).code).toBe(0);
    const { keys } = await stateOf(ring);
    expect(keys.length).toBeGreaterThanOrEqual(60);
    expect((await ring.load())?.version).toBe(keys.length);
  }, 60_000);
});
