import { toSigner } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../src/lib/checkpoint.js';
import { signNote } from '../src/lib/note.js';
import { verifyLog } from '../src/verify-log.js';
import { keyOf, leaf, leaves, madeLog, ORIGIN, readerOf, signed, vkey } from './support/made-log.js';

const own = await keyOf(1);
const keys = [vkey(own)];

describe('a log that was pruned', () => {
  const announce = (before: unknown) =>
    leaves(700).with(650, leaf(650, { kind: 'log.pruned', before, policy: 'after a year' }));
  const at = (size: number) => signed(announce(512).slice(0, size), own);

  it('verifies from where it says', async () => {
    const log = await madeLog(announce(512), own);
    for (const path of ['tile/0/000', 'tile/0/001', 'tile/entries/000', 'tile/entries/001']) log.delete(path);
    const report = await verifyLog(readerOf(log, 512), {
      keys,
      since: [await at(0), await at(512), await at(600)],
    });
    expect(report).toMatchObject({ valid: true, from: 512, checked: { entries: 188, since: 3 } });
    expect(report.proves[0]).toContain('from 512 to before 700');
    expect(report.doesNotProve.join(' ')).toContain('before 512');
  });

  it('still holds a checkpoint whose hashes are left', async () => {
    const log = readerOf(await madeLog(announce(512), own), 512);
    expect(await verifyLog(log, { keys, since: await at(256) })).toMatchObject({
      valid: true,
      checked: { since: 1 },
    });
    const fork = await signed(leaves(256).with(7, leaf(7, { covenant: 'x' })), own);
    expect(await verifyLog(log, { keys, since: fork })).toMatchObject({
      problem: { code: 'forked', index: 0, before: 256 },
    });
  });

  it('tells an auditor whose checkpoint is too old', async () => {
    const log = await madeLog(announce(512), own);
    log.delete('tile/0/000');
    expect(await verifyLog(readerOf(log, 512), { keys, since: await at(100) })).toMatchObject({
      problem: { code: 'since_uncheckable', before: 100 },
    });
  });

  it.each([[256], [undefined], ['512']])('must have said so: %j', async (before) => {
    const log = readerOf(await madeLog(announce(before ?? null), own), 512);
    expect(await verifyLog(log, { keys })).toMatchObject({
      valid: false,
      problem: { code: 'pruned_unannounced', index: 0, before: 512 },
    });
  });

  it('must have said so itself, and not somebody in an entry of another kind', async () => {
    const entries = leaves(700).with(650, leaf(650, { before: 512 }));
    expect(await verifyLog(readerOf(await madeLog(entries, own), 512), { keys })).toMatchObject({
      valid: false,
      problem: { code: 'pruned_unannounced', index: 0, before: 512 },
    });
  });

  it('cannot do without the hashes of what was pruned', async () => {
    const log = await madeLog(announce(512), own);
    log.delete('tile/1/000.p/2');
    expect(await verifyLog(readerOf(log, 512), { keys })).toMatchObject({
      valid: false,
      problem: { code: 'tile_missing', index: 0, path: 'tile/1/000.p/2' },
    });
    log.set('tile/1/000.p/2', new Uint8Array(64));
    expect(await verifyLog(readerOf(log, 512), { keys })).toMatchObject({
      valid: false,
      problem: { code: 'root_mismatch', index: 512, before: 700 },
    });
  });

  it('cannot do without any of them', async () => {
    const entries = leaves(1_000).with(950, leaf(950, { kind: 'log.pruned', before: 768, policy: 'old' }));
    const log = await madeLog(entries, own);
    log.delete('tile/1/000.p/3');
    expect((await verifyLog(readerOf(log, 768), { keys })).problems).toMatchObject([
      { code: 'tile_missing', index: 0, path: 'tile/1/000.p/3' },
      { code: 'tile_missing', index: 512, path: 'tile/1/000.p/3' },
    ]);
  });

  it('may not hold an empty beginning that is another', async () => {
    const empty = formatCheckpoint({ origin: ORIGIN, size: 0, root: new Uint8Array(32) });
    const since = await signNote(empty, ORIGIN, toSigner(own));
    expect(await verifyLog(readerOf(await madeLog(announce(512), own), 512), { keys, since })).toMatchObject({
      problem: { code: 'forked' },
    });
  });
});
