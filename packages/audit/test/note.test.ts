/** Signed notes and verifier keys: the public vectors, and everything that is nearly one. */
import { generateKeyPair, keyPairFromPrivateKey, type Signer, toSigner } from '@stele/crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { haveVectors, vectorJson } from '../../../test/support/vectors.js';
import {
  addSignatures,
  COSIGNATURE,
  ED25519,
  formatVerifierKey,
  isKeyName,
  keyHash,
  MAX_NOTE_BYTES,
  MAX_SIGNATURES,
  openNote,
  parseNote,
  parseVerifierKey,
  signNote,
  toVerifierKey,
  type VerifierKey,
  verifierKey,
} from '../src/lib/note.js';
import { refusedAs } from './support/refusals.js';

interface Vectors {
  verifier_keys: { valid: string[]; invalid: string[] };
  sign: { signer_key: string; text: string; expected: string };
  open: {
    name: string;
    note: string;
    verifiers: string[];
    verified?: string[];
    unverified?: string[];
    error?: string;
  }[];
}

const vectors = () => vectorJson<Vectors>('signed-note/signed-note.json');
const names = (signatures: readonly { name: string }[]) => signatures.map(({ name }) => name);

describe.skipIf(!haveVectors)('the public vectors', () => {
  it('of verifier keys', async () => {
    const { valid, invalid } = vectors().verifier_keys;
    for (const text of valid) expect(formatVerifierKey(parseVerifierKey(text))).toBe(text);
    for (const text of invalid) await refusedAs('note_malformed', () => parseVerifierKey(text));
    expect([valid.length, invalid.length]).toEqual([3, 2]);
  });

  it('of signing', async () => {
    const { signer_key, text, expected } = vectors().sign;
    const [, , name = '', , ...secret] = signer_key.split('+');
    const seed = Buffer.from(secret.join('+'), 'base64').subarray(1);
    const pair = await keyPairFromPrivateKey(seed);
    expect(await signNote(text, name, toSigner(pair))).toBe(expected);
  });

  it('of opening', async () => {
    const rows = vectors().open;
    for (const { name, note, verifiers, verified, unverified, error } of rows) {
      const opening = () => openNote(note, verifiers.map(parseVerifierKey));
      if (error === undefined) {
        const opened = await opening();
        expect(names(opened.verified), name).toEqual(verified ?? []);
        expect(names(opened.unverified), name).toEqual(unverified ?? []);
        expect(note.startsWith(`${opened.text}\n— `), name).toBe(true);
      } else {
        await refusedAs(error === 'malformed note' ? 'note_malformed' : 'note_unsigned', opening);
      }
    }
    expect(rows).toHaveLength(8);
  });

  it('of keys, cut or with one byte changed, are all refused', async () => {
    for (const [i, text] of vectors().verifier_keys.valid.entries()) {
      for (let from = 0; from < text.length; from++) {
        for (let to = from; to <= text.length; to++) {
          if (to - from < text.length) expect(isKey(text.slice(from, to)), text.slice(from, to)).toBe(false);
        }
      }
      for (let at = 0; at < text.length; at++) {
        for (let byte = 0; byte < 256; byte += i === 0 ? 1 : 11) {
          const changed = text.slice(0, at) + String.fromCharCode(byte) + text.slice(at + 1);
          if (changed !== text) expect(isKey(changed), changed).toBe(false);
        }
      }
    }
  });
});

function isKey(text: string): boolean {
  try {
    parseVerifierKey(text);
    return true;
  } catch {
    return false;
  }
}

let one: { signer: Signer; key: VerifierKey };
let two: typeof one;
let good: string;
const TEXT = 'some text\n';

async function signerOf(name: string) {
  const signer = toSigner(await generateKeyPair());
  return { signer, key: verifierKey(name, signer.publicKey) };
}

beforeAll(async () => {
  one = await signerOf('one.example/log');
  two = await signerOf('two.example/log');
  good = await signNote(TEXT, 'one.example/log', one.signer);
});

const lineOf = (note: string) => note.trimEnd().split('\n').at(-1) as string;

describe('a verifier key', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(isKeyName);

  it('is parsed back, whatever its name and type', () => {
    const type = fc.constantFrom(ED25519, COSIGNATURE);
    fc.assert(
      fc.property(name, type, fc.uint8Array({ minLength: 32, maxLength: 32 }), (name, type, publicKey) => {
        const key = verifierKey(name, publicKey, type);
        expect(parseVerifierKey(formatVerifierKey(key))).toEqual(key);
      }),
    );
  });

  it('is of a type that is known, in one spelling', async () => {
    const bytes = (type: number, length = 32) => Buffer.from([type, ...new Uint8Array(length).fill(9)]);
    const text = (type: number, length?: number) => {
      const key = bytes(type, length);
      return `a+${keyHash('a', key.subarray(1), type as typeof ED25519)}+${key.toString('base64')}`;
    };
    expect(isKey(text(1))).toBe(true);
    expect(isKey(text(4))).toBe(true);
    for (const type of [0, 2, 3, 5, 6, 255]) expect(isKey(text(type)), `type ${type}`).toBe(false);
    for (const length of [0, 31, 33, 64]) expect(isKey(text(1, length)), `${length} bytes`).toBe(false);
    const [, id = '', key = ''] = text(1).split('+');
    expect(id).toMatch(/[a-f]/);
    for (const other of [
      `a+${id.toUpperCase()}+${key}`,
      `a+${id}+${key} `,
      `a+${id}+${key}\n`,
      ` a+${id}+${key}`,
    ]) {
      expect(isKey(other), other).toBe(false);
    }
    expect(isKey(`a+${id}+${key}+`)).toBe(false);
    expect(isKey(`${'a'.repeat(5_000)}+${id}+${key}`)).toBe(false);
    await refusedAs('note_malformed', () => parseVerifierKey(''));
  });

  it('has a name without spaces, plus signs, control characters and lone surrogates', () => {
    const bad = [
      '',
      ' ',
      'a b',
      'a+b',
      'a\nb',
      'a\u00a0b',
      'a\u2003b',
      'a\u3000b',
      'a\u2028b',
      'a\u0085b',
      '\ud800',
      'a\0',
    ];
    for (const name of bad) {
      expect(isKeyName(name), JSON.stringify(name)).toBe(false);
      expect(() => verifierKey(name, one.key.publicKey)).toThrow(RangeError);
    }
    for (const name of [undefined, null, 1, {}]) expect(isKeyName(name)).toBe(false);
    for (const name of ['a', 'é.example/ü', '日本', '😀', 'a-b_c.d/e:1'])
      expect(isKeyName(name), name).toBe(true);
  });

  it('holds 32 bytes of its own', () => {
    for (const length of [0, 31, 33])
      expect(() => verifierKey('a', new Uint8Array(length))).toThrow(RangeError);
    expect(() => verifierKey('a', 'x'.repeat(32) as never)).toThrow(TypeError);
    const bytes = new Uint8Array(32);
    const key = verifierKey('a', bytes);
    bytes.fill(1);
    expect(key.publicKey).toEqual(new Uint8Array(32));
  });

  it('is had from a key however a host names it', async () => {
    const pair = await generateKeyPair();
    const expected = verifierKey('log.example', pair.publicKey);
    const forms = [
      pair,
      toSigner(pair),
      pair.publicKey,
      pair.publicKeyHex,
      pair.did,
      formatVerifierKey(expected),
    ];
    for (const form of forms) expect(toVerifierKey(form, 'log.example')).toEqual(expected);
    const named = formatVerifierKey(verifierKey('other.example', pair.publicKey, COSIGNATURE));
    expect(toVerifierKey(named, 'log.example')).toEqual(parseVerifierKey(named));
    const bad = [
      '',
      'x',
      pair.publicKeyHex.slice(1),
      pair.publicKeyHex.toUpperCase(),
      `${pair.publicKeyHex}0`,
    ];
    for (const form of bad) await refusedAs('note_malformed', () => toVerifierKey(form, 'log.example'));
    expect(() => toVerifierKey('did:key:zzz', 'log.example')).toThrow();
    expect(() => toVerifierKey({} as never, 'log.example')).toThrow(TypeError);
    expect(() => toVerifierKey(new Uint8Array(31), 'log.example')).toThrow(RangeError);
  });
});

describe('a note', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/[\p{Cs}\p{Cc}]/u.test(text));
  const text = fc.array(line, { minLength: 1, maxLength: 6 }).map((lines) => `${lines.join('\n')}\n`);

  it('that was signed opens to its text, as a string and as bytes', async () => {
    await fc.assert(
      fc.asyncProperty(text, async (text) => {
        const note = await signNote(text, one.key.name, one.signer);
        for (const form of [note, Buffer.from(note)]) {
          const opened = await openNote(form, [two.key, one.key]);
          expect(opened.text).toBe(text);
          expect(opened.verified.map(({ key }) => key)).toEqual([one.key]);
          expect(opened.unverified).toEqual([]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('with any one byte changed does not open', async () => {
    const bytes = Buffer.from(good);
    for (let at = 0; at < bytes.length; at++) {
      for (const by of [1, 0x20, 0x80]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ by;
        await expect(openNote(changed, [one.key]), `byte ${at} ^ ${by}`).rejects.toThrow(/note|key/);
      }
    }
    for (let end = 0; end < bytes.length; end++) {
      await refusedAs('note_malformed', () => parseNote(bytes.subarray(0, end)));
    }
  });

  it('may have empty lines, and lines that look like signatures, in its text', async () => {
    for (const text of ['\n', '\n\n', 'a\n\nb\n', `a\n\n${lineOf(good)}\n`, '\ufeffa\n', 'a\x7f\u0085b\n']) {
      const note = await signNote(text, one.key.name, one.signer);
      expect((await openNote(Buffer.from(note), [one.key])).text, JSON.stringify(text)).toBe(text);
    }
  });

  it('with other signatures opens by those of known keys', async () => {
    const both = addSignatures(good, [lineOf(await signNote(TEXT, two.key.name, two.signer))]);
    const opened = await openNote(both, [two.key]);
    expect([names(opened.verified), names(opened.unverified)]).toEqual([[two.key.name], [one.key.name]]);
    expect(opened.verified[0]?.line).toBe(lineOf(both));
    expect(names((await openNote(both, [two.key, one.key])).verified)).toEqual([one.key.name, two.key.name]);
  });

  it('is refused for a key that shares only its name or only its id with that of the signature', async () => {
    const sameName = verifierKey(one.key.name, two.key.publicKey);
    await refusedAs('note_unsigned', () => openNote(good, [sameName]));
    await refusedAs('note_unsigned', () => openNote(good, [{ ...one.key, name: 'another' }]));
    await refusedAs('note_unsigned', () => openNote(good, []));
    expect((await openNote(good, [sameName, one.key])).verified).toHaveLength(1);
  });

  it('with one bad signature of a known key is refused, however many are good', async () => {
    const bad = lineOf(await signNote('other text\n', one.key.name, one.signer));
    const other = lineOf(await signNote(TEXT, two.key.name, two.signer));
    for (const lines of [[bad], [lineOf(good), bad], [bad, lineOf(good)], [other, bad]]) {
      const note = `${TEXT}\n${lines.join('\n')}\n`;
      await refusedAs('note_unsigned', () => openNote(note, [one.key, two.key]));
    }
    expect(names((await openNote(`${TEXT}\n${[other, bad].join('\n')}\n`, [two.key])).verified)).toEqual([
      two.key.name,
    ]);
  });

  it('counts a key once', async () => {
    const note = `${TEXT}\n${lineOf(good)}\n${lineOf(good)}\n`;
    expect((await openNote(note, [one.key, one.key])).verified).toHaveLength(1);
  });

  it('is not opened with two keys that cannot be told apart', async () => {
    const twin = { ...two.key, name: one.key.name, id: one.key.id };
    await refusedAs('note_unsigned', () => openNote(good, [one.key, twin]));
    await refusedAs('note_unsigned', () => openNote(good, [twin, one.key]));
  });

  it('that is not exactly of the form is refused', async () => {
    const signature = lineOf(good);
    const [, name, base64 = ''] = signature.split(' ');
    const bad = {
      'nothing at all': '',
      'no empty line': `${TEXT}${signature}\n`,
      'no text': `\n${signature}\n`,
      'no signatures': `${TEXT}\n`,
      'an empty line after them': `${good}\n`,
      'no newline at the end': good.slice(0, -1),
      'text after them': `${good}x\n`,
      'carriage returns': good.replaceAll('\n', '\r\n'),
      'a hyphen for the dash': good.replace('—', '-'),
      'an en dash': good.replace('—', '–'),
      'two spaces': good.replace('— ', '—  '),
      'a space at the end': good.replace(/\n$/, ' \n'),
      'a space before the dash': good.replace('—', ' —'),
      'a no-break space': good.replace('— ', '—\u00a0'),
      'no name': `${TEXT}\n—  ${base64}\n`,
      'a name with a plus sign': `${TEXT}\n— a+b ${base64}\n`,
      'a name with a space': `${TEXT}\n— a\u2003b ${base64}\n`,
      'no base64': `${TEXT}\n— ${name}\n`,
      'empty base64': `${TEXT}\n— ${name} \n`,
      'an id alone': `${TEXT}\n— ${name} ${Buffer.alloc(4).toString('base64')}\n`,
      'base64 without padding': good.replace(/=+\n$/, '\n'),
      'base64 with spare padding': good.replace(/\n$/, '=\n'),
      base64url: `${TEXT}\n— ${name} ${Buffer.alloc(72, 0xfb).toString('base64url')}\n`,
      'base64 with bits to spare': `${TEXT}\n— ${name} AAAAAAB=\n`,
      'base64 of another line': `${TEXT}\n— ${name} ${base64} ${base64}\n`,
      'a lone surrogate': good.replace('some', '\ud800'),
    };
    for (const [what, note] of Object.entries(bad)) {
      await refusedAs('note_malformed', () => parseNote(note)).catch((error: unknown) => {
        throw new Error(`${what}: ${error}`);
      });
    }
    expect(parseNote(`${TEXT}\n— ${name} AAAAAAA=\n`).signatures[0]?.signature).toEqual(new Uint8Array(1));
    for (let code = 0; code < 0x20; code++) {
      const note = good.replace('some', `so${String.fromCharCode(code)}me`);
      if (code === 0x0a) expect(parseNote(note).text).toBe('so\nme text\n');
      else await refusedAs('note_malformed', () => parseNote(note));
    }
    for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]]) {
      await refusedAs('note_malformed', () =>
        parseNote(Buffer.concat([Buffer.from(bytes), Buffer.from(good)])),
      );
    }
  });

  it('has bounds', async () => {
    const line = `${lineOf(good)}\n`;
    expect(parseNote(`${TEXT}\n${line.repeat(MAX_SIGNATURES)}`).signatures).toHaveLength(MAX_SIGNATURES);
    await refusedAs('note_malformed', () => parseNote(`${TEXT}\n${line.repeat(MAX_SIGNATURES + 1)}`));
    const rest = Buffer.byteLength(`\n\n${line}`);
    const longest = `${'a'.repeat(MAX_NOTE_BYTES - rest)}\n\n${line}`;
    expect(parseNote(longest).text).toHaveLength(MAX_NOTE_BYTES - rest + 1);
    await refusedAs('note_malformed', () => parseNote(`a${longest}`));
    await refusedAs('note_malformed', () => parseNote(Buffer.from(`a${longest}`)));
    // Bytes count, not characters.
    await refusedAs('note_malformed', () => parseNote(longest.replaceAll('aa', 'é€')));
  });

  it('is not signed if it would not be one', async () => {
    for (const text of ['', 'a', 'a\nb', 'a\r\n', 'a\t\n', '\ud800\n']) {
      await refusedAs('note_malformed', () => signNote(text, 'a', one.signer));
    }
    await expect(signNote(TEXT, 'a b', one.signer)).rejects.toThrow(RangeError);
  });

  it('takes further signatures once each, and nothing that is none', async () => {
    const line = lineOf(await signNote(TEXT, two.key.name, two.signer));
    const both = addSignatures(good, [line, line]);
    expect(both).toBe(`${good}${line}\n`);
    expect(addSignatures(both, [line, lineOf(good)])).toBe(both);
    expect(addSignatures(good, [])).toBe(good);
    for (const bad of ['', 'x', `${line}\n`, `${line}\n${line}`, `\n${line}`]) {
      await refusedAs('note_malformed', () => addSignatures(good, [bad]));
    }
    await refusedAs('note_malformed', () => addSignatures('x', [line]));
  });
});
