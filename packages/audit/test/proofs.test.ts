import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashLeaf, verifyConsistency, verifyInclusion } from '../src/lib/merkle.js';
import { consistencyProof, inclusionProof, leafAt, proveEntry } from '../src/proofs.js';
import { verifyProof } from '../src/verify-proof.js';
import {
  type Files,
  keyOf,
  leaf,
  leaves,
  madeLog,
  naiveRoot,
  ORIGIN,
  readerOf,
  vkey,
} from './support/made-log.js';

const SIZE = 700;
const own = await keyOf(1);
const entries = leaves(SIZE);
const files = await madeLog(entries, own);
const reader = readerOf(files);
const rootAt = (size: number) => naiveRoot(entries.slice(0, size).map(hashLeaf));
const notFound = expect.objectContaining({ code: 'entry_not_found' });
const corrupt = expect.objectContaining({ code: 'audit_log_corrupt' });
const nothing = readerOf(new Map());

/** The same files but for what is given. */
const readerWith = (changes: Record<string, Uint8Array | undefined>) => {
  const changed: Files = new Map(files);
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === undefined) changed.delete(path);
    else changed.set(path, bytes);
  }
  return readerOf(changed);
};

describe('an inclusion proof', () => {
  it('leads from any entry to the root of any tree that holds it', async () => {
    const pair = fc
      .nat(SIZE - 1)
      .chain((index) => fc.tuple(fc.constant(index), fc.integer({ min: index + 1, max: SIZE })));
    await fc.assert(
      fc.asyncProperty(pair, async ([index, size]) => {
        const proof = await inclusionProof(reader, index, size);
        expect(proof.leafHash).toEqual(hashLeaf(entries[index] as Uint8Array));
        expect(proof.checkpoint).toBeUndefined();
        expect(verifyInclusion({ ...proof, root: rootAt(size) })).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('is for the newest checkpoint unless a size is given, and brings it', async () => {
    const proof = await inclusionProof(reader, 699);
    expect(proof).toMatchObject({
      index: 699,
      size: SIZE,
      checkpoint: Buffer.from(files.get('checkpoint') as Uint8Array).toString(),
    });
    expect(verifyInclusion({ ...proof, root: rootAt(SIZE) })).toBe(true);
  });

  it.each([
    [700, undefined],
    [5, 5],
    [0, 0],
    [0, 701],
  ])('of entry %j among %j there is none', async (index, size) => {
    await expect(inclusionProof(reader, index, size)).rejects.toEqual(notFound);
  });

  it.each([
    [-1, 5],
    [1.5, 5],
    [0, -1],
    [0, Number.NaN],
  ])('cannot be asked for entry %j among %j', async (index, size) => {
    await expect(inclusionProof(reader, index, size)).rejects.toThrow(RangeError);
  });

  it('cannot be made before a checkpoint, or without its tiles', async () => {
    await expect(inclusionProof(nothing, 0)).rejects.toEqual(notFound);
    await expect(inclusionProof(readerWith({ 'tile/0/000': undefined }), 0)).rejects.toEqual(corrupt);
  });
});

describe('a consistency proof', () => {
  it('holds between any two sizes', async () => {
    const pair = fc
      .integer({ min: 1, max: SIZE })
      .chain((from) => fc.tuple(fc.constant(from), fc.integer({ min: from, max: SIZE })));
    await fc.assert(
      fc.asyncProperty(pair, async ([size1, size2]) => {
        const hashes = await consistencyProof(reader, size1, size2);
        expect(verifyConsistency({ size1, root1: rootAt(size1), size2, root2: rootAt(size2), hashes })).toBe(
          true,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('is up to the newest checkpoint unless a size is given', async () => {
    expect(await consistencyProof(reader, 300)).toEqual(await consistencyProof(reader, 300, SIZE));
    expect(await consistencyProof(reader, 0)).toEqual([]);
    expect(await consistencyProof(reader, 300, 300)).toEqual([]);
  });

  it('cannot be had of what is not there', async () => {
    await expect(consistencyProof(reader, 1, 701)).rejects.toEqual(notFound);
    await expect(consistencyProof(reader, 701, 1)).rejects.toEqual(notFound);
    await expect(consistencyProof(reader, 5, 4)).rejects.toThrow(RangeError);
    await expect(consistencyProof(reader, -1, 4)).rejects.toThrow(RangeError);
    await expect(consistencyProof(reader, 1, 0.5)).rejects.toThrow(RangeError);
    await expect(consistencyProof(nothing, 1)).rejects.toEqual(notFound);
  });
});

describe('a proof of one entry', () => {
  it.each([0, 255, 256, 699])('of index %i verifies offline', async (index) => {
    const report = await verifyProof(await proveEntry(reader, index), { keys: [vkey(own)], origin: ORIGIN });
    expect(report).toMatchObject({
      ...{ valid: true, origin: ORIGIN, size: SIZE, index, witnesses: [] },
      root: Buffer.from(rootAt(SIZE)).toString('hex'),
      leafHash: Buffer.from(hashLeaf(entries[index] as Uint8Array)).toString('hex'),
      entry: { seq: index, covenant: `c${index}` },
    });
    expect(report.proves).toHaveLength(1);
  });

  it('is not made of an entry that is not the one that was signed', async () => {
    const changed = Buffer.from(files.get('tile/entries/001') as Uint8Array)
      .toString('latin1')
      .replace('c300', 'c30X');
    await expect(
      proveEntry(readerWith({ 'tile/entries/001': Buffer.from(changed, 'latin1') }), 300),
    ).rejects.toEqual(corrupt);
    await expect(proveEntry(readerWith({ 'tile/entries/001': undefined }), 300)).rejects.toEqual(notFound);
    await expect(proveEntry(readerWith({ 'tile/entries/001': new Uint8Array(1) }), 300)).rejects.toEqual(
      corrupt,
    );
  });

  it('is of an entry that was published', async () => {
    await expect(proveEntry(reader, 700)).rejects.toEqual(notFound);
    expect(Buffer.from(await leafAt(reader, 513, SIZE))).toEqual(leaf(513));
  });
});
