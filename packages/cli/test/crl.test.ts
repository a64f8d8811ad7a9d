/** Revocation lists of a ring: whole, numbered, signed; and what `--check` says of one. */
import { cpSync, rmSync } from 'node:fs';
import { buildRevocationList, type RevocationListDocument, verifyRevocationList } from '@stele/core';
import { generateKeyPair, revokeCovenant } from '@stele/sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { DAY, managerAt } from './ring-support.js';
import { Folder, stele, steleJson } from './support.js';

const folder = new Folder();
const given = folder.passphrase();
const crl = (...argv: string[]) => steleJson(['keys', 'crl', ...argv]);
const covenantId = (digit: string) => `urn:stele:covenant:${digit.repeat(64)}`;

/** Makes the next list of a ring; the list itself. */
async function next(ring: string, ...flags: string[]): Promise<RevocationListDocument> {
  const { code, out, err } = await stele([
    'keys',
    'crl',
    '--ring',
    ring,
    '--next-update',
    '7d',
    ...given,
    ...flags,
  ]);
  if (code !== 0) throw new Error(err);
  return JSON.parse(out);
}

const refused = async (...argv: string[]) => {
  const { code, json } = await crl(...argv);
  expect(code).toBe(2);
  return json.error.code;
};

describe('keys crl', () => {
  it('lists what the ring has revoked, as compromised, signed by its active key', async () => {
    const { path, did } = await folder.ring('first');
    await stele(['keys', 'revoke', did, '--ring', path, '--reason', 'stolen', ...given]);
    const out = folder.at('first.json');
    const { code, json } = await crl('--ring', path, '--next-update', '7d', '--out', out, ...given);
    const { json: listed } = await steleJson(['keys', 'list', '--ring', path]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ number: 1, issuer: listed.keys[1].did, keys: 1, covenants: 0, file: out });
    const { valid, list } = await verifyRevocationList(folder.read('first.json'), {
      issuers: [listed.keys[1].did],
    });
    expect(valid).toBe(true);
    expect(list?.keys).toMatchObject([{ key: did, status: 'compromised', reason: 'stolen' }]);
    const span = Date.parse(json.nextUpdate) - Date.parse(json.issuedAt);
    expect(Math.abs(span - 7 * DAY)).toBeLessThan(60_000);
  });

  it('is whole: each list has a higher number, and all that was ever listed', async () => {
    const { path } = await folder.ring('series');
    const signer = await generateKeyPair();
    const revocation = await revokeCovenant({ id: covenantId('b') }, { reason: 'b', signer });
    const file = folder.write('revocations.json', [revocation]);
    const lists = [
      await next(path, '--covenant', covenantId('a'), '--reason', 'a'),
      await next(path, '--revocations', file),
      await next(path, '--number', '10'),
    ];
    await stele(['keys', 'rotate', '--ring', path, ...given]);
    lists.push(await next(path, '--covenant', covenantId('a'), '--reason', 'again'));
    expect(lists.map(({ number }) => number)).toEqual([1, 2, 10, 11]);
    expect(lists.map(({ covenants }) => covenants.map(({ reason }) => reason).join())).toEqual([
      'a',
      'a,b',
      'a,b',
      'a,b',
    ]);
    expect(new Set(lists.map(({ issuer }) => issuer)).size).toBe(2);
  });

  it('gives no number to two lists, however many are made at once', async () => {
    const { path } = await folder.ring('raced');
    const made = await Promise.all(
      ['a', 'b', 'c'].map((digit) => next(path, '--covenant', covenantId(digit), '--reason', digit)),
    );
    expect(made.map(({ number }) => number).sort()).toEqual([1, 2, 3]);
    const last = made.find(({ number }) => number === 3);
    expect(last?.covenants.map(({ reason }) => reason).sort()).toEqual(['a', 'b', 'c']);
  });

  it('goes on from a list that came before, also in a ring that does not know it', async () => {
    const { path } = await folder.ring('moved');
    const before = await next(path, '--number', '41', '--covenant', covenantId('a'), '--reason', 'a');
    const copy = folder.at('copy');
    cpSync(path, copy, { recursive: true });
    rmSync(`${copy}/lists`, { recursive: true });
    const previous = folder.write('previous.json', before);
    expect(await next(copy, '--previous', previous)).toMatchObject({
      number: 42,
      covenants: before.covenants,
    });
    expect(await next(copy, '--previous', previous)).toMatchObject({ number: 43 });
  });

  it('uses no number again', async () => {
    const { path } = await folder.ring('numbers');
    const previous = folder.write('numbers.json', await next(path, '--number', '5'));
    const argv = ['--ring', path, '--next-update', '7d', ...given];
    expect(await refused(...argv, '--number', '5')).toBe('list_number_used');
    expect(await refused(...argv, '--number', '4', '--previous', previous)).toBe('list_number_used');
    expect((await next(path)).number).toBe(6);
  });

  it('names retired keys if it is told, and a revoked one as compromised', async () => {
    const path = folder.at('retired');
    const { manager, time } = await managerAt(path, 100);
    const [first] = [manager.activeKey.did];
    time.now += 50 * DAY;
    await manager.rotate();
    const list = await next(path, '--retired');
    expect(list.keys).toMatchObject([{ key: first, status: 'retired' }]);
    const { keys } = (await steleJson(['keys', 'list', '--ring', path])).json;
    expect(list.keys[0]?.revokedAt).toBe(keys[0].verifiesUntil);
    await stele(['keys', 'revoke', first, '--ring', path, '--reason', 'stolen', ...given]);
    expect((await next(path)).keys).toMatchObject([{ key: first, status: 'compromised', reason: 'stolen' }]);
  });

  it('is signed by another key where it is told', async () => {
    const { path } = await folder.ring('apart');
    const { file, did } = await folder.key('lists.jwk');
    const argv = ['keys', 'crl', '--ring', path, '--key', file, '--next-update', '7d'];
    const { out } = await stele(argv);
    expect(JSON.parse(out)).toMatchObject({ issuer: did, number: 1 });
    const previous = folder.write('apart.json', out);
    expect(JSON.parse((await stele([...argv, '--previous', previous])).out).number).toBe(2);
  });

  describe('refuses', () => {
    let ring: string;
    let stranger: string;
    beforeAll(async () => {
      ring = (await folder.ring('refusing')).path;
      const list = { number: 1, nextUpdate: new Date(Date.now() + DAY), signer: await generateKeyPair() };
      stranger = folder.write('stranger.json', await buildRevocationList(list));
    });
    const make = (...flags: string[]) => refused('--ring', ring, '--next-update', '7d', ...given, ...flags);

    it('what says too little or too much', async () => {
      expect(await refused('--ring', ring, ...given)).toBe('usage');
      expect(await refused('--next-update', '7d', ...given)).toBe('usage');
      expect(await make('--covenant', covenantId('a'))).toBe('usage');
      expect(await make('--reason', 'why')).toBe('usage');
      expect(await make('--issuer', 'did:key:z6Mk')).toBe('usage');
      expect(await make('--number', '0')).toBe('usage');
      expect(await make('--number', '9007199254740992')).toBe('usage');
      expect(await make('--next-update', 'soon')).toBe('usage');
      const fromStdin = ['--ring', ring, '--next-update', '7d', '--passphrase-fd', '0'];
      expect(await refused(...fromStdin, '--previous', '-')).toBe('usage');
      expect(await make('--next-update', '2020-01-01')).toBe('list_malformed');
    });

    it('lists of strangers, and lists that were changed', async () => {
      expect(await make('--previous', stranger)).toBe('list_invalid');
      const changed = { ...JSON.parse(folder.read('stranger.json')), number: 2 };
      expect(await make('--previous', folder.write('changed.json', changed))).toBe('list_invalid');
      expect(await make('--previous', folder.write('none.json', '{}'))).toBe('list_invalid');
      expect(await make('--previous', folder.at('nowhere'))).toBe('file_unreadable');
    });

    it('revocations that are none', async () => {
      const signer = await generateKeyPair();
      const revocation = await revokeCovenant({ id: covenantId('a') }, { reason: 'a', signer });
      const changed = folder.write('forged.json', { ...revocation, reason: 'b' });
      expect(await make('--revocations', changed)).toBe('revocation_invalid');
      expect(await make('--revocations', folder.write('empty.json', '{}'))).toBe('revocation_invalid');
      expect(await make('--covenant', folder.write('claims.json', '{}'), '--reason', 'a')).toBe('not_json');
    });

    it('a ring of another use, and a passphrase that is not its own', async () => {
      await stele(['keys', 'init', '--ring', folder.at('log'), '--use', 'log', ...given]);
      expect(await refused('--ring', folder.at('log'), '--next-update', '7d', ...given)).toBe(
        'key_use_wrong',
      );
      const other = ['--passphrase-file', folder.writeSecret('other', 'another')];
      expect(await refused('--ring', ring, '--next-update', '7d', ...other)).toBe('key_ring_locked');
    });

    it('to go on from a kept list that was damaged', async () => {
      const { path } = await folder.ring('kept');
      await next(path);
      const kept = JSON.parse(folder.read('kept/lists/1.json'));
      folder.writeSecret('kept/lists/1.json', { ...kept, number: 7 });
      expect(await refused('--ring', path, '--next-update', '7d', ...given)).toBe('list_invalid');
    });
  });
});

describe('keys crl --check', () => {
  let did: string;
  let file: string;
  beforeAll(async () => {
    const ring = await folder.ring('checked');
    did = ring.did;
    file = folder.write(
      'checked.json',
      await next(ring.path, '--number', '7', '--covenant', covenantId('a'), '--reason', '\u001b[2J'),
    );
  });
  const check = (path: string, ...flags: string[]) => crl('--check', path, ...flags);

  it('says that a list is in force, and what it says', async () => {
    const { code, json } = await check(file, '--issuer', did);
    expect([code, json.valid, json.list.number]).toEqual([0, true, 7]);
    const { out } = await stele(['keys', 'crl', '--check', file, '--issuer', did]);
    expect(out).toMatch(/^in force\nissuer +did:key:/);
    expect(out).toContain(covenantId('a'));
    expect(out).not.toContain('\u001b');
  });

  it('exits with 1 for a list that is not, and says why', async () => {
    const { did: other } = await folder.key('other.jwk');
    const list = JSON.parse(folder.read('checked.json'));
    expect(await check(file, '--issuer', other)).toMatchObject({ code: 1, json: { code: 'unknown_issuer' } });
    expect(await check(file, '--issuer', did, '--highest-seen', '8')).toMatchObject({
      code: 1,
      json: { code: 'rolled_back' },
    });
    expect(await check(file, '--issuer', did, '--highest-seen', '7')).toMatchObject({ code: 0 });
    const changed = folder.write('edited.json', { ...list, covenants: [] });
    expect(await check(changed, '--issuer', did)).toMatchObject({
      code: 1,
      json: { valid: false, code: 'not_signed' },
    });
    expect(await check(folder.write('no.json', '[]'), '--issuer', did)).toMatchObject({
      code: 1,
      json: { code: 'malformed' },
    });
  });

  it('says that one is stale', async () => {
    const signer = await generateKeyPair();
    const [now, nextUpdate] = [new Date(Date.now() - 2 * DAY), new Date(Date.now() - DAY)];
    const stale = folder.write(
      'stale.json',
      await buildRevocationList({ number: 1, nextUpdate, now, signer }),
    );
    expect(await check(stale, '--issuer', signer.did)).toMatchObject({ code: 1, json: { code: 'stale' } });
  });

  it('refuses what it is not asked properly', async () => {
    expect(await refused('--check', file)).toBe('usage');
    expect(await refused('--check', file, '--issuer', 'me')).toBe('usage');
    expect(await refused('--check', file, '--issuer', did, '--ring', 'x')).toBe('usage');
    expect(await refused('--check', folder.at('nowhere'), '--issuer', did)).toBe('file_unreadable');
  });
});
