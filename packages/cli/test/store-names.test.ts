/** What names a store and its key: what is refused, and that no secret comes out. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FileStore } from '@stele/sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { deadPort } from '../../../test/support/proxy.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { parseStoreName } from '../src/lib/store/name.js';
import { fill } from './store-support.js';
import { Folder, stele, steleJson } from './support.js';

const folder = new Folder();
const PLANTED = 'pl4nted-s3same';

/** Runs a command, and makes sure that neither the password nor a part of it is shown. */
async function refused(argv: readonly string[]): Promise<string> {
  const { code, json, out, err } = await steleJson(['store', ...argv]);
  expect(code).toBe(2);
  for (const text of [out, err]) expect(text).not.toMatch(/pl4nted|s3same/);
  const plain = await stele(['store', ...argv]);
  expect(`${plain.out}${plain.err}`).not.toMatch(/pl4nted|s3same/);
  return json.error.code;
}

describe('the name of a store', () => {
  it.each([
    [`postgres://u:${PLANTED}@host:5432/db?schema=app`, 'postgres://***@host:5432/db?schema=app'],
    [`postgresql://${PLANTED}@host/db?password=${PLANTED}&sslmode=require`, 'postgresql://***@host/db'],
    [`redis://:${PLANTED}@host:6379/2?prefix=app`, 'redis://***@host:6379/2?prefix=app'],
    ['rediss://host', 'rediss://host'],
    ['sqlite:a b.db', 'a b.db'],
    ['C:\\covenants', 'C:\\covenants'],
    ['a\u001b[2J', 'a\\u{1b}[2J'],
  ])('%# is shown without what may be a secret', (name, shown) => {
    expect(parseStoreName(name).shown).toBe(shown);
  });

  it('goes to the driver as it was written, without what is ours', () => {
    const url = (name: string) => (parseStoreName(name) as { url: string }).url;
    expect(url('postgres://u:a+b%40c@h/d?schema=x&options=-c%20a')).toBe(
      'postgres://u:a+b%40c@h/d?options=-c%20a',
    );
    expect(url('postgres://h/d?schema=x')).toBe('postgres://h/d');
    expect(url('redis://h?family=4&prefix=a:b')).toBe('redis://h?family=4');
  });

  it.each([
    ['an unknown kind', `mysql://u:${PLANTED}@host/db`],
    ['an @ that is not escaped', `postgres://u:pl4nted/s3same@host/db`],
    ['a # that is not escaped', `postgres://u:12#${PLANTED}@host/db`],
    ['a ? that is not escaped', `postgres://u:12?${PLANTED}@host/db`],
    ['a port that is none', `postgres://u:${PLANTED}/@host/db`],
    ['no host', `postgres://?password=${PLANTED}`],
    ['two schemas', `postgres://u:${PLANTED}@host/db?schema=a&schema=b`],
    ['a schema that cannot be', `postgres://u:${PLANTED}@127.0.0.1:9/db?schema=No-Schema`],
    ['a prefix that cannot be', `redis://:${PLANTED}@127.0.0.1:9/0?prefix=a%20b`],
    ['nothing', ''],
    ['standard input', '-'],
    ['a database in memory', 'sqlite::memory:'],
  ])('cannot be %s', async (_, name) => {
    for (const argv of [
      ['verify', name],
      ['stats', name],
      ['copy', name, folder.at('none')],
    ])
      expect(await refused(argv)).toBe('usage');
  });

  it.each([
    ['that is not there', () => folder.at('nothing')],
    ['in a folder that is none', () => folder.path],
    ['in an empty file', () => folder.write('empty.db', '')],
    ['in a database that is not there', () => `sqlite:${folder.at('nothing.db')}`],
  ])('of a store %s is an error, and makes none', async (_, name) => {
    for (const command of ['verify', 'stats']) expect(await refused([command, name()])).toBe('store_missing');
  });
});

describe('a server', () => {
  it('that cannot be reached is an error without the password', async () => {
    const url = `postgres://u:${PLANTED}@127.0.0.1:${await deadPort()}/db`;
    expect(await refused(['verify', url])).toBe('store_unavailable');
  });

  it.skipIf(!havePostgres)('that refuses the user is one, too (needs PostgreSQL)', async () => {
    const url = new URL(postgresUrl);
    url.username = 'nobody-of-this-name';
    url.password = PLANTED;
    expect(await refused(['stats', url.href])).toBe('store_unavailable');
  });

  it.skipIf(!haveRedis)('whose prefix is empty holds no store (needs Redis)', async () => {
    expect(await refused(['verify', `${redisUrl}?prefix=nobody-${process.pid}`])).toBe('store_version');
  });
});

describe('an encryption key', () => {
  const key = randomBytes(32);
  const stored = folder.at('sealed');
  beforeAll(async () => {
    const plain = new FileStore(folder.at('plain'));
    await fill(plain, 2);
    await plain.close();
    const file = folder.writeSecret('first.key', key);
    const { code } = await stele([
      ...['store', 'copy', folder.at('plain'), stored, '--to-encryption-key-file', file],
    ]);
    expect(code).toBe(0);
  });

  it.each([
    ['32 bytes', key],
    ['hex', key.toString('hex')],
    ['hex in capitals, and a newline', `${key.toString('hex').toUpperCase()}\n`],
    ['base64', key.toString('base64')],
    ['base64 and a newline of Windows', `${key.toString('base64')}\r\n`],
  ])('is taken as %s', async (_, content) => {
    const file = folder.writeSecret('again.key', content);
    const ran = await steleJson(['store', 'verify', stored, '--encryption-key-file', file]);
    expect([ran.code, ran.json.good]).toEqual([0, { covenants: 2, revocations: 2, approvals: 0 }]);
    const shown = `${ran.out}${ran.err}`;
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(shown).not.toContain(key.toString(encoding).slice(0, 16));
  });

  it.each([
    ['empty', ''],
    ['31 bytes', key.subarray(1)],
    ['33 bytes', Buffer.concat([key, Buffer.of(0)])],
    ['bytes with a newline', Buffer.concat([key, Buffer.from('\n')])],
    ['half of one in hex', key.toString('hex').slice(0, 32)],
    ['a passphrase of 32 characters', 'pl4nted-s3same-of-32-characters!'],
    ['a passphrase in base64', Buffer.from('pl4nted-s3same-of-32-characters!').toString('base64')],
    ['hex with blanks', ` ${key.toString('hex')}`],
    ['hex and two newlines', `${key.toString('hex')}\n\n`],
    ['base64 without its end', key.toString('base64').slice(0, -1)],
    ['base64 that says more than it means', key.toString('base64').replace(/.=$/, '/=')],
    ['long', 'pl4nted '.repeat(1000)],
  ])('cannot be %s', async (_, content) => {
    const file = folder.writeSecret('bad.key', content);
    const argv = ['verify', stored, '--encryption-key-file', file];
    expect(await refused(argv)).toBe('encryption_key_malformed');
  });

  it.skipIf(process.platform === 'win32')('that others may read is refused (needs POSIX modes)', async () => {
    const file = folder.writeSecret('open.key', key);
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(file, mode);
      const argv = ['verify', stored, '--encryption-key-file', file];
      expect(await refused(argv)).toBe('encryption_key_exposed');
    }
  });

  it('must be there, as an ordinary file', async () => {
    mkdirSync(folder.at('a folder'), { mode: 0o700 });
    for (const file of [folder.at('no.key'), folder.at('a folder')])
      expect(await refused(['stats', stored, '--encryption-key-file', file])).toBe('file_unreadable');
  });

  it('must be given, be the right one, and be given once', async () => {
    const right = folder.writeSecret('right.key', key);
    const wrong = folder.writeSecret('wrong.key', randomBytes(32));
    expect(await refused(['verify', stored])).toBe('store_encrypted');
    expect(await refused(['verify', stored, '--encryption-key-file', wrong])).toBe('encryption_key_wrong');
    expect(await refused(['verify', stored, '--old-encryption-key-file', right])).toBe('usage');
    const twice = ['--encryption-key-file', right, '--old-encryption-key-file', right];
    expect(await refused(['reencrypt', stored, ...twice])).toBe('usage');
    const plain = ['verify', folder.at('plain'), '--encryption-key-file', right];
    expect(await refused(plain)).toBe('store_not_encrypted');
  });
});

describe('a driver that is not installed', () => {
  it.each([
    ['pg', 'postgres://127.0.0.1/db'],
    ['ioredis', 'redis://127.0.0.1'],
  ])('%s is named, with how to install it', async (driver, url) => {
    // As if it were not there: what asks for it is told that it cannot be found.
    const hooks = `export const resolve = (name, context, next) =>
      name === '${driver}' ? Promise.reject(Object.assign(new Error(name), { code: 'ERR_MODULE_NOT_FOUND' })) : next(name, context);`;
    const script = `import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));`;
    const without = `data:text/javascript,${encodeURIComponent(script)}`;
    const bin = fileURLToPath(new URL('../dist/stele.js', import.meta.url));
    const argv = ['--import', without, bin, 'store', 'verify', url, '--json'];
    const { status, stdout } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
    expect([status, JSON.parse(stdout).error.code]).toEqual([2, 'store_unavailable']);
    expect(JSON.parse(stdout).error.hint).toContain(`npm install ${driver}`);
  });
});
