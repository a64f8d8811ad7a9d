/** The guide to stores: every command in it runs, one block after the other, in one folder. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { freshPrefix, freshSchema } from './servers.js';
import { Folder, steleJson } from './support.js';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const guide = readFileSync(at('../../../docs/stores.md'), 'utf8');
const blocksOf = (language: string) =>
  [...guide.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => block as string,
  );

const place = new Folder();
chmodSync(
  place.write('stele', `#!/bin/sh\nexec '${process.execPath}' '${at('../dist/stele.js')}' "$@"\n`),
  0o755,
);
symlinkSync(at('../../../node_modules'), place.at('node_modules'));

/** All in one shell, as for somebody who pastes block after block. */
function run(script: string) {
  const env = { ...process.env, PATH: `${place.path}:${process.env.PATH}` };
  return spawnSync('sh', ['-e', '-c', script], { cwd: place.path, env, encoding: 'utf8' });
}

describe.skipIf(process.platform === 'win32' || !haveSqlite)(
  'the guide to stores (needs a POSIX shell and SQLite)',
  () => {
    it('has commands that run as pasted', async () => {
      const blocks = blocksOf('sh');
      const { status, stderr, stdout } = run(blocks.join('\n'));
      expect([status, stderr]).toEqual([0, '']);
      expect(blocks.length).toBeGreaterThan(4);
      expect(stdout).toContain('2 covenants, 1 revocations and 0 approvals are good, 0 bad');
      expect(stdout).toContain('0 copied, 2 already there, 0 failed');
      expect(stdout).toMatch(/^[0-9a-f]{16} is unused$/m);
      const { json } = await steleJson([
        ...['store', 'stats', place.at('sealed'), '--encryption-key-file', place.at('store.key')],
      ]);
      expect(json).toMatchObject({ covenants: 2, revocations: 1, keys: [{ current: true, records: 4 }] });
    }, 240_000);

    it.skipIf(!havePostgres || !haveRedis)(
      'has commands for servers that run (needs PostgreSQL and Redis)',
      () => {
        const schema = new URL(postgresUrl);
        schema.searchParams.set('schema', freshSchema());
        const script = blocksOf('sh servers')
          .join('\n')
          .replaceAll('postgres://user@host/database?schema=stele', schema.href)
          .replaceAll('redis://host/0?prefix=stele', `${redisUrl}?prefix=${freshPrefix()}`);
        const { status, stderr, stdout } = run(script);
        expect([status, stderr]).toEqual([0, '']);
        expect(stdout.match(/both stores hold the same/g)).toHaveLength(2);
      },
      240_000,
    );

    it('names no command that there is not', () => {
      const out = run('stele --help; stele store --help').stdout;
      const named = [...guide.matchAll(/stele (store )?([a-z-]+)/g)].map(([, , name]) => name as string);
      for (const name of new Set(named)) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    });
  },
);
