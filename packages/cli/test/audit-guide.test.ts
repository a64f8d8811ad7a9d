/** The guide to audit logs: every command in it runs, one block after the other, in one folder. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Folder, stele } from './support.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const guide = readFileSync(at('../../../docs/audit.md'), 'utf8');
const blocks = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);

const place = new Folder();

/** All in one shell, as for somebody who pastes block after block. */
function run(script: string) {
  const env = { ...process.env, PATH: `${place.path}:${process.env.PATH}` };
  return spawnSync('sh', ['-e', '-c', script], { cwd: place.path, env, encoding: 'utf8' });
}

describe.skipIf(process.platform === 'win32')('the guide to audit logs (needs a POSIX shell)', () => {
  it('has commands that run as pasted', async () => {
    chmodSync(
      place.write('stele', `#!/bin/sh\nexec '${process.execPath}' '${at('../dist/stele.js')}' "$@"\n`),
      0o755,
    );
    symlinkSync(at('../../../node_modules'), place.at('node_modules'));
    const { status, stderr, stdout } = run(blocks.join('\n'));
    expect(blocks.length).toBeGreaterThan(4);
    // What was only looked at was not verified, and both commands say so.
    expect([status, stderr.split('\n').filter((line) => !/^note: nothing was verified/.test(line))]).toEqual([
      0,
      [''],
    ]);
    expect(stdout.match(/^valid$/gm)).toHaveLength(4);
    expect(stdout).toMatch(/^listening on http:\/\/127\.0\.0\.1:\d+\nkey witness\.example\/w1\+/m);
    expect(stdout).toContain('entry 2 says so, without the name');
    expect(place.read('audit.html')).toContain('Content-Security-Policy');
    expect(place.read('audit.html')).not.toContain(place.path);
  }, 240_000);

  it('names no command that there is not', async () => {
    const { out } = await stele(['audit', '--help']);
    const named = [...guide.matchAll(/stele audit ([a-z-]+)/g)].map(([, name]) => name as string);
    for (const name of new Set(named)) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  });
});
