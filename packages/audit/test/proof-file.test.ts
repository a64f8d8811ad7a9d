/** Offline proofs of one entry. */
import { beforeAll, describe, expect, it } from 'vitest';
import { MAX_NOTE_BYTES } from '../src/lib/note.js';
import { formatProof, type LogProof, parseProof } from '../src/lib/proof-file.js';
import { NumberedLog } from './support/logs.js';
import { refusedAs } from './support/refusals.js';

const SIZE = 300;
let log: NumberedLog;
let checkpoint: string;

beforeAll(async () => {
  log = await NumberedLog.make();
  checkpoint = await log.checkpoint(SIZE);
});

const leafOf = (index: number) => new Uint8Array(log.leaves[index] as Uint8Array);

async function proofOf(index: number, size = SIZE): Promise<LogProof> {
  const note = size === SIZE ? checkpoint : await log.checkpoint(size);
  return { index, hashes: await log.inclusion(index, size), checkpoint: note, extra: leafOf(index) };
}

describe('a proof', () => {
  it('is written as C2SP tlog-proof says', async () => {
    const { hashes } = await proofOf(2, 3);
    const note = await log.checkpoint(3);
    const text = formatProof(await proofOf(2, 3));
    expect(text).toBe(
      [
        'c2sp.org/tlog-proof@v1',
        `extra ${Buffer.from('entry 2').toString('base64')}`,
        'index 2',
        Buffer.from(hashes[0] as Uint8Array).toString('base64'),
        '',
        note,
      ].join('\n'),
    );
  });

  it('is parsed back, with an entry and without, of any length', async () => {
    for (const [index, size] of [
      [0, 1],
      [0, 300],
      [299, 300],
      [255, 256],
      [256, 257],
    ] as const) {
      const proof = await proofOf(index, size);
      for (const form of [formatProof(proof), Buffer.from(formatProof(proof))])
        expect(parseProof(form)).toEqual(proof);
      const { extra: _, ...bare } = proof;
      expect(parseProof(formatProof(bare))).toEqual(bare);
      const empty = { ...bare, extra: new Uint8Array(0) };
      expect(parseProof(formatProof(empty))).toEqual(empty);
    }
    const long = { ...(await proofOf(0)), extra: new Uint8Array(65_535) };
    expect(parseProof(formatProof(long)).extra).toHaveLength(65_535);
    await refusedAs('note_malformed', () => formatProof({ ...long, extra: new Uint8Array(65_536) }));
  });

  it('that is not exactly of the form is refused', async () => {
    const good = formatProof(await proofOf(1, 3));
    const hash = Buffer.alloc(32, 1).toString('base64');
    const bad = {
      'another version': good.replace('@v1', '@v2'),
      'a line before it': `\n${good}`,
      'a byte order mark': `\ufeff${good}`,
      'carriage returns': good.replaceAll('\n', '\r\n'),
      'nothing but a checkpoint': `c2sp.org/tlog-proof@v1${good.slice(good.indexOf('\n\n'))}`,
      'no index': good.replace(/index .*\n/, ''),
      'another word before the index': good.replace('index 1', 'xindex 1'),
      'an index with a sign': good.replace('index 1', 'index +1'),
      'an index with a zero before it': good.replace('index 1', 'index 01'),
      'an index in hex': good.replace('index 1', 'index 0x1'),
      'an index without digits': good.replace('index 1', 'index '),
      'an index that is too large': good.replace('index 1', `index ${2 ** 53}`),
      'two spaces': good.replace('index 1', 'index  1'),
      'text after the index': good.replace('index 1', 'index 1 '),
      'extra twice': good.replace(/(extra .*\n)/, '$1$1'),
      'extra after the index': good.replace(/(extra .*\n)(index .*\n)/, '$2$1'),
      'extra without a space': good.replace('extra ', 'extra'),
      'extra in base64url': good.replace(/extra .*/, `extra ${Buffer.alloc(3, 0xfb).toString('base64url')}`),
      'extra with a space at the end': good.replace(/(extra .*)/, '$1 '),
      'a hash of 31 bytes': good.replace(/(index .*\n)/, `$1${Buffer.alloc(31).toString('base64')}\n`),
      'a hash in hex': good.replace(/(index .*\n)/, `$1${Buffer.alloc(32).toString('hex')}\n`),
      'too many hashes': good.replace(/(index .*\n)/, `$1${`${hash}\n`.repeat(62)}`),
      'no empty line': good.replace('\n\n', '\n'),
      'two empty lines': good.replace('\n\n', '\n\n\n'),
      'no checkpoint': good.slice(0, good.indexOf('\n\n') + 2),
      'something after it': `${good}x`,
      'a note that is too long': good.replace('\n\n', `\n\n${'a'.repeat(MAX_NOTE_BYTES)}\n`),
      'nothing but length': 'a'.repeat(2_000_000),
    };
    for (const [what, text] of Object.entries(bad)) {
      await refusedAs('note_malformed', () => parseProof(text)).catch((error: unknown) => {
        throw new Error(`${what}: ${error}`);
      });
    }
    const sixtyThree = good.replace(/(index .*\n)(?:.+\n)*\n/, `$1${`${hash}\n`.repeat(63)}\n`);
    expect(parseProof(sixtyThree).hashes).toHaveLength(63);
    await refusedAs('note_malformed', () => parseProof(Buffer.concat([Buffer.from(good), Buffer.of(0xff)])));
  });
});
