import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { verifyKeyContinuity } from '@stele/core';
import { openKeyFile } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { DAY, managerAt } from './ring-support.js';
import { Folder, PASSPHRASE, stele, steleJson } from './support.js';

const folder = new Folder();
const given = folder.passphrase();
const keys = (...argv: string[]) => steleJson(['keys', ...argv]);
const statesOf = async (ring: string) =>
  (await keys('list', '--ring', ring)).json.keys.map(({ state }: { state: string }) => state);
const HEX = 'a'.repeat(64);

describe('keys init', () => {
  it('makes a ring that only its owner can open, and prints what is public', async () => {
    const { code, json } = await keys('init', '--ring', folder.at('made'), ...given);
    expect([code, Object.keys(json)]).toEqual([0, ['did', 'publicKeyHex', 'use', 'ring']]);
    expect(statSync(folder.at('made')).mode & 0o777).toBe(0o700);
    expect(statSync(folder.at('made/1.json')).mode & 0o777).toBe(0o600);
    const { out } = await stele(['keys', 'list', '--ring', folder.at('made')]);
    expect(out).toContain(json.did);
  });

  it('takes no folder that is a ring already', async () => {
    const { path, did } = await folder.ring('twice');
    const { code, json } = await keys('init', '--ring', path, ...given);
    expect([code, json.error.code]).toEqual([2, 'ring_exists']);
    expect((await keys('list', '--ring', path)).json.keys).toMatchObject([{ did }]);
  });

  it('takes no folder that holds other things', async () => {
    const { code, json } = await keys('init', '--ring', folder.path, ...given);
    expect([code, json.error.code, existsSync(folder.at('1.json'))]).toEqual([2, 'file_exists', false]);
  });

  it('makes one ring, however many do it at once', async () => {
    const init = () => keys('init', '--ring', folder.at('raced'), ...given);
    const made = await Promise.all([init(), init(), init()]);
    const dids = made.flatMap(({ code, json }) => (code === 0 ? [json.did] : []));
    expect(new Set(dids).size).toBe(1);
    expect(await statesOf(folder.at('raced'))).toEqual(['active']);
  });

  it.each([
    ['no ring', []],
    ['a use that is none', ['--ring', 'x', '--use', 'a b']],
  ])('refuses %s', async (_, argv) => {
    expect((await keys('init', ...argv, ...given)).json.error.code).toBe('usage');
  });
});

describe('keys list', () => {
  let ring: string;
  beforeAll(async () => {
    ring = folder.at('old');
    const { manager, time } = await managerAt(ring, 200);
    time.now += 90 * DAY;
    await manager.rotate();
    time.now += 100 * DAY;
    await manager.rotate();
    await manager.revoke(HEX, 'not \u001b[2J ours');
  });

  it('says of every key what became of it, without a passphrase', async () => {
    const { code, json } = await keys('list', '--ring', ring, '--max-age', '9d');
    expect(code).toBe(0);
    expect(json).toMatchObject({ use: 'covenant', due: true, ageDays: 10, maxAgeDays: 9 });
    expect(json.keys).toMatchObject([
      { state: 'retired', ageDays: 200, retiredAt: expect.any(String) },
      { state: 'retired', ageDays: 110, verifiesUntil: expect.any(String) },
      { state: 'active', ageDays: 10 },
    ]);
    expect(json.revoked).toMatchObject([{ publicKeyHex: HEX }]);
  });

  it('is a table for a person, in which nothing can move the cursor', async () => {
    const { out } = await stele(['keys', 'list', '--ring', ring]);
    expect(out).toMatch(/^state +age +created +replaced +verifies until +ended +did$/m);
    expect(out.match(/^retired .*did:key:z6Mk/gm)).toHaveLength(2);
    expect(out).toContain('10 of 90 days old: not due');
    expect(out).not.toContain('\u001b');
  });

  it('shows no more of a private key than the ring says in clear', async () => {
    const sealed = JSON.parse(folder.read('old/4.json')).keys.at(-1).sealed;
    expect((await stele(['keys', 'list', '--ring', ring, '--json'])).out).not.toContain(sealed);
  });

  it.each([
    ['where there is none', () => folder.at('nowhere'), 'ring_missing'],
    ['in a folder without one', () => folder.path, 'ring_missing'],
    ['in a file', () => folder.write('file', 'x'), 'file_unreadable'],
    ['that is malformed', () => damaged('{}'), 'key_ring_malformed'],
    ['of a newer version', () => damaged('{"schema":2}'), 'key_ring_version'],
    ['that is cut short', () => damaged('{"schema":1,"use":"cov'), 'key_ring_malformed'],
  ])('refuses a ring %s', async (_, path, expected) => {
    const { code, json } = await keys('list', '--ring', path());
    expect([code, json.error.code]).toEqual([2, expected]);
  });

  it('refuses an age that is none', async () => {
    expect((await keys('list', '--ring', ring, '--max-age', 'ninety')).json.error.code).toBe('usage');
  });
});

function damaged(text: string): string {
  mkdirSync(folder.at('damaged'), { recursive: true });
  folder.writeSecret('damaged/1.json', text);
  return folder.at('damaged');
}

describe('keys rotate', () => {
  it('puts a new key in place, and states by both that it follows', async () => {
    const { path, did } = await folder.ring('rotated');
    const file = folder.at('continuity.json');
    const { code, json } = await keys(
      'rotate',
      '--ring',
      path,
      '--overlap',
      '3d',
      '--continuity',
      file,
      ...given,
    );
    expect(code).toBe(0);
    expect(json).toMatchObject({
      rotated: true,
      oldKey: { did, state: 'retiring' },
      newKey: { state: 'active' },
    });
    const { replacedAt, verifiesUntil } = json.oldKey;
    expect(Date.parse(verifiesUntil) - Date.parse(replacedAt)).toBe(3 * DAY);
    const { valid, continuity } = await verifyKeyContinuity(folder.read('continuity.json'));
    expect([valid, continuity?.oldKey, continuity?.newKey]).toEqual([true, did, json.newKey.did]);
    expect(await statesOf(path)).toEqual(['retiring', 'active']);
  });

  it('rotates once, however many do it at once', async () => {
    const { path, did } = await folder.ring('at-once');
    const rotate = (file: string) =>
      keys('rotate', '--ring', path, '--continuity', folder.at(file), ...given);
    const ran = await Promise.all(['c1.json', 'c2.json', 'c3.json'].map(rotate));
    const { json } = await keys('list', '--ring', path);
    const active = json.keys[1].did;
    expect(json.keys).toMatchObject([{ did, state: 'retiring' }, { state: 'active' }]);
    for (const each of ran)
      expect(each).toMatchObject({ code: 0, json: { oldKey: { did }, newKey: { did: active } } });
    for (const file of ['c1.json', 'c2.json', 'c3.json'])
      expect(JSON.parse(folder.read(file))).toMatchObject({ oldKey: did, newKey: active });
  });

  it('leaves a key alone that is not due, and wipes what has ended', async () => {
    const path = folder.at('not-due');
    const { manager, time } = await managerAt(path, 60);
    time.now += 30 * DAY;
    await manager.rotate();
    const rotate = (age: string) => keys('rotate', '--ring', path, '--if-due', '--max-age', age, ...given);
    expect((await rotate('31d')).json).toMatchObject({ rotated: false, activeKey: { state: 'active' } });
    expect((await keys('list', '--ring', path)).json.keys[0].retiredAt).toEqual(expect.any(String));
    expect((await rotate('30d')).json).toMatchObject({ rotated: true });
    const again = [
      'rotate',
      '--ring',
      path,
      '--if-due',
      '--continuity',
      folder.write('there.json', ''),
      ...given,
    ];
    expect((await keys(...again)).json).toMatchObject({ rotated: false });
    expect((await rotate('30d')).json).toMatchObject({ rotated: false });
    expect(await statesOf(path)).toEqual(['retired', 'retiring', 'active']);
  });

  it('lets the old key end at once where there is no overlap', async () => {
    const { path } = await folder.ring('hard');
    expect((await keys('rotate', '--ring', path, '--overlap', '0d', ...given)).json.oldKey.state).toBe(
      'retired',
    );
    expect(
      readdirSync(path)
        .map((name) => folder.read(join('hard', name)))
        .join('')
        .match(/"sealed"/g),
    ).toHaveLength(1);
  });

  it('changes nothing where it cannot do all that it is asked', async () => {
    const { path } = await folder.ring('whole');
    const taken = folder.write('taken.json', 'mine');
    symlinkSync(folder.at('elsewhere.json'), folder.at('link.json'));
    const refused = async (...flags: string[]) =>
      (await keys('rotate', '--ring', path, ...flags)).json.error.code;
    expect(await refused('--continuity', taken, ...given)).toBe('file_exists');
    expect(await refused('--continuity', folder.at('link.json'), ...given)).toBe('file_exists');
    expect(await refused('--continuity', folder.at('c.json'), '--overlap', '0d', ...given)).toBe('usage');
    expect(await refused('--overlap', '-1d', ...given)).toBe('usage');
    expect(await refused('--if-due', '--max-age', '0d', ...given)).toBe('usage');
    expect(await refused(...folder.passphrase('another'))).toBe('key_ring_locked');
    expect(await refused()).toBe('passphrase_missing');
    folder.passphrase();
    expect(folder.read('taken.json')).toBe('mine');
    expect(await statesOf(path)).toEqual(['active']);
  });

  it('says that the rotation stands if its statement could not be written', async () => {
    const { path } = await folder.ring('half');
    const rotate = ['rotate', '--ring', path, '--continuity', folder.at('no/such/c.json'), ...given];
    expect((await keys(...rotate)).json.error.code).toBe('file_unwritable');
    expect(await statesOf(path)).toEqual(['retiring', 'active']);
    const later = await keys('continuity', '--ring', path, '--out', folder.at('later.json'), ...given);
    expect([later.code, (await verifyKeyContinuity(folder.read('later.json'))).valid]).toEqual([0, true]);
  });

  it.runIf(process.platform !== 'win32')('does not open a ring that others can read', async () => {
    const { path } = await folder.ring('open');
    chmodSync(join(path, '1.json'), 0o644);
    expect((await keys('rotate', '--ring', path, ...given)).json.error.code).toBe('key_exposed');
  });

  it.runIf(process.platform !== 'win32')('does not open a ring that others can change', async () => {
    const { path } = await folder.ring('changeable');
    for (const mode of [0o720, 0o702, 0o777]) {
      chmodSync(path, mode);
      expect((await keys('rotate', '--ring', path, ...given)).json.error.code).toBe('key_exposed');
    }
    expect(await statesOf(path)).toEqual(['active']);
  });
});

describe('keys continuity', () => {
  it('joins the newest key to the last one that was not revoked', async () => {
    const { path, did } = await folder.ring('joined');
    const { json } = await keys('rotate', '--ring', path, ...given);
    const revoked = await keys('revoke', json.newKey.did, '--ring', path, '--reason', 'lost', ...given);
    const out = folder.at('joined.json');
    expect((await keys('continuity', '--ring', path, '--out', out, ...given)).json).toEqual({
      oldKey: did,
      newKey: revoked.json.activeKey.did,
      file: out,
    });
    expect((await keys('continuity', '--ring', path, '--out', out, ...given)).json.error.code).toBe(
      'file_exists',
    );
  });

  it('is refused where no key before can sign', async () => {
    const { path } = await folder.ring('alone');
    const state = () => keys('continuity', '--ring', path, '--out', folder.at('alone.json'), ...given);
    expect((await state()).json.error.code).toBe('key_unknown');
    await keys('rotate', '--ring', path, '--overlap', '0d', ...given);
    expect((await state()).json.error.code).toBe('key_retired');
    expect(existsSync(folder.at('alone.json'))).toBe(false);
  });
});

describe('keys revoke', () => {
  it.each(['did', 'publicKeyHex'] as const)(
    'ends the active key by its %s, and puts a new one in place',
    async (name) => {
      const ring = await folder.ring(`revoked-${name}`);
      const argv = ['revoke', ring[name], '--ring', ring.path, '--reason', 'stolen', ...given];
      const { code, json } = await keys(...argv);
      expect(code).toBe(0);
      expect(json).toMatchObject({
        replaced: true,
        revoked: { publicKeyHex: ring.publicKeyHex, reason: 'stolen' },
      });
      expect(json.activeKey.did).not.toBe(ring.did);
      expect(await statesOf(ring.path)).toEqual(['revoked', 'active']);
      const again = await keys(...argv.with(5, 'another reason'));
      expect(again.json).toMatchObject({
        replaced: false,
        revoked: { reason: 'stolen' },
        activeKey: json.activeKey,
      });
    },
  );

  it('leaves the active key where another one is revoked', async () => {
    const { path, did } = await folder.ring('revoked-old');
    const { newKey } = (await keys('rotate', '--ring', path, ...given)).json;
    const { json } = await keys('revoke', did, '--ring', path, '--reason', 'stolen', ...given);
    expect(json).toMatchObject({ replaced: false, activeKey: { did: newKey.did } });
    expect(await statesOf(path)).toEqual(['revoked', 'active']);
  });

  it('takes a key of others only if it is told', async () => {
    const { path } = await folder.ring('foreign');
    const argv = ['revoke', HEX, '--ring', path, '--reason', 'theirs', ...given];
    expect((await keys(...argv)).json.error.code).toBe('key_unknown');
    expect((await keys(...argv, '--foreign')).json).toMatchObject({
      replaced: false,
      revoked: { publicKeyHex: HEX },
    });
  });

  it.each([
    ['no key', 'nonsense', 'why', 'usage'],
    ['a key in capitals', HEX.toUpperCase(), 'why', 'usage'],
    ['a key too short', 'a'.repeat(63), 'why', 'usage'],
    ['no reason', HEX, '', 'usage'],
    ['a reason too long', HEX, 'a'.repeat(1_025), 'usage'],
    ['half a character as the reason', HEX, '\ud800', 'usage'],
  ])('refuses %s', async (_, key, reason, expected) => {
    const { json } = await keys('revoke', key, '--ring', folder.at('made'), '--reason', reason, ...given);
    expect(json.error.code).toBe(expected);
  });
});

describe('keys export-public', () => {
  it('prints the keys that verify, for those who do', async () => {
    const { path, did, publicKeyHex } = await folder.ring('exported');
    const { newKey } = (await keys('rotate', '--ring', path, ...given)).json;
    const out = async (...flags: string[]) =>
      (await stele(['keys', 'export-public', '--ring', path, ...flags])).out;
    expect(await out()).toBe(`${did}\n${newKey.did}\n`);
    expect(await out('--format', 'hex')).toBe(`${publicKeyHex}\n${newKey.publicKeyHex}\n`);
    const jwks = JSON.parse(await out('--format', 'jwk')).keys;
    expect(jwks.map(({ kid }: { kid: string }) => kid)).toEqual([did, newKey.did]);
    expect(jwks.every((jwk: object) => !Object.hasOwn(jwk, 'd'))).toBe(true);
    expect(Buffer.from(jwks[0].x, 'base64url').toString('hex')).toBe(publicKeyHex);
    await keys('revoke', did, '--ring', path, '--reason', 'stolen', ...given);
    expect(await out()).toBe(`${newKey.did}\n`);
    expect(await out('--all')).toBe(`${did}\n${newKey.did}\n`);
    const { json } = await keys('export-public', '--ring', path, '--all');
    expect(json.keys).toMatchObject([
      { did, state: 'revoked' },
      { did: newKey.did, jwk: { kid: newKey.did } },
    ]);
  });

  it('refuses a format that is none, and a ring that is none', async () => {
    const asked = async (...argv: string[]) => (await keys('export-public', ...argv)).json.error.code;
    expect(await asked('--ring', folder.at('made'), '--format', 'pem')).toBe('usage');
    expect(await asked('--ring', folder.at('nowhere'))).toBe('ring_missing');
  });
});

describe('keys import', () => {
  it('puts a key in clear under a passphrase', async () => {
    const { file, did } = await folder.key('clear.jwk');
    const out = folder.at('imported.key');
    const { code, json } = await keys('import', file, '--out', out, ...given);
    expect([code, json.did]).toEqual([0, did]);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const { keyPair, use } = await openKeyFile(folder.read('imported.key'), PASSPHRASE);
    expect([keyPair.did, use]).toEqual([did, 'covenant']);
    const again = await keys('import', file, '--out', out, ...given);
    expect(again.json.error.code).toBe('file_exists');
    expect((await keys('import', file, '--out', out, '--force', ...given)).code).toBe(0);
    const sealed = await keys('import', out, '--out', folder.at('more.key'), ...given);
    expect(sealed.json.error.code).toBe('usage');
  });

  it('refuses what it cannot put there', async () => {
    const { file } = await folder.key('clear2.jwk');
    const refused = async (...argv: string[]) => (await keys('import', ...argv)).json.error.code;
    expect(await refused(folder.write('no.jwk', '{}'), '--out', folder.at('n.key'), ...given)).toBe(
      'key_exposed',
    );
    chmodSync(folder.at('no.jwk'), 0o600);
    expect(await refused(folder.at('no.jwk'), '--out', folder.at('n.key'), ...given)).toBe('key_malformed');
    expect(await refused(folder.at('nowhere'), '--out', folder.at('n.key'), ...given)).toBe(
      'file_unreadable',
    );
    expect(await refused(file, '--out', file, '--force', ...given)).toBe('usage');
    expect(await refused(file, '--out', folder.at('n.key'))).toBe('passphrase_missing');
    expect(existsSync(folder.at('n.key'))).toBe(false);
  });
});

describe('sign', () => {
  it('takes the active key of a ring', async () => {
    const { path } = await folder.ring('signing');
    const { newKey } = (await keys('rotate', '--ring', path, ...given)).json;
    const rules = folder.write('rules.ccl', 'permit a on /x\n');
    const { code, out } = await stele(['sign', rules, '--key', path, '--beneficiary', 'urn:a:b', ...given]);
    expect([code, JSON.parse(out).issuer.id]).toEqual([0, newKey.did]);
    expect((await stele(['verify', '-', '--trust', newKey.did], out)).code).toBe(0);
  });

  it('takes no ring of another use', async () => {
    await keys('init', '--ring', folder.at('log'), '--use', 'log', ...given);
    const rules = folder.write('rules.ccl', 'permit a on /x\n');
    const argv = ['sign', rules, '--key', folder.at('log'), '--beneficiary', 'urn:a:b', ...given];
    expect((await steleJson(argv)).json.error.code).toBe('key_use_wrong');
  });
});
