/** The guide to approvals: its files are written and its commands run, one block after the other, in one folder. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Folder, stele, steleJson } from './support.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const guide = readFileSync(at('../../../docs/approvals.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', title = '', text = '']) => ({ language, title, text }),
);
const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text);

const place = new Folder();
chmodSync(
  place.write('stele', `#!/bin/sh\nexec '${process.execPath}' '${at('../dist/stele.js')}' "$@"\n`),
  0o755,
);
symlinkSync(at('../../../node_modules'), place.at('node_modules'));
for (const { language, title, text } of blocks) if (language === 'js') place.write(title, text);

describe.skipIf(process.platform === 'win32')('the guide to approvals (needs a POSIX shell)', () => {
  it('has files and commands that run as pasted, and a call that passes once', async () => {
    const path = `${place.path}:${dirname(process.execPath)}:${process.env.PATH}`;
    const { status, stderr, stdout } = spawnSync('sh', ['-e', '-c', commands.join('\n')], {
      cwd: place.path,
      env: { ...process.env, PATH: path },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    const said = stdout.matchAll(/^(permitted|obligation_\w+|signed:)(?: (?!urn:)(.*))?/gm);
    expect([...said].map(([, what, how]) => [what, ...(how ? [how] : [])].join(' '))).toEqual([
      'obligation_pending',
      'signed: human.approval 1 of 1',
      'permitted',
      'obligation_pending',
      'signed: the call is denied, for good',
      'obligation_unmet',
    ]);
    const { json } = await steleJson([
      ...['approvals', 'list', '--state', 'all', '--store', place.at('covenants')],
    ]);
    const states = json.requests.map(({ state }: { state: string }) => state);
    expect(states.sort()).toEqual(['denied', 'used']);
  }, 240_000);

  it('names no command that there is not, and leaves no block out', async () => {
    const known = (await stele(['--help'])).out + (await stele(['approvals', '--help'])).out;
    const named = [...guide.matchAll(/stele (?:approvals )?([a-z-]+)/g)].map(([, name]) => name as string);
    for (const name of new Set(named)) expect(known).toMatch(new RegExp(`^  ${name}[ |]`, 'm'));
    expect(blocks.map(({ language, title }) => `${language} ${title}`.trim())).toEqual([
      ...['sh', 'js issue.mjs', 'js refund.mjs', 'sh', 'sh'],
    ]);
  });
});
