/** What a verification tells beside the first problem: every place, every checkpoint, and how far it came. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { AuditError } from '../src/errors.js';
import { exportLog } from '../src/export.js';
import { addSignatures } from '../src/lib/note.js';
import { verifyExport } from '../src/verify-export.js';
import { verifyLog } from '../src/verify-log.js';
import { exported, inFolder } from './support/export-files.js';
import {
  cosignerKey,
  type Files,
  keyOf,
  leaf,
  leaves,
  madeLog,
  readerOf,
  signed,
  tilesOf,
  vkey,
} from './support/made-log.js';
import { scratch } from './support/places.js';

const [own, next, third] = await Promise.all([keyOf(1), keyOf(2), keyOf(3)]);
const keys = [vkey(own)];
const entries = leaves(700);
const files = await madeLog(entries, own);
const at = (size: number) => signed(entries.slice(0, size), own);
const withFiles = (changes: Record<string, Uint8Array | undefined>, from: Files = files): Files => {
  const changed = new Map(from);
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === undefined) changed.delete(path);
    else changed.set(path, bytes);
  }
  return changed;
};
const NOTHING = { entries: 0, tiles: 0, since: 0, witnesses: [] };
const line = (note: string) => note.split('\n').at(-2) as string;

describe('a log without a head', () => {
  it('has nothing that could be looked at', async () => {
    const gone = await verifyLog(readerOf(withFiles({ checkpoint: undefined })), {
      keys,
      since: await at(5),
    });
    expect(gone).toEqual({
      ...{ valid: false, origin: '', size: 0, root: '', from: 0, to: 0, checked: NOTHING, proves: [] },
      problem: gone.problem,
      problems: [{ code: 'checkpoint_missing', message: expect.any(String), path: 'checkpoint' }],
      doesNotProve: expect.any(Array),
    });
  });

  it('may have one that cannot be read', async () => {
    const reader = {
      ...readerOf(files),
      checkpoint: () => Promise.reject(new AuditError('audit_log_corrupt', 'it is a folder')),
    };
    expect((await verifyLog(reader, { keys })).problems).toEqual([
      { code: 'checkpoint_malformed', message: 'it is a folder', path: 'checkpoint' },
    ]);
  });

  it('may have one that another has signed, whose size and root are told', async () => {
    const report = await verifyLog(readerOf(files), { keys: [vkey(next)] });
    expect(report).toMatchObject({ size: 700, to: 700, problem: { code: 'checkpoint_unsigned' } });
    expect(report.problem?.message).toMatch(/^the checkpoint cannot be used: /);
  });
});

describe('a log that none of its keys has signed', () => {
  it('is not asked for witnesses', async () => {
    const witnesses = { keys: [cosignerKey(third, 'w')] };
    const { problems } = await verifyLog(readerOf(files), { keys: [vkey(next)], witnesses });
    expect(problems).toMatchObject([{ code: 'checkpoint_unsigned' }]);
  });
});

describe('a log whose beginning cannot be had', () => {
  it('holds nothing of an auditor', async () => {
    expect(await verifyLog(readerOf(files, 1_024), { keys, since: await at(5) })).toMatchObject({
      valid: false,
      from: 0,
      to: 700,
      checked: NOTHING,
      problems: [
        {
          code: 'entry_missing',
          index: 0,
          message: 'the log has 700 entries, and begins with entry 1024',
        },
      ],
    });
  });

  it('may be all of it', async () => {
    const whole = await madeLog(leaves(512), own);
    for (const path of ['tile/entries/000', 'tile/entries/001']) whole.delete(path);
    expect(
      await verifyLog(readerOf(whole, 512), { keys, since: await signed(leaves(512), own) }),
    ).toMatchObject({
      from: 512,
      checked: { entries: 0, since: 1 },
      problems: [{ code: 'pruned_unannounced', index: 0, before: 512 }],
    });
  });
});

describe('the checkpoints of an auditor', () => {
  it('may be of the log as it is', async () => {
    expect(await verifyLog(readerOf(files), { keys, since: await at(700) })).toMatchObject({
      valid: true,
      checked: { since: 1 },
    });
  });

  it('are named, the one or by their number', async () => {
    const foreign = await signed(entries.slice(0, 5), own, 'other.example');
    const since = [await at(5), foreign];
    const { problems } = await verifyLog(readerOf(files), { keys: [own], since: foreign });
    expect(problems).toMatchObject([
      { code: 'checkpoint_foreign', message: expect.stringMatching(/^the checkpoint that you hold is of/) },
    ]);
    const more = await verifyLog(readerOf(files), { keys: [own], since });
    expect(more.problems).toMatchObject([
      { code: 'checkpoint_foreign', message: expect.stringMatching(/^checkpoint 2 of those that you hold/) },
    ]);
    expect(more.checked.since).toBe(1);
  });

  it('tell between which of them the log was forked, in whatever order they come', async () => {
    const other = entries.with(550, leaf(550, { covenant: 'x' }));
    const since = [await at(700), await at(256), await at(600), await at(500)];
    const report = await verifyLog(readerOf(await madeLog(other, own)), { keys, since });
    expect(report.problems).toMatchObject([
      { code: 'forked', index: 500, before: 600 },
      { code: 'forked', index: 500, before: 700 },
    ]);
    expect(report.checked.since).toBe(2);
  });

  it('tell from where on all of the log was replaced', async () => {
    const other = entries.with(550, leaf(550, { covenant: 'x' }));
    const replaced = new Map([...tilesOf(other), ['checkpoint', files.get('checkpoint') as Uint8Array]]);
    const report = await verifyLog(readerOf(replaced), { keys, since: [await at(500), await at(256)] });
    expect(report.problems).toMatchObject([{ code: 'root_mismatch', index: 500, before: 700 }]);
    expect(report.checked.since).toBe(2);
  });

  it('tell of a fork beside what is wrong behind it, or is wrong with no hash', async () => {
    const forked = entries.with(100, leaf(100, { covenant: 'x' })).with(200, leaf(199));
    const edited = tilesOf(forked.with(256, leaf(256, { covenant: 'x' })));
    const changed = { 'tile/entries/001': edited.get('tile/entries/001') };
    const reader = readerOf(withFiles(changed, await madeLog(forked, own)));
    const { problems } = await verifyLog(reader, { keys, since: [await at(150), await at(256)] });
    expect(problems).toMatchObject([
      { code: 'entry_malformed', index: 200 },
      { code: 'entry_changed', index: 256 },
      { code: 'forked', index: 0, before: 150 },
      { code: 'forked', index: 0, before: 256 },
    ]);
  });

  it('that cannot be computed any more are neither held nor blamed', async () => {
    const lost = withFiles({ 'tile/entries/000': undefined, 'tile/0/000': undefined });
    const report = await verifyLog(readerOf(lost), { keys, since: [await at(100), await at(700)] });
    expect(report.problems.map(({ code }) => code).sort()).toEqual(['entry_missing', 'tile_missing']);
    expect(report.checked.since).toBe(0);
  });

  it('are listed with all else, a hundred at most', async () => {
    const foreign = await signed(entries.slice(0, 5), own, 'other.example');
    const edited = Buffer.from(
      Buffer.from(files.get('tile/entries/000') as Uint8Array)
        .toString('latin1')
        .replaceAll('covenant.put', 'covenant.PUT'),
      'latin1',
    );
    const report = await verifyLog(readerOf(withFiles({ 'tile/entries/000': edited })), {
      keys: [own],
      since: foreign,
    });
    expect(report.problems.map(({ code }) => code)).toEqual([
      'checkpoint_foreign',
      ...Array(99).fill('entry_changed'),
    ]);
  });
});

describe('the checkpoints of an auditor of a log that was pruned', () => {
  const pruned = entries.with(650, leaf(650, { kind: 'log.pruned', before: 512, policy: 'after a year' }));
  const kept = (size: number) => signed(pruned.slice(0, size), own);

  it('are compared with what was computed from the first entry on', async () => {
    const log = await madeLog(pruned, own);
    log.delete('tile/0/002.p/188');
    const report = await verifyLog(readerOf(log, 512), { keys, since: await kept(512) });
    expect(report.problems).toMatchObject([{ code: 'tile_missing', index: 512, path: 'tile/0/002.p/188' }]);
    expect(report.checked.since).toBe(1);
  });

  it('cannot be compared with an archive of what was left', async () => {
    const path = join(scratch(), 'archive');
    await exportLog(readerOf(await madeLog(pruned, own), 256), path, { to: 512 });
    const since = [await kept(100), await kept(300), await kept(512), await kept(600)];
    const report = await verifyExport(path, { keys, since });
    expect(report.problems).toMatchObject([
      { code: 'since_uncheckable', message: expect.stringContaining('this archive ends before 512') },
      { code: 'since_uncheckable', index: 0, before: 100 },
    ]);
    expect(report.checked).toMatchObject({ entries: 256, since: 2 });
  });
});

describe('an archive of what was left of a log', () => {
  it('is not compared with checkpoints before it, though their hashes are there', async () => {
    const path = join(scratch(), 'archive');
    const long = leaves(1_000);
    await exportLog(readerOf(await madeLog(long, own), 512), path, { to: 768 });
    const report = await verifyExport(path, { keys, since: await at(256) });
    expect(report.problems).toMatchObject([{ code: 'since_uncheckable', index: 0, before: 256 }]);
  });

  it('names the line that is another, or one too many', async () => {
    const path = join(scratch(), 'archive');
    await exportLog(readerOf(await madeLog(leaves(1_000), own), 512), path, { to: 768 });
    const lines = join(path, 'entries.ndjson');
    const text = readFileSync(lines, 'utf8');
    writeFileSync(lines, text.replace('c600', 'cXXX'));
    expect((await verifyExport(path, { keys })).problems).toMatchObject([
      { code: 'part_changed', index: 600, path: 'entries.ndjson' },
    ]);
    writeFileSync(lines, `${text}{}\n`);
    expect((await verifyExport(path, { keys })).problems).toMatchObject([
      { code: 'part_changed', index: 768, path: 'entries.ndjson' },
    ]);
  });
});

describe('an archive', () => {
  const turn = (index: number, from: KeyPair, to: KeyPair) =>
    leaf(index, { kind: 'log.key', key: vkey(to), previous: vkey(from) });
  const rotated = entries.with(100, turn(100, own, next)).with(600, turn(600, next, third));
  const all = { keys: [vkey(own), vkey(next), vkey(third)] };

  async function archiveSignedBy(...signers: readonly KeyPair[]) {
    const [first = '', ...more] = await Promise.all(signers.map((key) => signed(rotated, key)));
    const log = new Map(tilesOf(rotated)).set(
      'checkpoint',
      Buffer.from(addSignatures(first, more.map(line))),
    );
    const path = join(scratch(), 'archive');
    await exportLog(readerOf(log), path, { to: 512 });
    return (await verifyExport(path, all)).problem;
  }

  it('may be signed by a key that comes only after it, also beside one that was retired in it', async () => {
    expect(await archiveSignedBy(third)).toBeUndefined();
    expect(await archiveSignedBy(own, third)).toBeUndefined();
    expect(await archiveSignedBy(own, next)).toBeUndefined();
  });

  it('may not be signed by a key that was retired in it alone', async () => {
    const problem = { code: 'key_retired', message: expect.stringMatching(/^the checkpoint is signed by/) };
    expect(await archiveSignedBy(own)).toEqual(problem);
    const whole = await verifyLog(readerOf(await madeLog(rotated, own)), all);
    expect(whole.problems).toEqual([problem]);
  });
});

describe('a log that has got another key', () => {
  const turn = leaf(400, { kind: 'log.key', key: vkey(next), previous: vkey(own) });
  const rotated = entries.with(400, turn);
  const both = [vkey(own), vkey(next)];
  const signedBy = async (...signers: readonly KeyPair[]) => {
    const [first = '', ...more] = await Promise.all(signers.map((key) => signed(rotated, key)));
    return readerOf(
      new Map(tilesOf(rotated)).set('checkpoint', Buffer.from(addSignatures(first, more.map(line)))),
    );
  };

  it('may be signed by the one before as well', async () => {
    expect(await verifyLog(await signedBy(own, next), { keys: both })).toMatchObject({ valid: true });
  });

  it('and is signed by a stranger has nothing but that wrong with it', async () => {
    const report = await verifyLog(await signedBy(third), { keys: both });
    expect(report.problems).toMatchObject([{ code: 'checkpoint_unsigned' }]);
    expect(report.checked.witnesses).toEqual([]);
  });

  it('was signed by the first alone up to there', async () => {
    const before = (key: KeyPair, size: number) => signed(rotated.slice(0, size), key);
    const reader = await signedBy(next);
    expect(await verifyLog(reader, { keys: both, since: await before(own, 400) })).toMatchObject({
      valid: true,
    });
    const { problems } = await verifyLog(reader, { keys: both, since: await before(next, 400) });
    expect(problems).toMatchObject([{ code: 'key_retired' }]);
    const { valid } = await verifyLog(reader, { keys: both, since: await before(next, 401) });
    expect(valid).toBe(true);
  });
});

describe('an export that says it goes on beyond its checkpoint', () => {
  it('holds nothing of an auditor', async () => {
    const parts = await exported(300);
    const manifest = Buffer.from(parts.get('manifest.json') as Uint8Array).toString();
    parts.set('manifest.json', Buffer.from(manifest.replace('"to": 300', '"to": 301')));
    const report = await verifyExport(inFolder(parts), { keys, since: await at(5) });
    expect(report).toMatchObject({ to: 0, checked: NOTHING });
    expect(report.problems).toContainEqual({
      code: 'export_malformed',
      message: 'the export goes on to entry 301, and its checkpoint signs 300',
    });
  });
});

describe('whoever is to blame', () => {
  it('is the entry, where the tile above the one that was changed with it is vouched for', async () => {
    const edited = entries.with(17, leaf(17, { covenant: 'x' }));
    const below = tilesOf(edited);
    const log = withFiles({
      'tile/entries/000': below.get('tile/entries/000'),
      'tile/0/000': below.get('tile/0/000'),
    });
    expect((await verifyLog(readerOf(log), { keys })).problems).toMatchObject([
      { code: 'entry_changed', index: 0, before: 256, path: 'tile/1/000.p/2' },
    ]);
  });

  it('is the entry alone, though every hash above it is another', async () => {
    for (const index of [0, 1, 256, 257, 511]) {
      const edited = tilesOf(entries.with(index, leaf(index, { covenant: 'x' })));
      const path = index < 256 ? 'tile/entries/000' : 'tile/entries/001';
      const { problems } = await verifyLog(readerOf(withFiles({ [path]: edited.get(path) })), { keys });
      expect(problems).toMatchObject([{ code: 'entry_changed', index, path }]);
    }
  });

  it('is a key that comes back after it was retired', async () => {
    const turns = entries
      .with(4, leaf(4, { kind: 'log.key', key: vkey(next), previous: vkey(own) }))
      .with(300, leaf(300, { kind: 'log.key', key: vkey(own), previous: vkey(next) }));
    const report = await verifyLog(readerOf(await madeLog(turns, next)), { keys: [vkey(own), vkey(next)] });
    expect(report.problems).toMatchObject([{ code: 'key_retired', index: 300, path: 'tile/entries/001' }]);
  });

  it('is described', async () => {
    const bundle = files.get('tile/entries/001') as Uint8Array;
    const messageOf = async (changes: Record<string, Uint8Array | undefined>) =>
      (await verifyLog(readerOf(withFiles(changes)), { keys })).problem?.message;
    expect(await messageOf({ 'tile/entries/001': bundle.subarray(0, -1) })).toBe(
      'entry 511 is missing from tile/entries/001: it is cut off',
    );
    expect(await messageOf({ 'tile/entries/001': undefined })).toBe(
      'entry 256 is missing from tile/entries/001',
    );
    expect(await messageOf({ 'tile/0/000': undefined })).toMatch(/^tile\/0\/000 is missing or cut: /);
  });
});
