/** Checkpoints: the public vectors, and everything that is nearly one. */
import { generateKeyPair, toSigner } from '@stele/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson } from '../../../test/support/vectors.js';
import { formatCheckpoint, openCheckpoint, parseCheckpoint, readCheckpoint } from '../src/lib/checkpoint.js';
import { signNote, verifierKey } from '../src/lib/note.js';
import { refusedAs } from './support/refusals.js';

describe.skipIf(!haveVectors)('the public vectors', () => {
  const vectors = () =>
    vectorJson<{
      record_hash_base64: string;
      tree_size: number;
      formatted: string;
      invalid: string[];
      valid_with_trailing_lines: string[];
      c2sp_example: string;
    }>('signed-note/checkpoint-body.json');
  const origin = 'go.sum database tree';

  it('of bodies', async () => {
    const { formatted, record_hash_base64, tree_size, invalid, valid_with_trailing_lines } = vectors();
    const root = new Uint8Array(Buffer.from(record_hash_base64, 'base64'));
    const checkpoint = { origin, size: tree_size, root };
    expect(formatCheckpoint(checkpoint)).toBe(formatted);
    expect(parseCheckpoint(formatted, origin)).toEqual({ ...checkpoint, extensions: [] });
    for (const text of valid_with_trailing_lines) {
      expect(parseCheckpoint(text, origin)).toEqual({ ...checkpoint, extensions: ['JOE'] });
      expect(formatCheckpoint(parseCheckpoint(text))).toBe(text);
    }
    const [foreign = '', ...malformed] = invalid;
    await refusedAs('audit_log_foreign', () => parseCheckpoint(foreign, origin));
    for (const text of malformed) await refusedAs('note_malformed', () => parseCheckpoint(text, origin));
    expect(malformed).toHaveLength(2);
  });

  it('of a note', () => {
    const { origin, size, extensions } = readCheckpoint(vectors().c2sp_example);
    expect([origin, size, extensions]).toEqual(['example.com/behind-the-sofa', 20_852_163, []]);
  });
});

const root = new Uint8Array(32).fill(0xfb);
const ROOT = Buffer.from(root).toString('base64');
const line = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => !text.includes('\n'));

describe('a checkpoint', () => {
  it('is parsed back', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(
        line,
        fc.maxSafeNat(),
        hash,
        fc.array(line, { maxLength: 3 }),
        (origin, size, root, extensions) => {
          const checkpoint = { origin, size, root, extensions };
          expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
        },
      ),
    );
    for (const size of [0, 1, 9, 10, Number.MAX_SAFE_INTEGER]) {
      expect(parseCheckpoint(`a\n${size}\n${ROOT}\n`).size).toBe(size);
    }
  });

  it('that is not exactly of the form is refused', async () => {
    const sizes = [
      '',
      '-1',
      '+1',
      '00',
      '01',
      '1.0',
      '1e3',
      '0x1',
      ' 1',
      '1 ',
      '1_0',
      '9007199254740992',
      '99999999999999999',
    ];
    const hex = Buffer.from(root).toString('hex');
    const short = (length: number) => Buffer.alloc(length, 1).toString('base64');
    const roots = [
      '',
      ROOT.slice(0, -1),
      `${ROOT}=`,
      ` ${ROOT}`,
      `${ROOT} `,
      short(31),
      short(33),
      short(0),
      hex,
    ];
    const base64url = Buffer.from(root).toString('base64url');
    const bad = [
      ...[
        '',
        '\n',
        'a',
        'a\n',
        'a\n1',
        'a\n1\n',
        `a\n1\n${ROOT}`,
        `\n1\n${ROOT}\n`,
        `1\n${ROOT}\n`,
        `a\n1\n${ROOT}\n\n`,
      ],
      ...[
        `a\n1\n${ROOT}\n\nb\n`,
        `a\n1\n${ROOT}\nb`,
        `a\n1\n${ROOT}\nb\n\n`,
        `a\n\n1\n${ROOT}\n`,
        `a\n1\n\n${ROOT}\n`,
      ],
      ...sizes.map((size) => `a\n${size}\n${ROOT}\n`),
      ...[...roots, base64url, `${base64url}=`].map((encoded) => `a\n1\n${encoded}\n`),
      // Bits to spare: it decodes to the same bytes.
      `a\n1\n${ROOT.replace(/.=$/, (end) => String.fromCharCode(end.charCodeAt(0) + 1) + end.slice(1))}\n`,
    ];
    for (const text of bad) {
      await refusedAs('note_malformed', () => parseCheckpoint(text)).catch((error: unknown) => {
        throw new Error(`${JSON.stringify(text)}: ${error}`);
      });
    }
  });

  it('is not written if it could not be read', () => {
    const good = { origin: 'a', size: 1, root };
    const bad = [
      ...['', 'a\nb', '\n', 'a\n'].map((origin) => ({ ...good, origin })),
      ...[-1, 0.5, Number.NaN, 2 ** 53, 1e21].map((size) => ({ ...good, size })),
      ...[0, 31, 33].map((length) => ({ ...good, root: new Uint8Array(length) })),
      ...[[''], ['a', ''], ['a\nb'], ['a\n'], ['\n']].map((extensions) => ({ ...good, extensions })),
    ];
    for (const checkpoint of bad)
      expect(() => formatCheckpoint(checkpoint), JSON.stringify(checkpoint)).toThrow(RangeError);
    expect(formatCheckpoint(good)).toBe(`a\n1\n${ROOT}\n`);
  });

  it('opens by the keys of its log alone', async () => {
    const signer = toSigner(await generateKeyPair());
    const key = verifierKey('log.example', signer.publicKey);
    const text = formatCheckpoint({ origin: 'log.example', size: 7, root, extensions: ['x'] });
    const note = await signNote(text, 'log.example', signer);
    const opened = await openCheckpoint(note, [key], 'log.example');
    expect(opened).toMatchObject({ origin: 'log.example', size: 7, root, extensions: ['x'], text });
    expect(opened.verified).toHaveLength(1);
    expect(await openCheckpoint(note, [key])).toEqual(opened);
    expect(readCheckpoint(note, 'log.example').size).toBe(7);
    await refusedAs('audit_log_foreign', () => openCheckpoint(note, [key], 'other.example'));
    await refusedAs('audit_log_foreign', () => readCheckpoint(note, 'other.example'));
    const stranger = verifierKey('log.example', toSigner(await generateKeyPair()).publicKey);
    await refusedAs('note_unsigned', () => openCheckpoint(note, [stranger]));
    const other = await signNote('no checkpoint\n', 'log.example', signer);
    await refusedAs('note_malformed', () => openCheckpoint(other, [key]));
    await refusedAs('note_malformed', () => readCheckpoint(text));
  });
});
