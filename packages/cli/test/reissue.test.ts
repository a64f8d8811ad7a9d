/** Covenants under a new key: all of them, whatever interrupts the run. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildKeyContinuity } from '@stele/core';
import {
  buildCovenant,
  type CovenantDocument,
  type CovenantStore,
  countersignCovenant,
  FileStore,
  generateKeyPair,
  SqliteStore,
  SteleClient,
} from '@stele/sdk';
import { describe, expect, it } from 'vitest';
import { DAY, managerAt } from './ring-support.js';
import { Folder, stele, steleJson } from './support.js';

const bin = fileURLToPath(new URL('../dist/stele.js', import.meta.url));
const folder = new Folder();
const given = folder.passphrase();
const RULES = "permit orders.read on '/orders/**'";
const agent = { id: 'https://acme.example/agents/refunds' };

/** A ring that was rotated `daysAgo`, with the statement of that, and covenants under its first key in a store. */
async function rotated(name: string, store: CovenantStore, count: number, daysAgo = 0) {
  const ring = folder.at(name);
  const { manager, time } = await managerAt(ring, daysAgo + 1);
  const old = manager.signer;
  const client = new SteleClient({ store, signer: old });
  const ids: string[] = [];
  for (let i = 0; i < count; i++)
    ids.push((await client.issue({ beneficiary: agent, constraints: RULES })).id);
  time.now += DAY;
  await manager.rotate();
  const statement = await buildKeyContinuity({ oldKey: old, newKey: manager.signer });
  const continuity = folder.write(`${name}.continuity.json`, statement);
  return { ring, ids, continuity, statement, oldDid: statement.oldKey, newDid: statement.newKey, manager };
}

const reissueArgs = (store: string, ring: string, continuity: string) => [
  'reissue',
  '--store',
  store,
  '--ring',
  ring,
  '--continuity',
  continuity,
  ...given,
];

/** The covenants of a store under a key, by what they reissue. */
async function reissuesBy(store: CovenantStore, issuer: string): Promise<Map<string, CovenantDocument>> {
  const found = new Map<string, CovenantDocument>();
  for await (const document of store.iterate({ issuer })) {
    expect(found.has(document.reissues as string)).toBe(false); // never twice
    found.set(document.reissues as string, document);
  }
  return found;
}

describe.each(['FileStore', 'SqliteStore'] as const)('reissue in a %s', (kind) => {
  it('issues everything again, says so, and does it once', async () => {
    const path = folder.at(`${kind}.store`);
    const store: CovenantStore = kind === 'FileStore' ? new FileStore(path) : new SqliteStore(path);
    const { ring, ids, continuity, newDid, oldDid } = await rotated(`ring-${kind}`, store, 3);
    await new SteleClient({ store, signer: await generateKeyPair() }).issue({
      beneficiary: agent,
      constraints: RULES,
    });
    const args = reissueArgs(path, ring, continuity);
    const { code, json } = await steleJson(args);
    expect(code).toBe(0);
    expect(json).toMatchObject({ key: newDid, reissued: 3, already: 0, skipped: 0, failed: 0 });
    expect([...(await reissuesBy(store, newDid)).keys()].sort()).toEqual([...ids].sort());
    const client = new SteleClient({
      store,
      trust: [oldDid],
      continuity: [JSON.parse(folder.read(`ring-${kind}.continuity.json`))],
      followContinuity: true,
    });
    for (const { reissue } of json.results) expect((await client.verify(reissue)).valid).toBe(true);
    const again = await stele(args);
    expect([again.code, again.err]).toEqual([0, '']);
    expect(again.out).toContain('0 reissued, 3 already, 0 skipped, 0 failed');
    await store.close();
  });
});

describe('reissue', () => {
  it('says what it skipped and what failed, and goes on', async () => {
    const path = folder.at('mixed.store');
    const store = new FileStore(path);
    const { ring, ids, continuity, manager, oldDid } = await rotated('mixed', store, 2);
    const signer = manager.signerOf(manager.history[0]?.publicKeyHex as string);
    const built = (more: object) =>
      buildCovenant({ beneficiary: agent, constraints: RULES, signer, ...more });
    const stored = async (document: CovenantDocument) => {
      await store.put(document);
      return document.id;
    };
    const past = new Date(Date.now() - 30 * DAY);
    const yesterday = new Date(Date.now() - DAY);
    const ended = await stored(await built({ activatesAt: iso(past), expiresAt: iso(yesterday) }));
    const auditor = await generateKeyPair();
    const agreed = await built({ requiredCountersigners: [auditor.did] });
    const lacking = await stored(await countersignCovenant(agreed, auditor));
    const revoked = ids[0] as string;
    await new SteleClient({ store, signer }).revoke(revoked, 'no more');
    const { code, json } = await steleJson(reissueArgs(path, ring, continuity));
    expect(code).toBe(1);
    expect(json).toMatchObject({ reissued: 1, skipped: 2, failed: 1 });
    const outcome = new Map(json.results.map((each: { covenant: string }) => [each.covenant, each]));
    expect(outcome.get(ended)).toMatchObject({ status: 'skipped', reason: 'ended' });
    expect(outcome.get(revoked)).toMatchObject({ status: 'skipped', reason: 'revoked' });
    expect(outcome.get(lacking)).toMatchObject({
      ...{ status: 'failed', code: 'countersignatures_missing', missing: [auditor.did] },
      document: { reissues: lacking },
    });
    expect(oldDid).not.toBe(json.key);
  });

  it('takes nothing of a key that was revoked', async () => {
    const path = folder.at('revoked.store');
    const { ring, ids, continuity, oldDid } = await rotated('revoked', new FileStore(path), 1);
    await stele(['keys', 'revoke', oldDid, '--ring', ring, '--reason', 'stolen', ...given]);
    const args = reissueArgs(path, ring, continuity);
    expect((await steleJson(args)).json).toMatchObject({ reissued: 0 });
    expect((await steleJson([...args, ids[0] as string])).json).toMatchObject({ reissued: 0 });
    expect((await steleJson([...args, '--compromised', oldDid])).json.error.code).toBe('covenants_not_named');
    const named = await steleJson([...args, '--compromised', oldDid, ids[0] as string]);
    expect([named.code, named.json.reissued]).toEqual([0, 1]);
  });

  it('takes covenants of a key whose overlap has ended only if it is told', async () => {
    const path = folder.at('late.store');
    const { ring, continuity } = await rotated('late', new FileStore(path), 2, 30);
    const args = reissueArgs(path, ring, continuity);
    expect(await steleJson(args)).toMatchObject({ code: 1, json: { reissued: 0, failed: 2 } });
    expect(await steleJson([...args, '--accept-retired'])).toMatchObject({ code: 0, json: { reissued: 2 } });
  });

  it('reissues those that are named', async () => {
    const path = folder.at('named.store');
    const store = new FileStore(path);
    const { ring, ids, continuity } = await rotated('named', store, 2);
    const file = folder.write('named.json', (await store.get(ids[1] as string)) as object);
    expect((await steleJson([...reissueArgs(path, ring, continuity), file])).json).toMatchObject({
      results: [{ covenant: ids[1], status: 'reissued' }],
    });
  });

  it.each([
    ['a store that is none', (name: string) => folder.at(`${name}.nowhere`), 'store_missing'],
    ['a folder that is no store', () => folder.path, 'store_missing'],
    [
      'a file that is no database',
      () => folder.write('text.db', 'not a database, but long enough '.repeat(40)),
      'store_corrupt',
    ],
    ['an empty file', () => folder.write('empty.db', ''), 'store_missing'],
  ])('refuses %s', async (name, path, expected) => {
    const { path: ring } = await folder.ring(`refusing ${name}`);
    const continuity = folder.write('none.json', '[]');
    const { code, json } = await steleJson(reissueArgs(path(name), ring, continuity));
    expect([code, json.error.code]).toEqual([2, expected]);
  });

  it('refuses to guess what joins the keys', async () => {
    const args = ['reissue', '--store', folder.at('x'), '--ring', folder.at('y'), ...given];
    expect((await steleJson(args)).json.error.code).toBe('usage');
  });

  it('draws a bar where it is told, and none into a pipe', async () => {
    const path = folder.at('bar.store');
    const { ring, continuity } = await rotated('bar', new FileStore(path), 2);
    expect((await stele([...reissueArgs(path, ring, continuity), '--progress'])).err).toContain('reissue  [');
    expect((await stele(reissueArgs(path, ring, continuity))).err).toBe('');
  });
});

describe('a run that is killed', () => {
  it('is resumed by another: each covenant is reissued once', async () => {
    const [template, COUNT] = [folder.at('template.store'), 150];
    const { ring, ids, continuity, newDid } = await rotated('killed', new FileStore(template), COUNT);
    let path = '';
    let killed = false;
    // On a busy machine a run may end before it is killed; then another copy is taken.
    for (let attempt = 0; attempt < 10 && !killed; attempt++) {
      path = folder.at(`killed-${attempt}.store`);
      cpSync(template, path, { recursive: true });
      killed = await killAfter(reissueArgs(path, ring, continuity), 3);
    }
    expect(killed).toBe(true);
    const args = reissueArgs(path, ring, continuity);
    await killAfter(args, 10); // and once more, wherever that may be
    const store = new FileStore(path);
    const before = (await reissuesBy(store, newDid)).size;
    expect(before).toBeGreaterThan(0);
    const { status, stdout } = spawnSync(process.execPath, [bin, ...args, '--json'], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ reissued: COUNT - before, already: before, failed: 0 });
    expect([...(await reissuesBy(store, newDid)).keys()].sort()).toEqual([...ids].sort());
  }, 240_000);
});

/** Kills a run with SIGKILL once it has told of so many covenants. @returns false if it came to its end before */
function killAfter(args: readonly string[], wanted: number): Promise<boolean> {
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => {
    told += chunk;
    if (told.split('\n').length > wanted) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_, signal) => resolve(signal === 'SIGKILL'));
  });
}

const iso = (time: Date) => `${time.toISOString().slice(0, 19)}Z`;
