import { canonicalizeJson } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { addSignatures } from '../src/lib/note.js';
import { formatProof, parseProof } from '../src/lib/proof-file.js';
import { proveEntry } from '../src/proofs.js';
import { verifyProof } from '../src/verify-proof.js';
import { cosign } from './support/logs.js';
import {
  cosignerKey,
  keyOf,
  leaf,
  leaves,
  madeLog,
  ORIGIN,
  readerOf,
  signed,
  vkey,
} from './support/made-log.js';

const [own, other, witness, second] = await Promise.all([keyOf(1), keyOf(2), keyOf(3), keyOf(4)]);
const entries = leaves(300);
const proof = await proveEntry(readerOf(await madeLog(entries, own)), 270);
const keys = [vkey(own)];
const older = await signed(entries.slice(0, 299), own);
const forked = await signed(entries.with(7, leaf(7, { kind: 'covenant.revoked' })), own);
const parsed = parseProof(proof);
const witnesses = {
  keys: [cosignerKey(witness, 'witness.example'), cosignerKey(second, 'second.example')],
  quorum: 1,
};

describe('verifyProof', () => {
  it.each([
    ['of another index', formatProof({ ...parsed, index: 271 })],
    ['beyond the tree', formatProof({ ...parsed, index: 300 })],
    ['without a hash', formatProof({ ...parsed, hashes: parsed.hashes.slice(1) })],
    ['with a hash too many', formatProof({ ...parsed, hashes: [...parsed.hashes, new Uint8Array(32)] })],
    ['with another entry', formatProof({ ...parsed, extra: entries[271] })],
    ['without its entry', formatProof({ ...parsed, extra: undefined })],
    ['with its hashes in another order', formatProof({ ...parsed, hashes: [...parsed.hashes].reverse() })],
    ['in an older tree', formatProof({ ...parsed, checkpoint: older })],
    ['in another tree', formatProof({ ...parsed, checkpoint: forked })],
  ])('finds one %s invalid', async (_, text) => {
    const report = await verifyProof(text, { keys });
    expect(report).toMatchObject({ valid: false, problem: { code: 'proof_invalid' }, proves: [] });
    expect(report.entry).toBeUndefined();
  });

  it('finds one of which any character was changed, or that was cut anywhere, invalid', async () => {
    for (let at = 0; at < proof.length; at++) {
      const other = String.fromCharCode(proof.charCodeAt(at) ^ 1);
      for (const text of [proof.slice(0, at) + other + proof.slice(at + 1), proof.slice(0, at)]) {
        expect((await verifyProof(text, { keys })).valid, `character ${at}`).toBe(false);
      }
    }
  });

  it.each([
    ['nothing', ''],
    ['something else', 'hello'],
    ['another version', proof.replace('@v1', '@v2')],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe)],
  ])('takes %s for no proof', async (_, text) => {
    expect(await verifyProof(text, { keys })).toMatchObject({
      valid: false,
      origin: '',
      witnesses: [],
      problem: { code: 'proof_malformed' },
      proves: [],
    });
  });

  it('believes the keys that were named, and no other', async () => {
    expect(await verifyProof(proof, { keys: [vkey(other)] })).toMatchObject({
      problem: {
        code: 'checkpoint_unsigned',
        message: expect.stringContaining('the checkpoint of the proof'),
      },
      origin: ORIGIN,
      proves: [],
    });
    expect(await verifyProof(proof, { keys, origin: 'other.example' })).toMatchObject({
      problem: { code: 'checkpoint_foreign' },
    });
    expect(await verifyProof(Buffer.from(proof), { keys: [other.did, own.did] })).toMatchObject({
      valid: true,
    });
  });

  it('finds an entry that no log may hold', async () => {
    const strange = [Buffer.from(canonicalizeJson({ v: 1, seq: 0 }))];
    const text = formatProof({
      index: 0,
      hashes: [],
      checkpoint: await signed(strange, own),
      extra: strange[0],
    });
    expect(await verifyProof(text, { keys })).toMatchObject({
      valid: false,
      problem: { code: 'entry_malformed', index: 0 },
    });
  });

  it('asks for witnesses where it is told to', async () => {
    expect(await verifyProof(proof, { keys, witnesses })).toMatchObject({
      problem: { code: 'witnesses_missing' },
    });
    const line = await cosign(parsed.checkpoint, 'witness.example', witness);
    const text = formatProof({ ...parsed, checkpoint: addSignatures(parsed.checkpoint, [line]) });
    const report = await verifyProof(text, { keys, witnesses });
    expect(report).toMatchObject({ valid: true, witnesses: ['witness.example'] });
    expect(report.proves[0]).toContain('witness.example');
    expect(report.doesNotProve.join(' ')).not.toContain('without witnesses');
    const more = await cosign(parsed.checkpoint, 'second.example', second);
    const both = formatProof({ ...parsed, checkpoint: addSignatures(parsed.checkpoint, [line, more]) });
    const { proves } = await verifyProof(both, { keys, witnesses });
    expect(proves[0]).toContain('witness.example, second.example');
  });

  it('says what it proves, and what not', async () => {
    const report = await verifyProof(proof, { keys });
    expect(report.proves).toEqual([
      `This is entry 270 of the log “${ORIGIN}”, as the holder of its key signed it with the checkpoint of 300 entries.`,
    ]);
    const doesNotProve = report.doesNotProve.join(' ');
    expect(doesNotProve).toContain('without a checkpoint that you held yourself');
    expect(doesNotProve).toContain('the other entries of the log');
    expect(doesNotProve).not.toContain('which are not here');
  });

  it.each([[null], [7], [undefined]])('takes no %j', async (text) => {
    await expect(verifyProof(text as unknown as string, { keys })).rejects.toThrow(
      new TypeError('a proof is a string or a Uint8Array'),
    );
  });
});
