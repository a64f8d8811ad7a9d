/** Key management by several processes, and by one that nobody answers. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { PassThrough, type Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from '../src/index.js';
import { managerAt } from './ring-support.js';
import { Folder, PASSPHRASE, steleJson } from './support.js';

const bin = fileURLToPath(new URL('../dist/stele.js', import.meta.url));
const folder = new Folder();

interface Ended {
  readonly code: number | null;
  readonly json: ReturnType<typeof JSON.parse>;
}

/** Runs the command with a passphrase on descriptor 3, or none. Its standard input stays open and silent. */
function start(argv: readonly string[], passphrase?: string): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...argv, '--json'], {
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  });
  let out = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  const three = child.stdio[3] as Writable;
  three.on('error', () => {}); // one that was refused does not read it
  if (passphrase !== undefined) three.end(passphrase);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      child.stdin?.destroy();
      three.destroy();
      resolve({ code, json: JSON.parse(out) });
    });
  });
}

describe('processes', () => {
  it('rotate a key that is due once, however many there are', async () => {
    const ring = folder.at('due');
    const { manager } = await managerAt(ring, 100);
    const old = manager.activeKey.did;
    const rotate = ['keys', 'rotate', '--ring', ring, '--if-due', '--passphrase-fd', '3'];
    const ended = await Promise.all(Array.from({ length: 4 }, () => start(rotate, `${PASSPHRASE}\n`)));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const { keys } = (await steleJson(['keys', 'list', '--ring', ring])).json;
    expect(keys).toMatchObject([{ did: old, state: 'retiring' }, { state: 'active' }]);
    expect(ended.some(({ json }) => json.rotated)).toBe(true);
    for (const { json } of ended) expect((json.newKey ?? json.activeKey).did).toBe(keys[1].did);
  });

  it('rotate a key once, also if one of them waits for a person meanwhile', async () => {
    const ring = folder.at('waiting');
    const { manager } = await managerAt(ring, 0);
    const old = manager.activeKey.did;
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
    let out = '';
    let prompted = () => {};
    const isPrompted = new Promise<void>((resolve) => {
      prompted = resolve;
    });
    const stdout = { write: (text: string) => (out += text) };
    const waiting = run(['keys', 'rotate', '--ring', ring, '--json'], {
      stdin,
      stdout,
      stderr: { write: prompted },
    });
    await isPrompted;
    const { json } = await steleJson(['keys', 'rotate', '--ring', ring, ...folder.passphrase()]);
    stdin.write(`${PASSPHRASE}\r`);
    expect(await waiting).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ oldKey: { did: old }, newKey: { did: json.newKey.did } });
    expect((await steleJson(['keys', 'list', '--ring', ring])).json.keys).toHaveLength(2);
  });

  it('that revoke different keys lose none of it', async () => {
    const ring = folder.at('revoking');
    const { manager } = await managerAt(ring, 0);
    const others = ['a', 'b', 'c'].map((digit) => digit.repeat(64));
    const revoke = (key: string) =>
      start(
        ['keys', 'revoke', key, '--foreign', '--ring', ring, '--reason', 'x', '--passphrase-fd', '3'],
        PASSPHRASE,
      );
    const revoked = [...others, manager.activeKey.publicKeyHex];
    expect((await Promise.all(revoked.map(revoke))).map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const { json } = await steleJson(['keys', 'list', '--ring', ring]);
    expect(json.revoked.map(({ publicKeyHex }: { publicKeyHex: string }) => publicKeyHex).sort()).toEqual(
      revoked.sort(),
    );
    expect(json.keys).toMatchObject([{ state: 'revoked' }, { state: 'active' }]);
  });

  it.each([[['keys', 'init', '--ring', 'never']], [['keygen', '--out', 'never']]])(
    'say that a passphrase is missing instead of waiting for one: %j',
    async (argv) => {
      const named = argv.map((word) => (word === 'never' ? folder.at(word) : word));
      const { code, json } = await start(named);
      expect([code, json.error.code, existsSync(folder.at('never'))]).toEqual([
        2,
        'passphrase_missing',
        false,
      ]);
    },
  );
});
