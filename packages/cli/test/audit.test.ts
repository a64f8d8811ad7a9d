/** `stele audit verify`, `show` and `tail` over logs whose every byte is known. */
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { formatCheckpoint, hashLeaf, signNote, tilePath } from '@stele/audit';
import { generateKeyPair, toSigner } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { dayOf } from './audit-entries.js';
import { leafOf, type MadeLog, ORIGIN, rootOf, writeLog } from './audit-logs.js';
import { Folder, stele, steleJson } from './support.js';

const ENTRIES = 700;
const folder = new Folder();
const leaves = [...dayOf(ENTRIES)].map(leafOf);
const entries = leaves.map((leaf) => JSON.parse(Buffer.from(leaf).toString('utf8')));
let log: MadeLog;

beforeAll(async () => {
  log = await writeLog(folder.at('log'), leaves);
});

/** A copy of the log, to be damaged. */
function copy(name: string): string {
  cpSync(log.path, folder.at(name), { recursive: true });
  return folder.at(name);
}

describe('verify', () => {
  it.each([
    ['a verifier key', () => log.vkey],
    ['a did', () => log.did],
    ['hex', () => log.pair.publicKeyHex],
    ['a file', () => folder.write('keys.txt', `# the log's\n\n${log.did}\n`)],
  ])('takes %s, and says what it has proved and what not', async (_, key) => {
    const { code, out, err } = await stele(['audit', 'verify', log.path, '--key', key()]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(`All ${ENTRIES} entries of the log “${ORIGIN}”`);
    expect(out).toContain('What this does not prove:\n');
    expect(out).toMatch(/\nvalid\n$/);
    const { json } = await steleJson(['audit', 'verify', log.path, '--key', key()]);
    expect(json).toMatchObject({ valid: true, origin: ORIGIN, size: ENTRIES, root: log.root, problems: [] });
    expect(json.proves.length).toBeGreaterThan(0);
    expect(json.doesNotProve.length).toBeGreaterThan(0);
  });

  it('holds the log to checkpoints that were kept', async () => {
    const older = async (hashes: readonly Uint8Array[]) =>
      signNote(
        formatCheckpoint({ origin: ORIGIN, size: hashes.length, root: rootOf(hashes) }),
        ORIGIN,
        toSigner(log.pair),
      );
    const hashes = leaves.map(hashLeaf);
    const since = folder.write('since', await older(hashes.slice(0, 300)));
    const verify = (path: string) =>
      steleJson(['audit', 'verify', log.path, '--key', log.did, '--since', path]);
    expect((await verify(since)).json).toMatchObject({ valid: true, checked: { since: 1 } });
    const forked = folder.write('forked', await older(hashes.slice(1, 300)));
    expect(await verify(forked)).toMatchObject({ code: 1, json: { problem: { code: 'forked' } } });
    const longer = folder.write('longer', await older([...hashes, ...hashes.slice(0, 1)]));
    expect(await verify(longer)).toMatchObject({ code: 1, json: { problem: { code: 'truncated' } } });
  });

  it('names the first bad place', async () => {
    const changed = copy('changed');
    const bundle = Buffer.from(
      leaves.slice(256, 512).flatMap((leaf) => [leaf.length >> 8, leaf.length & 255, ...leaf]),
    );
    bundle.write('Z', bundle.indexOf('Z","trace"') - 1);
    writeFileSync(`${changed}/${tilePath('entries', 1)}`, bundle);
    const { code, out } = await stele(['audit', 'verify', changed, '--key', log.vkey]);
    expect(code).toBe(1);
    const index = entries.findIndex(({ trace }, i) => i >= 256 && trace !== undefined);
    expect(out).toMatch(new RegExp(`^ {2}✗ entry ${index}[:,]`));
    expect(out).toContain('(entry_changed)');
    expect(out).toMatch(/\nINVALID\n$/);
  });

  it.each([
    ['a bundle is missing', (path: string) => rmSync(`${path}/${tilePath('entries', 1)}`), 'entry_missing'],
    ['a tile is missing', (path: string) => rmSync(`${path}/${tilePath(0, 0)}`), 'tile_missing'],
    ['the checkpoint is missing', (path: string) => rmSync(`${path}/checkpoint`), 'checkpoint_missing'],
    [
      'the checkpoint is none',
      (path: string) => writeFileSync(`${path}/checkpoint`, 'x'),
      'checkpoint_malformed',
    ],
  ])('is 1 where %s', async (_, damage, problem) => {
    const path = folder.at('damaged');
    rmSync(path, { recursive: true, force: true });
    damage(copy('damaged'));
    const { code, json } = await steleJson(['audit', 'verify', path, '--key', log.vkey]);
    expect([code, json.valid, json.problem.code]).toEqual([1, false, problem]);
  });

  it('is 1 for another key and for another name', async () => {
    const { did } = await generateKeyPair();
    for (const more of [
      ['--key', did],
      ['--key', log.did, '--origin', 'other.example/log'],
    ]) {
      expect((await stele(['audit', 'verify', log.path, ...more])).code).toBe(1);
    }
  });

  it.each([
    ['no key', []],
    ['a key that is none', ['--key', 'nonsense']],
    ['a file that holds none', ['--key', '{rules}']],
    ['witnesses that are none', ['--key', '{did}', '--witness', 'nonsense']],
    ['the key of the log as witness', ['--key', '{did}', '--witness', '{vkey}']],
    ['a quorum without witnesses', ['--key', '{did}', '--quorum', '1']],
    ['a quorum that is none', ['--key', '{did}', '--witness', '{vkey}', '--quorum', '2']],
    ['a checkpoint that is not there', ['--key', '{did}', '--since', 'not there']],
    ['an origin that is none', ['--key', '{did}', '--origin', 'a b']],
  ])('is 2 for %s', async (_, argv) => {
    const rules = folder.write('rules', 'permit a on /x\n');
    const given = argv.map(
      (word) => ({ '{did}': log.did, '{vkey}': log.vkey, '{rules}': rules })[word] ?? word,
    );
    const { code, json } = await steleJson(['audit', 'verify', log.path, ...given]);
    expect([code, typeof json.error.code]).toEqual([2, 'string']);
    expect(json.error.code).not.toBe('internal');
  });

  it('is 2 for what is no evidence', async () => {
    mkdirSync(folder.at('empty'), { recursive: true });
    for (const name of [
      folder.at('not there'),
      folder.write('text', 'hello'),
      'redis://127.0.0.1/0',
      '',
      '-',
    ]) {
      const { code, json } = await steleJson(['audit', 'verify', name, '--key', log.did]);
      expect([code, typeof json.error.code]).toEqual([2, 'string']);
      expect(json.error.code).not.toBe('internal');
    }
    // A folder without a checkpoint is a log from which it was taken away.
    expect((await stele(['audit', 'verify', folder.at('empty'), '--key', log.did])).code).toBe(1);
  });

  it('repeats nothing of a private key that was given for a public one', async () => {
    const { file } = await folder.key('private.jwk');
    const { d } = JSON.parse(folder.read('private.jwk'));
    for (const key of [file, d, `${log.pair.publicKeyHex}0`]) {
      const { code, out, err } = await stele(['audit', 'verify', log.path, '--json', '--key', key]);
      expect(code).toBe(2);
      for (const secret of [d, key]) expect(out + err).not.toContain(secret);
    }
  });

  it('says nothing of a password', async () => {
    const { code, err } = await stele([
      'audit',
      'verify',
      'postgres://u:secret@127.0.0.1:1/x',
      '--key',
      log.did,
    ]);
    expect(code).toBe(2);
    expect(err).not.toContain('secret');
  });
});

describe('show', () => {
  const shown = async (...argv: string[]) =>
    (await steleJson(['audit', 'show', log.path, ...argv])).json.entries;
  const indexes = (found: { index: number }[]) => found.map(({ index }) => index);
  const where = (test: (entry: Record<string, string>) => boolean) =>
    entries.flatMap((entry, index) => (test(entry) ? [index] : []));

  it('filters by each, and by all of them together', async () => {
    const { covenant } = entries.find((entry) => entry.decision === 'deny');
    expect(indexes(await shown('--covenant', covenant))).toEqual(
      where((entry) => entry.covenant === covenant),
    );
    expect(indexes(await shown('--decision', 'pending'))).toEqual(
      where((entry) => entry.decision === 'pending'),
    );
    expect(indexes(await shown('--code', 'failed'))).toEqual(where((entry) => entry.outcome === 'failed'));
    const [from, to] = ['2026-11-30T12:00:00Z', '2026-11-30T18:00:00Z'];
    expect(indexes(await shown('--since-time', from, '--until', to))).toEqual(
      where(({ time = '' }) => Date.parse(time) >= Date.parse(from) && Date.parse(time) < Date.parse(to)),
    );
    expect(indexes(await shown('--since-time', from, '--decision', 'deny', '--index', '400..'))).toEqual(
      where(({ time = '', decision }) => Date.parse(time) >= Date.parse(from) && decision === 'deny').filter(
        (index) => index >= 400,
      ),
    );
  });

  it.each([
    ['0', [0]],
    ['254..257', [254, 255, 256, 257]],
    ['698..', [698, 699]],
    ['..2', [0, 1, 2]],
    ['699..9999', [699]],
    ['700', []],
  ])('takes the range %s', async (range, expected) => {
    expect(indexes(await shown('--index', range))).toEqual(expected);
  });

  it.each([
    ['--index', '2..1'],
    ['--index', '..'],
    ['--index', '-1'],
    ['--index', '12345678901234567890'],
    ['--since-time', 'yesterday'],
    ['--until', '2026-02-30'],
    ['--decision', 'maybe'],
    ['--since', 'checkpoint'],
  ])('refuses %s %s', async (...argv) => {
    const { code, json } = await steleJson(['audit', 'show', log.path, ...argv]);
    expect([code, json.error.code]).toEqual([2, 'usage']);
  });

  it('says whether it has verified anything', async () => {
    const without = await steleJson(['audit', 'show', log.path, '--index', '1']);
    expect(without).toMatchObject({ code: 0, json: { verified: null } });
    expect(without.err).toContain('nothing was verified');
    const withKey = await steleJson(['audit', 'show', log.path, '--index', '1', '--key', log.vkey]);
    expect(withKey).toMatchObject({
      code: 0,
      err: '',
      json: { verified: true, origin: ORIGIN, root: log.root },
    });
    expect(withKey.json.entries).toEqual([
      {
        index: 1,
        leafHash: Buffer.from(hashLeaf(leaves[1] as Uint8Array)).toString('hex'),
        entry: entries[1],
      },
    ]);
    const { did } = await generateKeyPair();
    const other = await stele(['audit', 'show', log.path, '--index', '1', '--key', did]);
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('does NOT verify')]);
  });

  it('shows lines, and is 2 for a log without a checkpoint', async () => {
    const { out } = await stele(['audit', 'show', log.path, '--index', '0..1']);
    const [first, second] = out.trimEnd().split('\n') as [string, string];
    expect(first).toMatch(/^ {7}0 {2}2026-11-30T06:00:00\.000Z {2}permit +permitted +mail\.send/);
    expect(second).toMatch(/^ {7}1 .* outcome +done +of 0$/);
    const bare = copy('bare');
    rmSync(`${bare}/checkpoint`);
    const { code, json } = await steleJson(['audit', 'show', bare]);
    expect([code, json.error.code]).toEqual([2, 'log_unsigned']);
  });

  it('does not write a page over what it reads', async () => {
    const { code } = await stele(['audit', 'show', log.path, '--html', log.path]);
    expect(code).toBe(2);
    const keys = folder.write('page-keys.txt', `${log.vkey}\n`);
    for (const [name, more, page] of [
      [`sqlite:${keys}`, [], keys],
      [log.path, ['--key', keys], keys],
    ] as const) {
      const refused = await steleJson(['audit', 'show', name, ...more, '--html', page]);
      expect([refused.code, refused.json.error.code]).toEqual([2, 'usage']);
      expect(refused.json.error.message).toContain('--html');
    }
  });
});

describe('tail', () => {
  it.each([
    ['3', [697, 698, 699]],
    ['0', []],
  ])('shows the newest %s', async (n, expected) => {
    const { code, json } = await steleJson(['audit', 'tail', log.path, '-n', n]);
    expect(code).toBe(0);
    expect(json.entries.map(({ index }: { index: number }) => index)).toEqual(expected);
    expect(json).toMatchObject({ origin: ORIGIN, size: ENTRIES, root: log.root, first: 0 });
  });

  it('shows 20, and refuses what is no number', async () => {
    expect((await stele(['audit', 'tail', log.path])).out.trimEnd().split('\n')).toHaveLength(20);
    for (const n of ['-1', 'x', '10001'])
      expect((await stele(['audit', 'tail', log.path, '-n', n])).code).toBe(2);
  });
});
