/** The built command at a real terminal: what is typed is not shown. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openKeyFile } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { Folder } from './support.js';

const bin = fileURLToPath(new URL('../dist/stele.js', import.meta.url));
const folder = new Folder();
const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

/** Runs the command in a pseudo-terminal, and answers each prompt once it is there. */
function atTerminal(argv: readonly string[], answers: readonly (readonly [prompt: string, keys: string])[]) {
  const command = [process.execPath, bin, ...argv].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder.path });
  const waiting = [...answers];
  let [shown, from] = ['', 0];
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk;
    const at = waiting[0] === undefined ? -1 : shown.indexOf(waiting[0][0], from);
    if (at < 0) return;
    const [prompt, keys] = waiting.shift() as [string, string];
    from = at + prompt.length;
    child.stdin.write(keys);
  });
  return new Promise<{ code: number | null; shown: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, shown }));
  });
}

describe.skipIf(!hasScript)('at a terminal (needs Linux with `script`)', () => {
  it('a new passphrase is asked for twice, and not shown', async () => {
    const { code, shown } = await atTerminal(
      ['keygen', '--out', 'typed.key'],
      [
        ['New passphrase of the key file: ', 'secret wörds\r'],
        ['The same again: ', 'secret wörds\r'],
      ],
    );
    expect([code, shown.includes('secret'), shown.includes('did:key:z6Mk')]).toEqual([0, false, true]);
    expect((await openKeyFile(folder.read('typed.key'), 'secret wörds')).use).toBe('covenant');
  });

  it('Ctrl-C ends it, and nothing is written', async () => {
    const { code, shown } = await atTerminal(
      ['keys', 'init', '--ring', 'none'],
      [['New passphrase of the key ring: ', 'half a passphra\u0003']],
    );
    expect([code, shown.includes('half'), existsSync(folder.at('none'))]).toEqual([2, false, false]);
  });
});
