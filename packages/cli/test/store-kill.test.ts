/** A copy and a re-encryption that are killed in the midst, and go on. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FileStore } from '@stele/sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { fill, newKey, recordFiles } from './store-support.js';
import { Folder, stele, steleJson } from './support.js';

const bin = fileURLToPath(new URL('../dist/stele.js', import.meta.url));
const COUNT = 600;
const folder = new Folder();
const source = folder.at('source');

beforeAll(async () => {
  const store = new FileStore(source);
  await fill(store, COUNT);
  await store.close();
}, 240_000);

/** Sends a signal once the bar has told of so much. @returns how it ended */
function endedBy(signal: NodeJS.Signals, argv: readonly string[], told: RegExp) {
  const child = spawn(process.execPath, [bin, 'store', ...argv, '--progress', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [shown, out] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => {
    const before = told.test(shown);
    shown += chunk;
    // Once: a second one would not wait for the first to be heeded.
    if (!before && told.test(shown)) child.kill(signal);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  return new Promise<{ code: number | null; by: NodeJS.Signals | null; out: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, by) => resolve({ code, by, out }));
  });
}

describe.skipIf(process.platform === 'win32')('killed in the midst (needs POSIX signals)', () => {
  it('a copy goes on, and both stores are equal', async () => {
    const to = folder.at('target');
    // The revocations come first, so there is more than these.
    expect(await endedBy('SIGKILL', ['copy', source, to], /copy[^\r]* [1-9]\d+ records/)).toMatchObject({
      by: 'SIGKILL',
    });
    const before = recordFiles(to, 'covenants').length;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(COUNT);
    const { code, json } = await steleJson(['store', 'copy', source, to]);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      covenants: { copied: COUNT - before, already: before, failed: 0 },
      revocations: { copied: 0, already: 2 },
      ...{ equal: true, findings: [] },
    });
    const bytes = (path: string) => recordFiles(path, 'covenants').map((file) => file.slice(path.length));
    expect(bytes(to)).toEqual(bytes(source));
  }, 240_000);

  it.each(['SIGKILL', 'SIGINT'] as const)(
    'a re-encryption goes on after %s',
    async (signal) => {
      const to = folder.at(`sealed-${signal}`);
      const [old, next] = [newKey(folder, `${signal}-old.key`), newKey(folder, `${signal}-next.key`)];
      expect((await stele(['store', 'copy', source, to, '--to-encryption-key-file', old])).code).toBe(0);
      const argv = [to, '--encryption-key-file', next, '--old-encryption-key-file', old];
      const ended = await endedBy(signal, ['reencrypt', ...argv], /reencrypt[^\r]* [1-9]\d* records/);
      if (signal === 'SIGKILL') expect(ended.by).toBe('SIGKILL');
      else {
        expect([ended.code, ended.by]).toEqual([2, null]);
        expect(JSON.parse(ended.out).error.code).toBe('interrupted');
      }
      const both = ['--encryption-key-file', next, '--old-encryption-key-file', old];
      expect((await steleJson(['store', 'verify', to, ...both])).json).toMatchObject({ ok: true });
      const { code, json } = await steleJson(['store', 'reencrypt', ...argv]);
      expect(code).toBe(0);
      expect(json.reencrypted).toBeGreaterThan(0);
      expect(json.reencrypted).toBeLessThan(COUNT);
      expect(json.keys.at(-1)).toMatchObject({ current: false, records: 0 });
      const verified = await steleJson(['store', 'verify', to, '--encryption-key-file', next]);
      expect(verified.json.good).toEqual({ covenants: COUNT, revocations: 2, approvals: 0 });
    },
    240_000,
  );
});
