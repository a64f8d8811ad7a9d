/** The guide to keys: every command in it runs, one block after the other, in one folder. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Folder, steleJson } from './support.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const guide = readFileSync(at('../../../docs/keys.md'), 'utf8');
const blocks = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);

const place = new Folder();

/** All in one shell, as for somebody who pastes block after block. */
function run(script: string) {
  const env = { ...process.env, PATH: `${place.path}:${process.env.PATH}` };
  return spawnSync('sh', ['-e', '-c', script], { cwd: place.path, env, encoding: 'utf8' });
}

describe.skipIf(process.platform === 'win32')('the guide to keys (needs a POSIX shell)', () => {
  it('has commands that run as pasted', async () => {
    chmodSync(
      place.write('stele', `#!/bin/sh\nexec '${process.execPath}' '${at('../dist/stele.js')}' "$@"\n`),
      0o755,
    );
    symlinkSync(at('../../../node_modules'), place.at('node_modules'));
    const { status, stderr, stdout } = run(blocks.join('\n'));
    expect([status, stderr]).toEqual([0, '']);
    expect(blocks.length).toBeGreaterThan(7);
    expect(stdout).toContain('2 reissued, 0 already, 0 skipped, 0 failed');
    expect(stdout).toMatch(/^false\ntrue\n$/m);
    const { json } = await steleJson(['keys', 'list', '--ring', place.at('ring')]);
    expect(json.keys.map(({ state }: { state: string }) => state)).toEqual(['retiring', 'revoked', 'active']);
    expect(JSON.parse(place.read('crl.json'))).toMatchObject({
      number: 2,
      keys: [{ status: 'compromised' }],
    });
  }, 240_000);

  it('names no command that there is not', () => {
    const out = run('stele --help; stele keys --help').stdout;
    const named = [...guide.matchAll(/`?stele (keys )?([a-z-]+)/g)].map(([, , name]) => name as string);
    for (const name of new Set(named)) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  });
});
