/** Stores in DynamoDB, and keys that AWS KMS seals: the AWS SDK, against servers of this process that speak its protocols. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type CovenantDocument, FileStore } from '@stele/sdk';
import { DynamoDbStore } from '@stele/store/dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeTable, startDynamoDb } from '../../../test/support/dynamodb.js';
import { KmsServer } from '../../../test/support/kms/kms-server.js';
import { deadPort } from '../../../test/support/proxy.js';
import { run } from '../src/index.js';
import { parseStoreName } from '../src/lib/store/name.js';
import { fill } from './store-support.js';
import { Folder, stele, steleJson } from './support.js';

const folder = new Folder();
const SECRET = 'a s3same of the tests';
const credential = { accessKeyId: 'AKIATEST', secretAccessKey: SECRET };
const dynamoDb = await startDynamoDb();
const kms = await KmsServer.start();
let kmsKey: string;
let kmsArn: string;
let made = 0;
const fresh = (name = 'store') => folder.at(`${name}-${made++}`);
const store = (...argv: string[]) => steleJson(['store', ...argv]);

beforeAll(() => {
  kms.credentials.set(credential.accessKeyId, credential);
  [kmsKey, kmsArn] = createKey();
  vi.stubEnv('AWS_ACCESS_KEY_ID', credential.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credential.secretAccessKey);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
  vi.stubEnv('AWS_ENDPOINT_URL_KMS', kms.url);
});
beforeEach(() => kms.reset());
afterAll(async () => {
  vi.unstubAllEnvs();
  dynamoDb.stop();
  await kms.stop();
});

/** @returns the id and the ARN of a new key in KMS */
function createKey(): [id: string, arn: string] {
  const { KeyMetadata } = kms.keys.answer('CreateKey', {}) as { KeyMetadata: { KeyId: string; Arn: string } };
  return [KeyMetadata.KeyId, KeyMetadata.Arn];
}

/** @returns the name of a store in a table that is there, and empty */
async function table(): Promise<string> {
  const name = `Stele_${made++}`;
  await makeTable(dynamoDb.url, DynamoDbStore.table(name));
  return nameOf(name);
}

const nameOf = (name: string, endpoint = dynamoDb.url) =>
  `dynamodb://${name}?region=us-east-1&endpoint=${endpoint}&transactions=no`;

async function filled(count: number): Promise<string> {
  const path = fresh();
  const files = new FileStore(path);
  await fill(files, count);
  await files.close();
  return path;
}

async function documentsOf(path: string): Promise<CovenantDocument[]> {
  const files = new FileStore(path);
  const found: CovenantDocument[] = [];
  for await (const document of files.iterate()) found.push(document);
  await files.close();
  return found;
}

/** Runs a command that fails, and makes sure that nothing secret is shown. */
async function refused(...argv: string[]): Promise<{ code: string; message: string; hint?: string }> {
  const { code, json, out, err } = await store(...argv);
  expect(code).toBe(2);
  expect(`${out}${err}`).not.toContain(SECRET);
  return json.error;
}

/** Runs a command before a person who types. @returns its exit code and all it wrote */
async function atTerminal(typed: string, ...argv: string[]): Promise<[number, string]> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
  stdin.end(typed);
  let shown = '';
  const output = { write: (text: string) => (shown += text) };
  return [await run(['store', ...argv], { stdin, stdout: output, stderr: output }), shown];
}

describe('a table in DynamoDB', () => {
  it('takes a copy, is verified and counted, and gives it back', async () => {
    const from = await filled(3);
    const to = await table();
    expect((await store('copy', from, to)).json).toMatchObject({
      ...{ covenants: { copied: 3 }, revocations: { copied: 2 }, equal: true, findings: [] },
    });
    const again = await store('copy', from, to);
    expect([again.code, again.json.covenants]).toEqual([0, { copied: 0, already: 3, failed: 0 }]);
    expect((await store('verify', to)).json).toMatchObject({
      ok: true,
      good: { covenants: 3, revocations: 2 },
    });
    expect((await store('stats', to)).json).toMatchObject({
      ...{ covenants: 3, revocations: 2, encrypted: false },
      supports: { transaction: false, watch: false },
    });
    const back = fresh();
    expect((await store('copy', to, back)).code).toBe(0);
    expect(await documentsOf(back)).toEqual(await documentsOf(from));
  });

  it('must be there: not even a copy makes it', async () => {
    const nowhere = nameOf('Nowhere');
    for (const argv of [
      ['verify', nowhere],
      ['stats', nowhere],
      ['copy', await filled(2), nowhere],
    ]) {
      const error = await refused(...argv);
      expect(error.code).toBe('store_missing');
      expect(error.hint).toContain('the partition key kind and the sort key id');
    }
  });

  it('is not copied into itself', async () => {
    const name = await table();
    expect((await refused('copy', name, name)).code).toBe('usage');
  });

  it('that cannot be reached is an error', async () => {
    const error = await refused('verify', nameOf('Table', `http://127.0.0.1:${await deadPort()}`));
    expect(error.code).toBe('store_unavailable');
    expect(error.hint).toContain('credentials');
  });

  it('is named by its table, its region and its endpoint', () => {
    expect(parseStoreName('dynamodb://Some.Table_1-a?region=eu-central-1')).toEqual({
      ...{ kind: 'dynamodb', table: 'Some.Table_1-a', region: 'eu-central-1', transaction: true },
      shown: 'dynamodb://Some.Table_1-a?region=eu-central-1',
    });
    expect(parseStoreName('dynamodb://abc')).toEqual({
      ...{ kind: 'dynamodb', table: 'abc', transaction: true, shown: 'dynamodb://abc' },
    });
    expect(
      parseStoreName('dynamodb://abc?endpoint=http%3A%2F%2F127.0.0.1%3A8000&transactions=no'),
    ).toMatchObject({
      ...{ endpoint: 'http://127.0.0.1:8000', transaction: false },
      shown: 'dynamodb://abc?endpoint=http://127.0.0.1:8000&transactions=no',
    });
  });

  it.each([
    ['without a table', 'dynamodb://'],
    ['by a name that is too short', 'dynamodb://ab'],
    ['with a path', 'dynamodb://table/pl4nted-s3same'],
    ['with a user and a password', 'dynamodb://AKIA:pl4nted-s3same@table'],
    ['with what is not known', 'dynamodb://table?secretAccessKey=pl4nted-s3same'],
    ['with two regions', 'dynamodb://table?region=a&region=b'],
    ['with a region that cannot be', 'dynamodb://table?region=evil.example%2F'],
    ['with an endpoint that is none', 'dynamodb://table?endpoint=127.0.0.1:8000'],
    ['with an endpoint of another kind', 'dynamodb://table?endpoint=file:///etc/passwd'],
    ['with a password in the endpoint', 'dynamodb://table?endpoint=http://u:pl4nted-s3same@127.0.0.1:8000'],
    ['with a key in the endpoint', 'dynamodb://table?endpoint=http://127.0.0.1:8000/%3Fkey=pl4nted-s3same'],
    ['with transactions that are neither', 'dynamodb://table?transactions=maybe'],
  ])('cannot be named %s', async (_, name) => {
    const { code, out, err, json } = await store('verify', name);
    expect([code, json.error.code]).toEqual([2, 'usage']);
    expect(`${out}${err}`).not.toContain('s3same');
  });
});

describe('keys that AWS KMS seals', () => {
  const ring = folder.at('ring');
  const keys = () => ['--encryption-key-ring', ring, '--kms-key', kmsKey];

  it('are made by a copy, turned by a re-encryption, and forgotten when nothing is under them', async () => {
    const from = await filled(3);
    const to = await table();
    const copied = await store('copy', from, to, '--to-encryption-key-ring', ring, '--to-kms-key', kmsKey);
    expect(copied.json).toMatchObject({ covenants: { copied: 3 }, revocations: { copied: 2 }, equal: true });
    expect(kms.operations).toEqual(['GenerateDataKey']);
    kms.reset();
    expect((await store('verify', to, ...keys())).json).toMatchObject({ ok: true, good: { covenants: 3 } });
    expect(kms.operations).toEqual(['Decrypt']);

    const turned = await store('reencrypt', to, ...keys(), '--rotate');
    expect(turned.json).toMatchObject({
      ...{ done: true, reencrypted: 5 },
      keys: [
        { current: true, records: 6 },
        { current: false, records: 0 },
      ],
    });
    const drop = ['reencrypt', to, ...keys(), '--drop-unused'];
    const usage = async () => (await store('stats', to, ...keys())).json.keys;
    expect((await refused(...drop, '--rotate')).code).toBe('not_confirmed');
    expect(await atTerminal('no\n', ...drop, '--rotate')).toEqual([
      2,
      expect.stringContaining('nothing was done'),
    ]);
    expect(await usage()).toEqual(turned.json.keys);
    expect(await atTerminal('yes\n', ...drop)).toEqual([0, expect.stringContaining('are to be forgotten')]);
    const left = [{ keyId: turned.json.keys[0].keyId, current: true, records: 6 }];
    expect(await usage()).toEqual(left);
    expect((await store(...drop, '--yes')).json).toMatchObject({ done: true, reencrypted: 0, keys: left });
    const back = fresh();
    expect((await store('copy', to, back, ...keys())).code).toBe(0);
    expect(await documentsOf(back)).toEqual(await documentsOf(from));
  });

  it('are nowhere in clear', () => {
    const state = readdirSync(ring)
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(ring, name), 'utf8'))
      .join('');
    const keysInClear = kms.traffic.flatMap((text) => /"Plaintext":"([^"]+)"/.exec(text)?.[1] ?? []);
    expect(keysInClear.length).toBeGreaterThan(0);
    expect(state).toContain('SteleStoreKeys');
    for (const key of keysInClear) expect(state).not.toContain(key.slice(0, 16));
  });

  it('are not opened by another key in KMS', async () => {
    const [other] = createKey();
    const error = await refused('verify', fresh(), '--encryption-key-ring', ring, '--kms-key', other);
    expect(error.code).toBe('encryption_key_unavailable');
  });

  it('cannot be had when KMS refuses, or has gone', async () => {
    kms.play({ refuse: 'AccessDeniedException' });
    const denied = await refused('verify', fresh(), ...keys());
    expect([denied.code, denied.message]).toEqual([
      'encryption_key_unavailable',
      expect.stringContaining('AccessDeniedException'),
    ]);
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', `http://127.0.0.1:${await deadPort()}`);
    expect((await refused('verify', fresh(), ...keys())).code).toBe('encryption_key_unavailable');
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', kms.url);
  });

  it('are made by nothing but a copy', async () => {
    const missing = ['--encryption-key-ring', folder.at('no ring'), '--kms-key', kmsKey];
    for (const command of ['verify', 'stats', 'reencrypt'])
      expect((await refused(command, await table(), ...missing)).code).toBe('ring_missing');
    expect(kms.operations).toEqual([]);
  });

  it('are given with what seals them, and not beside a key file', async () => {
    const file = folder.writeSecret('a.key', randomBytes(32));
    for (const flags of [
      ['--encryption-key-ring', ring],
      ['--kms-key', kmsKey],
      [...keys(), '--encryption-key-file', file],
      [...keys(), '--old-encryption-key-file', file],
    ])
      expect((await refused('verify', fresh(), ...flags)).code).toBe('usage');
    for (const flag of ['--rotate', '--drop-unused'])
      expect((await refused('reencrypt', fresh(), '--encryption-key-file', file, flag)).code).toBe('usage');
  });

  it('are asked for in the region of an ARN', async () => {
    vi.stubEnv('AWS_REGION', undefined);
    const { code } = await refused('stats', fresh(), '--encryption-key-ring', ring, '--kms-key', kmsArn);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    expect([code, kms.operations]).toEqual(['store_missing', ['Decrypt']]);
  });
});

describe('the AWS SDK, where it is not installed', () => {
  it.each([
    ['@aws-sdk/client-dynamodb', 'store_unavailable', () => ['verify', nameOf('Table')]],
    [
      '@aws-sdk/client-kms',
      'encryption_key_unavailable',
      () => ['verify', nameOf('Table'), '--encryption-key-ring', folder.at('ring'), '--kms-key', kmsKey],
    ],
  ])('%s is named, with how to install it', (name, code, argv) => {
    const hooks = `export const resolve = (name, context, next) =>
      name === '${name}' ? Promise.reject(Object.assign(new Error(name), { code: 'ERR_MODULE_NOT_FOUND' })) : next(name, context);`;
    const script = `import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));`;
    const bin = fileURLToPath(new URL('../dist/stele.js', import.meta.url));
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(script)}`, bin, 'store', ...argv(), '--json'],
      { encoding: 'utf8' },
    );
    expect([status, JSON.parse(stdout).error.code]).toEqual([2, code]);
    expect(stdout).toContain(name);
  });
});

it('does what the guide says', async () => {
  const guide = readFileSync(new URL('../../../docs/stores.md', import.meta.url), 'utf8');
  const blocks = [...guide.matchAll(/^```sh aws\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
  const there: Readonly<Record<string, string>> = {
    '"dynamodb://covenants?region=eu-central-1"': await table(),
    covenants: await filled(2),
    'alias/covenants': kmsKey,
    'store-keys': fresh('ring'),
    'sealed-by-kms': fresh(),
  };
  const lines = blocks.join('').trimEnd().split('\n');
  for (const line of lines) {
    const [, ...argv] = line.split(' ').map((word) => there[word] ?? word);
    expect([line, (await stele(argv)).code]).toEqual([line, 0]);
  }
  expect(lines).toHaveLength(6);
});

it('tells of both in its help', async () => {
  const { out } = await stele(['store', '--help']);
  expect(out).toContain('dynamodb://TABLE?region=');
  expect((await stele(['store', 'copy', '--help'])).out).toContain('--to-kms-key');
});
