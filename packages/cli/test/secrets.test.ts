/** Planted keys and passphrases, and every command run over them: none of it comes out anywhere. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fromBase64Url, passphraseSealer } from '@stele/crypto';
import { FileStore, keyPairFromPrivateKey, SteleClient } from '@stele/sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { Folder, type Ran, RULES, stele } from './support.js';

const PLANTED = 'a planted passphrase, 5b1e';
const SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const AGENT = 'https://acme.example/agents/refunds';

const folder = new Folder();
const at = (name: string) => folder.at(name);
const shown: string[] = [];

async function tell(argv: readonly string[], stdin = ''): Promise<Ran> {
  const ran = await stele(argv, stdin);
  shown.push(ran.out, ran.err);
  return ran;
}

/** Private keys of a ring, opened by hand from what stands in the folder at this moment. */
async function seedsOf(ring: string): Promise<Uint8Array[]> {
  const newest = readdirSync(ring).filter(
    (name) => statSync(join(ring, name)).size > 0 && name.endsWith('.json'),
  );
  const { use, keys } = JSON.parse(readFileSync(join(ring, newest[0] as string), 'utf8'));
  const sealer = passphraseSealer(PLANTED);
  const open = ({ sealed, publicKeyHex }: { sealed: string; publicKeyHex: string }) =>
    sealer.open(fromBase64Url(sealed), Buffer.from(`stele/key-ring/1\n${use}\n${publicKeyHex}`));
  return Promise.all(keys.filter(({ sealed }: { sealed?: string }) => sealed !== undefined).map(open));
}

/** Every spelling in which bytes could turn up; of the longer ones the part that no padding changes. */
function spellings(secret: Uint8Array): Buffer[] {
  const bytes = Buffer.from(secret);
  const texts = [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64').slice(0, 40),
  ];
  return [bytes, ...[...texts, bytes.toString('base64url').slice(0, 40)].map((text) => Buffer.from(text))];
}

function filesUnder(path: string): string[] {
  return readdirSync(path).flatMap((name) => {
    const full = join(path, name);
    return statSync(full).isDirectory() ? filesUnder(full) : [full];
  });
}

const secrets: Uint8Array[] = [SEED, Buffer.from(PLANTED)];
let given: string[];

beforeAll(async () => {
  given = ['--passphrase-file', folder.writeSecret('passphrase.txt', `${PLANTED}\n`)];
  const { did } = await keyPairFromPrivateKey(SEED);
  const jwk = { kty: 'OKP', crv: 'Ed25519', kid: did, d: SEED.toString('base64url') };
  folder.writeSecret('planted.jwk', jwk);
  folder.writeSecret('broken.key', `{"type":"SteleKeyFile","d":"${SEED.toString('base64url')}"`);
  folder.write('rules.ccl', RULES);
});

/** All that can be asked, with what should come of it. */
const sign = (key: string) => ['sign', at('rules.ccl'), '--key', key, '--beneficiary', AGENT];

describe('no private key and no passphrase', () => {
  it('appears in an output, or in a file that is none of its own', async () => {
    const ring = at('ring');
    const inRing = ['--ring', ring, ...given];
    const ok = async (...argv: string[]) => expect((await tell(argv)).code, argv.join(' ')).toBe(0);
    await ok('keys', 'import', at('planted.jwk'), '--out', at('planted.key'), ...given);
    await ok('keygen', '--out', at('other.key'), ...given, '--json');
    await ok('keys', 'init', ...inRing);
    secrets.push(...(await seedsOf(ring)));
    const first = new FileStore(at('store'));
    const planted = await keyPairFromPrivateKey(SEED);
    await new SteleClient({ store: first, signer: planted }).issue({
      beneficiary: { id: AGENT },
      constraints: RULES,
    });
    await ok('keys', 'rotate', ...inRing, '--continuity', at('continuity.json'), '--json');
    secrets.push(...(await seedsOf(ring)));
    await ok('keys', 'continuity', ...inRing, '--out', at('continuity2.json'));
    await ok('keys', 'rotate', ...inRing, '--if-due');
    await ok('keys', 'list', '--ring', ring);
    await ok('keys', 'list', '--ring', ring, '--json');
    await ok('keys', 'export-public', '--ring', ring, '--format', 'jwk', '--all');
    await ok('keys', 'export-public', '--ring', ring, '--json');
    await ok(...sign(ring), ...given, '--out', at('covenant.json'));
    await ok(...sign(at('planted.key')), ...given, '--json');
    await ok(...sign(at('planted.jwk')), '--json');
    await ok(
      'sign',
      '--countersign',
      at('covenant.json'),
      '--key',
      at('planted.key'),
      ...given,
      '--out',
      at('both.json'),
    );
    await ok('verify', at('both.json'));
    const { newKey } = JSON.parse(readFileSync(at('continuity.json'), 'utf8'));
    await ok('keys', 'revoke', newKey, ...inRing, '--reason', 'planted');
    secrets.push(...(await seedsOf(ring)));
    await ok('keys', 'crl', ...inRing, '--next-update', '1d', '--out', at('crl.json'));
    await tell(['keys', 'crl', '--check', at('crl.json'), '--issuer', newKey]);
    await ok('reissue', '--store', at('store'), ...inRing, '--continuity', at('continuity2.json'));
    await ok('doctor', '--ring', ring, '--key', at('planted.key'));
    await tell(['doctor', '--key', at('planted.jwk'), '--json']);
    await tell(['doctor', '--key', at('broken.key')]);
    await tell([...sign(at('broken.key')), ...given]);
    for (const key of [SEED.toString('hex'), SEED.toString('base64url'), SEED.toString('base64')]) {
      await tell([...sign(key), ...given, '--json']);
      await tell(['keys', 'import', key, '--out', at('no.key'), ...given]);
      await tell(['doctor', '--key', key]);
    }
    await tell([...sign(ring), '--passphrase-file', PLANTED]);
    await tell([...sign(ring), '--passphrase-fd', '0', '--json'], `another than ${PLANTED}`);
    await tell(['keys', 'rotate', '--ring', ring, '--passphrase-fd', '0'], `${PLANTED}\n${PLANTED}`);
    for (const json of [[], ['--json']]) {
      for (const slip of [
        [`--passphrase=${PLANTED}`],
        ['--passphrase', PLANTED],
        [`--pass=${PLANTED}`],
        ['--passphrase-fd', PLANTED],
        [`--passphrase-fd=${PLANTED}`],
        [`--key=${PLANTED}`],
        [PLANTED],
      ])
        expect((await tell(['keys', 'rotate', '--ring', ring, ...slip, ...json])).code).toBe(2);
      expect((await tell([...sign(`${ring}`), `--private-key=${SEED.toString('hex')}`, ...json])).code).toBe(
        2,
      );
    }
    await tell(['keygen', '--out', at('planted.key'), ...given]);
    expect(secrets.length).toBeGreaterThanOrEqual(5);
    noneIn(Buffer.from(shown.join('\n')), 'the output');
  }, 240_000);

  it('stands in any file but those that are to hold it', () => {
    const own = new Map([
      ['passphrase.txt', 'passphrase'],
      ['planted.jwk', 'key'],
      ['broken.key', 'key'],
    ]);
    for (const file of filesUnder(folder.path)) {
      if (own.has(file.slice(folder.path.length + 1))) continue;
      noneIn(readFileSync(file), file);
    }
  });

  it('is found by this test where it does stand', () => {
    const found = (name: string) =>
      secrets.some((secret) => spellings(secret).some((each) => readFileSync(at(name)).includes(each)));
    expect(['passphrase.txt', 'planted.jwk', 'broken.key'].map(found)).toEqual([true, true, true]);
  });
});

function noneIn(text: Buffer, where: string): void {
  for (const secret of secrets)
    for (const spelling of spellings(secret)) expect(text.includes(spelling), where).toBe(false);
}
