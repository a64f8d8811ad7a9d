import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { openKeyFile } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { Folder, PASSPHRASE, RULES, stele, steleJson } from './support.js';

const folder = new Folder();

describe('keygen', () => {
  it('writes a key file under a passphrase, that only its owner can read, and prints what is public', async () => {
    const argv = ['keygen', '--out', folder.at('sealed.key'), ...folder.passphrase()];
    const { code, json } = await steleJson(argv);
    expect(code).toBe(0);
    expect(Object.keys(json)).toEqual(['did', 'publicKeyHex', 'file', 'encrypted']);
    expect(statSync(folder.at('sealed.key')).mode & 0o777).toBe(0o600);
    const { keyPair, use } = await openKeyFile(folder.read('sealed.key'), PASSPHRASE);
    expect([keyPair.did, keyPair.publicKeyHex, use]).toEqual([json.did, json.publicKeyHex, 'covenant']);
  });

  it('binds the key to the use that it is told', async () => {
    const argv = ['keygen', '--out', folder.at('log.key'), '--use', 'log', ...folder.passphrase()];
    expect((await stele(argv)).code).toBe(0);
    expect((await openKeyFile(folder.read('log.key'), PASSPHRASE)).use).toBe('log');
    const rules = folder.write('rules.ccl', RULES);
    const sign = [
      'sign',
      rules,
      '--key',
      folder.at('log.key'),
      '--beneficiary',
      'urn:a:b',
      ...folder.passphrase(),
    ];
    expect((await steleJson(sign)).json.error.code).toBe('key_use_wrong');
  });

  it('writes nothing in clear unless it is told', async () => {
    const { code, json } = await steleJson(['keygen', '--out', folder.at('none.key')]);
    expect([code, json.error.code, existsSync(folder.at('none.key'))]).toEqual([
      2,
      'passphrase_missing',
      false,
    ]);
  });

  it.each([
    ['a passphrase', '--passphrase-fd', '0'],
    ['a use', '--use', 'covenant'],
  ])('does not take %s for a key in clear', async (_, ...flags) => {
    const { code, json } = await steleJson([
      'keygen',
      '--plaintext',
      '--out',
      folder.at('both.jwk'),
      ...flags,
    ]);
    expect([code, json.error.code, existsSync(folder.at('both.jwk'))]).toEqual([2, 'usage', false]);
  });

  it('does not write over the passphrase that it reads', async () => {
    const [flag, file] = folder.passphrase();
    const { code, json } = await steleJson(['keygen', '--out', file, '--force', flag, file]);
    expect([code, json.error.code, folder.read('passphrase')]).toEqual([2, 'usage', `${PASSPHRASE}\n`]);
  });

  it('writes a JWK that only its owner can read, and prints what is public', async () => {
    const ran = await stele(['keygen', '--plaintext', '--out', folder.at('a.jwk')]);
    const jwk = JSON.parse(folder.read('a.jwk'));
    expect(ran.code).toBe(0);
    expect(statSync(folder.at('a.jwk')).mode & 0o777).toBe(0o600);
    expect(jwk).toMatchObject({ kty: 'OKP', crv: 'Ed25519', kid: expect.stringMatching(/^did:key:z6Mk/) });
    expect(ran.out).toContain(jwk.kid);
    expect(ran.out).toContain(Buffer.from(jwk.x, 'base64url').toString('hex'));
  });

  it('replaces nothing without --force', async () => {
    folder.write('mine.txt', 'mine');
    const { code, json } = await steleJson(['keygen', '--plaintext', '--out', folder.at('mine.txt')]);
    expect([code, json.error.code, folder.read('mine.txt')]).toEqual([2, 'file_exists', 'mine']);
  });

  it('replaces an ordinary file with --force, whole, and closes it to others', async () => {
    folder.write('old.jwk', 'old');
    chmodSync(folder.at('old.jwk'), 0o644);
    const { code } = await stele(['keygen', '--plaintext', '--out', folder.at('old.jwk'), '--force']);
    expect(code).toBe(0);
    expect(JSON.parse(folder.read('old.jwk')).kty).toBe('OKP');
    expect(statSync(folder.at('old.jwk')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each([[[]], [['--force']]])('never writes through a link (%j)', async (flags) => {
    folder.write('target.txt', 'target');
    const link = folder.at(`link${flags.length}`);
    symlinkSync(folder.at('target.txt'), link);
    expect((await stele(['keygen', '--plaintext', '--out', link, ...flags])).code).toBe(2);
    expect(folder.read('target.txt')).toBe('target');
  });

  it.each([
    [['keygen']],
    [['keygen', '--out', '-']],
    [['keygen', '--plaintext', '--out', '/nowhere/at/all/key']],
  ])('refuses %j', async (argv) => {
    const { code, err } = await stele(argv);
    expect(code).toBe(2);
    expect(err).not.toBe('');
  });
});

describe('a private key', () => {
  it('never appears on any output of any command', async () => {
    const { file, did } = await folder.key('secret.jwk');
    const d: string = JSON.parse(readFileSync(file, 'utf8')).d;
    const bytes = Buffer.from(d, 'base64url');
    const rules = folder.write('rules.ccl', RULES);
    const covenant = folder.at('covenant.json');
    const broken = folder.write('broken.jwk', `{"kty":"OKP","crv":"Ed25519","d":"${d}",}`);
    const doubled = folder.write('doubled.jwk', `{"kty":"OKP","kty":"OKP","d":"${d}"}`);
    const foreign = folder.write('foreign.jwk', { kty: 'OKP', crv: 'Ed25519', d, x: 'A'.repeat(43) });
    for (const key of [broken, doubled, foreign]) chmodSync(key, 0o600);
    const sign = (key: string) => ['sign', rules, '--key', key, '--beneficiary', did, '--out', covenant];
    const shown: string[] = [];
    for (const argv of [
      sign(file),
      [...sign(file), '--json'],
      sign(broken),
      sign(doubled),
      [...sign(foreign), '--json'],
      sign(d),
      sign(bytes.toString('hex')),
      [...sign(bytes.toString('base64')), '--json'],
      ['verify', covenant],
      ['verify', file],
      ['check', covenant, 'orders.read', '/orders/1', '--json'],
      ['check', file, 'orders.read', '/orders/1'],
      ['keygen', '--plaintext', '--out', file],
    ]) {
      const { out, err } = await stele(argv);
      shown.push(out, err);
    }
    const all = shown.join('\n');
    expect(existsSync(covenant)).toBe(true);
    for (const secret of [d, bytes.toString('hex'), bytes.toString('base64').slice(0, 40)])
      expect(all.includes(secret)).toBe(false);
  });

  it.runIf(process.platform !== 'win32').each([0o640, 0o604, 0o644])(
    'is not used from a file that others can read (%o)',
    async (mode) => {
      const { file, did } = await folder.key(`open-${mode}.jwk`);
      chmodSync(file, mode);
      const rules = folder.write('rules.ccl', RULES);
      const { code, json } = await steleJson(['sign', rules, '--key', file, '--beneficiary', did]);
      expect([code, json.error.code]).toEqual([2, 'key_exposed']);
    },
  );

  it.each([
    ['empty', ''],
    ['no JSON', 'secret'],
    ['no object', '[]'],
    ['another curve', { kty: 'OKP', crv: 'X25519', d: 'A'.repeat(43) }],
    ['no private part', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }],
    ['a short one', { kty: 'OKP', crv: 'Ed25519', d: 'AAAA' }],
    ['spare bits that are not zero', { kty: 'OKP', crv: 'Ed25519', d: `${'A'.repeat(42)}B` }],
    ['padding', { kty: 'OKP', crv: 'Ed25519', d: `${'A'.repeat(43)}=` }],
    ['the kid of another', { kty: 'OKP', crv: 'Ed25519', d: 'A'.repeat(43), kid: 'did:key:z6MkOther' }],
    ['too much', `{"kty":"OKP"}${' '.repeat(20_000)}`],
  ])('is refused with %s in its file', async (_, content) => {
    const file = folder.write('malformed.jwk', content);
    chmodSync(file, 0o600);
    const rules = folder.write('rules.ccl', RULES);
    const { code, json } = await steleJson(['sign', rules, '--key', file, '--beneficiary', 'did:key:z6Mk']);
    expect([code, json.error.code]).toEqual([2, 'key_malformed']);
  });
});
