/** The deployment guide: its files are written and its commands run, one block after the other, in one folder. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { freshDatabase } from './servers.js';
import { Folder, stele } from './support.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const page = at('../../../docs/deployment.md');
const guide = readFileSync(page, 'utf8');
const blocks = [...guide.matchAll(/^```(\w*) ?(.*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', title = '', text = '']) => ({ language, title, text }),
);

const place = new Folder();
chmodSync(
  place.write('stele', `#!/bin/sh\nexec '${process.execPath}' '${at('../dist/stele.js')}' "$@"\n`),
  0o755,
);
symlinkSync(at('../../../node_modules'), place.at('node_modules'));
for (const { language, title, text } of blocks) {
  if (language !== '' && language !== 'sh') place.write(title, text);
}

/** All in one shell, as for somebody who pastes block after block. */
function run(title: string, env: NodeJS.ProcessEnv = {}) {
  const script = blocks.filter((block) => block.language === 'sh' && block.title === title);
  const path = `${place.path}:${dirname(process.execPath)}:${process.env.PATH}`;
  return spawnSync('sh', ['-e', '-c', script.map(({ text }) => text).join('\n')], {
    cwd: place.path,
    env: { ...process.env, ...env, PATH: path },
    encoding: 'utf8',
  });
}

describe.skipIf(process.platform === 'win32' || !haveSqlite)(
  'the deployment guide (needs a POSIX shell and SQLite)',
  () => {
    it('has files and commands that run as pasted', () => {
      const { status, stderr, stdout } = run('');
      expect([status, stderr]).toEqual([0, expect.not.stringMatching(/error|hint/i)]);
      expect(stdout).toContain('the service kept its word');
      expect(stdout).toContain('covenant_invalid not_revoked');
      expect(stdout).toMatch(/^valid$/m);
    }, 240_000);

    it.skipIf(!havePostgres)(
      'so has the part on several machines (needs PostgreSQL)',
      async () => {
        const ran = run('postgres', { DATABASE_URL: await freshDatabase() });
        expect([ran.status, ran.stderr, ran.stdout]).toEqual([0, '', 'permitted\n']);
      },
      240_000,
    );

    it('leaves no block out', () => {
      expect(blocks.filter(({ language }) => language === '')).toHaveLength(1); // the picture
      const known = /^(?:sh|sh postgres|js [a-z]+\.mjs|ccl [a-z]+\.ccl)$/;
      for (const { language, title } of blocks.filter((block) => block.language !== ''))
        expect(`${language} ${title}`.trim()).toMatch(known);
    });

    it('names no command and no page that there is not', async () => {
      const { out } = await stele(['--help']);
      const named = [...guide.matchAll(/(?:^|`)stele ([a-z-]+)/gm)].map(([, name]) => name as string);
      for (const name of new Set(named)) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
      for (const [, target = '', part] of guide.matchAll(/\]\(([^)#]+)(?:#([^)]+))?\)/g)) {
        const file = at(`../../../docs/${target}`);
        expect(existsSync(file), target).toBe(true);
        if (part === undefined) continue;
        const anchors = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
          title
            .toLowerCase()
            .replace(/[^a-z0-9 -]/g, '')
            .replaceAll(' ', '-'),
        );
        expect(anchors, target).toContain(part);
      }
    });
  },
);
