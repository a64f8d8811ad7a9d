import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toSigner } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { AuditLog } from '../src/audit-log.js';
import { AuditError } from '../src/errors.js';
import { FolderLogReader } from '../src/folder-reader.js';
import { formatCheckpoint } from '../src/lib/checkpoint.js';
import { hashLeaf } from '../src/lib/merkle.js';
import { addSignatures, signNote } from '../src/lib/note.js';
import { verifyLog } from '../src/verify-log.js';
import { cosign } from './support/logs.js';
import {
  cosignerKey,
  type Files,
  keyOf,
  leaf,
  leaves,
  madeLog,
  naiveRoot,
  ORIGIN,
  readerOf,
  signed,
  vkey,
  writeLog,
} from './support/made-log.js';
import { scratch } from './support/places.js';

const [own, next, witness, second] = await Promise.all([keyOf(1), keyOf(2), keyOf(3), keyOf(4)]);
const keys = [vkey(own)];
const files = await madeLog(leaves(700), own);
/** With a full tile of the second level. */
let made: Promise<Files> | undefined;
const big = (): Promise<Files> => {
  made ??= madeLog(leaves(66_000), own);
  return made;
};
const withFiles = (changes: Record<string, Uint8Array | undefined>, from: Files = files): Files => {
  const changed = new Map(from);
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === undefined) changed.delete(path);
    else changed.set(path, bytes);
  }
  return changed;
};
const note = (text: string) => ({ checkpoint: Buffer.from(text) });

describe('verifyLog', () => {
  it.each([0, 1, 2, 255, 256, 257, 511, 512, 513, 700])(
    'finds a log of %i entries as it should be',
    async (size) => {
      const report = await verifyLog(readerOf(await madeLog(leaves(size), own)), { keys });
      expect(report).toMatchObject({
        valid: true,
        origin: ORIGIN,
        size,
        from: 0,
        to: size,
        problems: [],
        checked: { entries: size },
      });
      expect(report.root).toBe(Buffer.from(naiveRoot(leaves(size).map(hashLeaf))).toString('hex'));
      expect(report.problem).toBeUndefined();
    },
  );

  it('goes up to tiles of the third level', async () => {
    const reader = readerOf(await big());
    expect(await verifyLog(reader, { keys })).toMatchObject({
      valid: true,
      checked: { entries: 66_000, tiles: 258 + 2 + 1 },
    });
  });

  it('takes keys in each of their forms', async () => {
    for (const key of [
      vkey(own),
      own.did,
      own.publicKeyHex,
      own.publicKey,
      own,
      { publicKey: own.publicKey },
    ]) {
      expect(await verifyLog(readerOf(files), { keys: [next, key], origin: ORIGIN })).toMatchObject({
        valid: true,
      });
    }
  });

  it('takes the path of a folder', async () => {
    const folder = join(scratch(), 'log');
    writeLog(files, folder);
    expect(await verifyLog(folder, { keys })).toMatchObject({ valid: true, size: 700 });
    expect(await verifyLog(new FolderLogReader(folder), { keys })).toMatchObject({ valid: true, size: 700 });
    await expect(verifyLog(join(folder, 'none'), { keys })).rejects.toMatchObject({
      code: 'audit_log_unavailable',
    });
  });

  it('takes a log that is open, which signs first', async () => {
    const log = await AuditLog.open(join(scratch(), 'log'), { signer: own, origin: ORIGIN });
    await log.append({ v: 1, kind: 'test.event', time: '2026-01-01T00:00:00Z' });
    expect(await verifyLog(log, { keys })).toMatchObject({ valid: true, size: 1 });
    await log.close();
  });

  it('says what it proves, and what not', async () => {
    const bare = await verifyLog(readerOf(files), { keys });
    expect(bare.proves).toHaveLength(1);
    expect(bare.proves[0]).toContain('All 700 entries');
    expect(bare.doesNotProve.join('\n')).toContain('without a checkpoint that you held yourself');
    const since = await Promise.all([256, 500].map((size) => signed(leaves(700).slice(0, size), own)));
    const held = await verifyLog(readerOf(files), { keys, since });
    expect(held.proves[1]).toContain('256, 500');
    expect(held.doesNotProve.join('\n')).toContain('After entry 500');
    expect(held.checked.since).toBe(2);
  });

  it('reads entries of any length', async () => {
    const long = (seq: number, length: number) => leaf(seq, { covenant: 'x'.repeat(length) });
    const entries = leaves(20).with(3, long(3, 300)).with(7, long(7, 65_000)).with(19, long(19, 1_000));
    expect(await verifyLog(readerOf(await madeLog(entries, own)), { keys })).toMatchObject({
      valid: true,
      checked: { entries: 20 },
    });
  });

  it('counts the witnesses that were asked for', async () => {
    const checkpoint = Buffer.from(files.get('checkpoint') as Uint8Array).toString();
    const lines = await Promise.all([
      cosign(checkpoint, 'witness.example', witness),
      cosign(checkpoint, 'second.example', second),
    ]);
    const one = readerOf(withFiles(note(addSignatures(checkpoint, lines.slice(0, 1)))));
    const both = readerOf(withFiles(note(addSignatures(checkpoint, lines))));
    const known = [cosignerKey(witness, 'witness.example'), cosignerKey(second, 'second.example')];
    expect(await verifyLog(one, { keys, witnesses: { keys: known, quorum: 1 } })).toMatchObject({
      valid: true,
      checked: { witnesses: ['witness.example'] },
    });
    expect(await verifyLog(one, { keys, witnesses: { keys: known } })).toMatchObject({
      valid: false,
      problem: { code: 'witnesses_missing' },
    });
    const report = await verifyLog(both, { keys, witnesses: { keys: known } });
    expect(report).toMatchObject({
      valid: true,
      checked: { witnesses: ['witness.example', 'second.example'] },
    });
    expect(report.proves.join(' ')).toContain('witness.example, second.example');
    // A line in the name of a witness that is not its own.
    const [line] = await Promise.all([cosign(await signed(leaves(5), own), 'witness.example', witness)]);
    const wrong = readerOf(withFiles(note(addSignatures(checkpoint, [line]))));
    expect(await verifyLog(wrong, { keys, witnesses: { keys: known, quorum: 1 } })).toMatchObject({
      problem: { code: 'witnesses_missing' },
    });
  });

  it('tells how far it is, and can be stopped', async () => {
    const seen: number[] = [];
    const stop = new AbortController();
    const onProgress = ({ entries, size }: { entries: number; size: number }) => {
      seen.push(entries);
      if (entries === 256) stop.abort(new Error(`stopped at ${entries} of ${size}`));
    };
    await expect(verifyLog(readerOf(files), { keys, onProgress, signal: stop.signal })).rejects.toThrow(
      'stopped at 256 of 700',
    );
    expect(seen).toEqual([0, 256]);
  });

  it('gives up after a hundred problems', async () => {
    const huge = formatCheckpoint({
      origin: ORIGIN,
      size: Number.MAX_SAFE_INTEGER,
      root: new Uint8Array(32),
    });
    const reader = readerOf(withFiles(note(await signNote(huge, ORIGIN, toSigner(own)))));
    const beyond = formatCheckpoint({ origin: ORIGIN, size: 1_000_000, root: new Uint8Array(32) });
    const since = [await signed(leaves(700), own), await signNote(beyond, ORIGIN, toSigner(own))];
    const report = await verifyLog(reader, { keys, since });
    expect(report.problems).toHaveLength(100);
    expect(report.problems).toContainEqual(expect.objectContaining({ code: 'entry_missing', index: 700 }));
  });
});

describe('a log that is not as it should be', () => {
  it.each([
    ['no checkpoint', { checkpoint: undefined }, { code: 'checkpoint_missing', path: 'checkpoint' }],
    [
      'an origin that no key can have',
      note(`a b\n0\n${Buffer.alloc(32).toString('base64')}\n\n— x AAAAAAAA\n`),
      { code: 'checkpoint_malformed' },
    ],
    [
      'bytes after the last entry of a bundle',
      { 'tile/entries/001': Buffer.concat([files.get('tile/entries/001') as Uint8Array, Uint8Array.of(0)]) },
      { code: 'entry_unexpected', index: 512 },
    ],
    [
      'a bundle that is cut',
      { 'tile/entries/001': files.get('tile/entries/001')?.subarray(0, -1) },
      { code: 'entry_missing', index: 511 },
    ],
    [
      'a bundle that is cut within a length',
      { 'tile/entries/001': files.get('tile/entries/001')?.subarray(0, 1) },
      { code: 'entry_missing', index: 256 },
    ],
  ])('has %s', async (_, changes, problem) => {
    const report = await verifyLog(readerOf(withFiles(changes as Record<string, Uint8Array | undefined>)), {
      keys,
    });
    expect(report).toMatchObject({ valid: false, problem });
  });

  it('lists its problems in order', async () => {
    const files2 = withFiles({
      'tile/0/000': files.get('tile/0/000')?.with(64, 0),
      'tile/1/000.p/2': undefined,
      'tile/entries/002.p/188': undefined,
    });
    const { problems } = await verifyLog(readerOf(files2), { keys });
    expect(problems.map(({ code, index }) => [code, index])).toEqual([
      ['tile_missing', 0],
      ['tile_changed', 2],
      ['entry_missing', 512],
    ]);
  });

  it('is not called forked for what was found before', async () => {
    const tile = files.get('tile/entries/000') as Uint8Array;
    const edited = Buffer.from(Buffer.from(tile).toString('latin1').replace('c17"', 'cXX"'), 'latin1');
    const since = await Promise.all([10, 300].map((size) => signed(leaves(700).slice(0, size), own)));
    const report = await verifyLog(readerOf(withFiles({ 'tile/entries/000': edited })), { keys, since });
    expect(report.problems).toMatchObject([{ code: 'entry_changed', index: 17 }]);
    expect(report.checked.since).toBe(1);
  });

  it('tells an entry from a tile where a tree of full tiles vouches for one of them', async () => {
    const whole = await big();
    const edited = Buffer.from(whole.get('tile/entries/003') as Uint8Array)
      .toString('latin1')
      .replace('c800', 'c80X');
    const entry = { 'tile/entries/003': Buffer.from(edited, 'latin1') };
    const tile = { 'tile/0/005': whole.get('tile/0/005')?.map((byte, i) => (i === 32 ? byte ^ 1 : byte)) };
    const { problems } = await verifyLog(readerOf(withFiles({ ...entry, ...tile }, whole)), { keys });
    expect(problems.map(({ code, index, path }) => [code, index, path])).toEqual([
      ['entry_changed', 800, 'tile/entries/003'],
      ['tile_changed', 5 * 256 + 1, 'tile/0/005'],
    ]);
    const upper = { 'tile/1/000': whole.get('tile/1/000')?.map((byte, i) => (i === 320 ? byte ^ 1 : byte)) };
    const more = await verifyLog(readerOf(withFiles({ ...entry, ...upper }, whole)), { keys });
    expect(more.problems.map(({ code, index, path }) => [code, index, path])).toEqual([
      ['entry_changed', 800, 'tile/entries/003'],
      ['tile_changed', 2_560, 'tile/1/000'],
    ]);
    // A tile that is itself not vouched for can blame none below it.
    const above = { 'tile/1/000': whole.get('tile/1/000')?.map((byte, i) => (i === 96 ? byte ^ 1 : byte)) };
    const least = await verifyLog(readerOf(withFiles({ ...entry, ...above }, whole)), { keys });
    expect(least.problems.map(({ code, index, path }) => [code, index, path])).toEqual([
      ['entry_changed', 800, 'tile/entries/003'],
    ]);
  });

  it('is in a folder with a link in it', async () => {
    const folder = join(scratch(), 'log');
    writeLog(files, folder);
    rmSync(join(folder, 'checkpoint'));
    mkdirSync(join(folder, 'checkpoint'));
    expect(await verifyLog(folder, { keys })).toMatchObject({
      valid: false,
      problem: { code: 'checkpoint_malformed' },
    });
    rmSync(join(folder, 'checkpoint'), { recursive: true });
    writeFileSync(join(folder, 'checkpoint'), files.get('checkpoint') as Uint8Array);
    rmSync(join(folder, 'tile/entries/001'));
    mkdirSync(join(folder, 'tile/entries/001'));
    expect(await verifyLog(folder, { keys })).toMatchObject({
      valid: false,
      problem: { code: 'entry_missing', index: 256 },
    });
  });

  it('is in a place that cannot be read', async () => {
    const broken = {
      ...readerOf(files),
      entries: () => Promise.reject(new AuditError('audit_log_unavailable', 'gone')),
    };
    await expect(verifyLog(broken, { keys })).rejects.toMatchObject({ code: 'audit_log_unavailable' });
    const failing = { ...readerOf(files), first: () => Promise.reject(new Error('a mistake')) };
    await expect(verifyLog(failing, { keys })).rejects.toThrow('a mistake');
  });

  it.each([[-256], [100], [1024]])('begins at %i', async (first) => {
    expect(await verifyLog(readerOf(files, first), { keys })).toMatchObject({
      valid: false,
      problem: { code: 'entry_missing', index: 0 },
    });
  });

  it('does not know where it begins', async () => {
    const lost = {
      ...readerOf(files),
      first: () => Promise.reject(new AuditError('audit_log_corrupt', 'not to be found')),
    };
    expect(await verifyLog(lost, { keys })).toMatchObject({
      problem: { code: 'entry_missing', message: 'not to be found' },
    });
  });
});
