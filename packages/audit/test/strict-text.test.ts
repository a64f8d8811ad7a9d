import { expect, it } from 'vitest';
import { boundedText, parseBase64, parseCount } from '../src/lib/strict-text.js';

const read = (input: string | Uint8Array, max: number) => boundedText(input, max, (what) => new Error(what));

it('a text has at most so many bytes, as a string and as bytes', () => {
  for (const text of ['', 'abc', 'é', '€', '😀', '\ufeffa']) {
    const bytes = Buffer.from(text);
    expect(read(text, bytes.length)).toBe(text);
    expect(read(bytes, bytes.length)).toBe(text);
    if (bytes.length === 0) continue;
    expect(() => read(text, bytes.length - 1)).toThrow('longer');
    expect(() => read(bytes, bytes.length - 1)).toThrow('longer');
  }
});

it('bytes that are no UTF-8 are refused, not mended', () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80]]) {
    expect(() => read(Uint8Array.from(bytes), 9)).toThrow('UTF-8');
  }
});

it('a count has one spelling', () => {
  for (const count of [0, 1, 9, 10, 65_536, Number.MAX_SAFE_INTEGER])
    expect(parseCount(`${count}`)).toBe(count);
  const none = [
    '',
    '-0',
    '-1',
    '+1',
    '00',
    '01',
    '1.0',
    '1e3',
    '0x1',
    ' 1',
    '1 ',
    '1\n',
    '1_0',
    'NaN',
    'Infinity',
    '١',
  ];
  for (const text of [...none, '9007199254740992', '9999999999999999', '99999999999999999999']) {
    expect(parseCount(text), JSON.stringify(text)).toBeUndefined();
  }
});

it('base64 has one spelling', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = new Uint8Array(length).fill(0xfb);
    const text = Buffer.from(bytes).toString('base64');
    expect(parseBase64(text)).toEqual(bytes);
    for (const other of [`${text}=`, `${text} `, ` ${text}`, `${text}\n`, `${text}A`]) {
      expect(parseBase64(other), other).toBeUndefined();
    }
    if (text.endsWith('=')) expect(parseBase64(text.slice(0, -1))).toBeUndefined();
  }
  for (const text of ['AB==', 'AAB=', '-w==', '_w==', 'AA', '=', '====', 'A A='])
    expect(parseBase64(text), text).toBeUndefined();
});
