/** `stele audit prove`, `export` and `witness`, and the doctor, over a log whose every byte is known. */
import { existsSync, readdirSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { formatCheckpoint, hashLeaf, signNote } from '@stele/audit';
import { generateKeyPair, toSigner } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { Cli } from '../src/lib/cli.js';
import { confirm } from '../src/lib/confirm.js';
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

describe('prove', () => {
  it('writes a proof that verifies, for each of the places of a tree', async () => {
    for (const index of [0, 255, 256, 511, 512, ENTRIES - 1]) {
      const proof = folder.at(`${index}.tlog-proof`);
      const { code, json } = await steleJson(['audit', 'prove', log.path, String(index), '--out', proof]);
      expect([code, json.file, json.index]).toEqual([0, proof, index]);
      const verdict = await steleJson(['audit', 'verify', proof, '--key', log.vkey]);
      expect(verdict).toMatchObject({ code: 0, json: { valid: true, index, entry: entries[index] } });
    }
  });

  it('prints it where no file is named, and replaces none', async () => {
    const { code, out } = await stele(['audit', 'prove', log.path, '17']);
    expect([code, out.split('\n')[0]]).toEqual([0, 'c2sp.org/tlog-proof@v1']);
    const there = folder.write('there', 'x');
    expect((await steleJson(['audit', 'prove', log.path, '17', '--out', there])).json.error.code).toBe(
      'file_exists',
    );
    expect(folder.read('there')).toBe('x');
  });

  it.each(['700', '99999999999999999', '-1', 'x', ''])('refuses the index %j', async (index) => {
    const { code } = await stele(['audit', 'prove', log.path, '--', index]);
    expect(code).toBe(2);
  });

  it('finds a proof invalid that was changed in any line', async () => {
    const { out } = await stele(['audit', 'prove', log.path, '17']);
    const lines = out.split('\n');
    for (let i = 0; i < lines.length; i++) {
      const line = lines[i] as string;
      if (line === '') continue;
      const changed = lines
        .with(i, `${line.slice(0, -2)}${line.at(-2) === 'A' ? 'B' : 'A'}${line.at(-1)}`)
        .join('\n');
      const path = folder.write(
        'changed.tlog-proof',
        i === 0 ? out.replace('index 17', 'index 18') : changed,
      );
      expect((await stele(['audit', 'verify', path, '--key', log.vkey])).code).toBe(1);
    }
  });
});

describe('export', () => {
  it.each(['evidence', 'evidence.tar'])('writes %s, which verifies on its own', async (name) => {
    const to = folder.at(name);
    const { code, json } = await steleJson(['audit', 'export', log.path, '--to', to, '--key', log.did]);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      exported: true,
      file: to,
      origin: ORIGIN,
      size: ENTRIES,
      from: 0,
      to: ENTRIES,
    });
    expect(json.manifest).toMatch(/^[0-9a-f]{64}$/);
    expect(await steleJson(['audit', 'verify', to, '--key', log.vkey])).toMatchObject({
      code: 0,
      json: { valid: true, size: ENTRIES },
    });
    const { did } = await generateKeyPair();
    expect((await stele(['audit', 'verify', to, '--key', did])).code).toBe(1);
    const again = await steleJson(['audit', 'export', log.path, '--to', to]);
    expect([again.code, again.json.error.code]).toEqual([2, 'file_exists']);
  });

  it('exports no log that does not verify, where it can know', async () => {
    const { did } = await generateKeyPair();
    const { code, json } = await steleJson([
      'audit',
      'export',
      log.path,
      '--to',
      folder.at('none'),
      '--key',
      did,
    ]);
    expect([code, json.exported]).toEqual([1, false]);
    expect(existsSync(folder.at('none'))).toBe(false);
  });

  it('writes the page beside it', async () => {
    const [to, page] = [folder.at('with-page.tar'), folder.at('page.html')];
    const { code, json } = await steleJson(['audit', 'export', log.path, '--to', to, '--html', page]);
    expect([code, json.page]).toEqual([0, page]);
    expect(folder.read('page.html')).toMatch(/^<!doctype html>/);
    expect(readdirSync(folder.path).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('doctor', () => {
  it('looks over a log, and finds one that was put back', async () => {
    const find = async (...argv: string[]) =>
      (await steleJson(['doctor', '--audit', log.path, ...argv])).json;
    expect(await find()).toMatchObject({ ok: true });
    const head = (hashes: readonly Uint8Array[], origin = ORIGIN) =>
      signNote(
        formatCheckpoint({ origin, size: hashes.length, root: rootOf(hashes) }),
        origin,
        toSigner(log.pair),
      );
    const hashes = leaves.map(hashLeaf);
    const kept = async (note: Promise<string>) => find('--audit-head', folder.write('head', await note));
    expect(await kept(head(hashes))).toMatchObject({ ok: true });
    expect(await kept(head(hashes.slice(5)))).toMatchObject({ ok: true });
    expect(await kept(head([...hashes, ...hashes.slice(5)]))).toMatchObject({ ok: false });
    expect(await kept(head([...hashes].reverse()))).toMatchObject({ ok: false });
    expect(await kept(head(hashes, 'other.example/log'))).toMatchObject({ ok: false });
    expect((await steleJson(['doctor', '--audit', folder.at('not there')])).json).toMatchObject({
      ok: false,
    });
  });
});

describe('witness', () => {
  it.each([
    [['--listen', '127.0.0.1'], 'usage'],
    [['--listen', '127.0.0.1:99999'], 'usage'],
    [['--listen', '[::1:0'], 'usage'],
    [['--listen', '127.0.0.1:0', '--log', 'nonsense'], 'key_malformed'],
    [['--listen', '127.0.0.1:0', '--name', 'a b'], 'usage'],
    [['--listen', '192.0.2.1:0'], 'usage'],
  ])('refuses %j', async (argv, code) => {
    const { file } = await folder.key('witness.jwk').catch(() => ({ file: folder.at('witness.jwk') }));
    const rest = ['--log', log.vkey, '--key', file, '--state', folder.at('state')];
    const { code: exit, json } = await steleJson(['audit', 'witness', ...argv, ...rest]);
    expect([exit, json.error.code]).toEqual([2, code]);
  });
});

describe('what cannot be undone', () => {
  it.each([
    ['yes\n', undefined],
    ['no\n', 'not_confirmed'],
    ['y\n', 'not_confirmed'],
    ['', 'not_confirmed'],
  ])('is asked for at a terminal: %j', async (typed, code) => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined });
    stdin.end(typed);
    let asked = '';
    const output = { write: (text: string) => (asked += text) };
    const cli = new Cli({ stdin, stdout: output, stderr: output }, []);
    const answer = confirm('all is to be erased', false, cli).catch((error: { code: string }) => error.code);
    expect(await answer).toBe(code);
    expect(asked).toContain('all is to be erased. It cannot be undone.');
  });
});
