/** Where a passphrase comes from, and where it does not. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { openKeyFile } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { run } from '../src/index.js';
import { Folder, PASSPHRASE, type Ran, stele, steleJson } from './support.js';

const folder = new Folder();
const keygen = (name: string) => ['keygen', '--out', folder.at(name)];
const opens = (name: string, passphrase: string) =>
  openKeyFile(folder.read(name), passphrase).then(
    () => true,
    () => false,
  );

/** What `keygen` does with the content of a passphrase file. */
async function withFile(content: string | Uint8Array, mode = 0o600) {
  const file = folder.write('secret.txt', content);
  chmodSync(file, mode);
  return steleJson([...keygen('from-file.key'), '--passphrase-file', file, '--force']);
}

describe('a passphrase file', () => {
  it.each([
    ['without a newline', 'passphrase', 'passphrase'],
    ['with one', 'passphrase\n', 'passphrase'],
    ['with one of Windows', 'passphrase\r\n', 'passphrase'],
    ['with two, of which one is its own', 'passphrase\n\n', 'passphrase\n'],
    ['with blanks at its ends', ' pass phrase \n', ' pass phrase '],
    ['in another normal form', 'cafe\u0301\n', 'caf\u00e9'],
  ])('is read whole, %s', async (_, content, passphrase) => {
    expect((await withFile(content)).code).toBe(0);
    expect(await opens('from-file.key', passphrase)).toBe(true);
  });

  it.each([
    ['empty', ''],
    ['empty but for a newline', '\n'],
    ['too long', 'a'.repeat(4_097)],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0x61)],
  ])('is refused if it is %s', async (_, content) => {
    expect((await withFile(content)).json.error.code).toBe('passphrase_unusable');
  });

  it.runIf(process.platform !== 'win32').each([0o644, 0o640, 0o604, 0o620])(
    'is refused if others may open it (%o)',
    async (mode) => {
      const { code, json } = await withFile('passphrase', mode);
      expect([code, json.error.code]).toEqual([2, 'passphrase_exposed']);
    },
  );

  it.each(['nowhere', 'a-folder'])('is refused if it is no file: %s', async (name) => {
    mkdirSync(folder.at('a-folder'), { recursive: true });
    const { code, json } = await steleJson([...keygen('no.key'), '--passphrase-file', folder.at(name)]);
    expect([code, json.error.code]).toEqual([2, 'file_unreadable']);
  });
});

describe('a passphrase from a descriptor', () => {
  it('is read to the end', async () => {
    const fd = openSync(folder.write('fd.txt', `${PASSPHRASE}\n`), 'r');
    expect((await stele([...keygen('fd.key'), '--passphrase-fd', String(fd)])).code).toBe(0);
    expect(await opens('fd.key', PASSPHRASE)).toBe(true);
  });

  it('is standard input for 0', async () => {
    expect((await stele([...keygen('stdin.key'), '--passphrase-fd', '0'], `${PASSPHRASE}\n`)).code).toBe(0);
    expect(await opens('stdin.key', PASSPHRASE)).toBe(true);
  });

  it.each(['-1', 'x', '1.5', '', '999999'])('is refused for %j, which is no descriptor', async (fd) => {
    const { code, json } = await steleJson([...keygen('no.key'), '--passphrase-fd', fd]);
    expect([code, json.error.code]).toEqual([2, 'usage']);
  });

  it('is refused where the descriptor is not open', async () => {
    const fd = openSync(folder.write('closed.txt', 'x'), 'r');
    closeSync(fd);
    const { code, json } = await steleJson([...keygen('no.key'), '--passphrase-fd', String(fd)]);
    expect([code, json.error.code]).toEqual([2, 'file_unreadable']);
  });

  it('is refused if it never ends', async () => {
    const { code, json } = await steleJson(
      [...keygen('no.key'), '--passphrase-fd', '0'],
      'a'.repeat(100_000),
    );
    expect([code, json.error.code]).toEqual([2, 'passphrase_unusable']);
  });
});

describe('a passphrase', () => {
  it('is not given twice', async () => {
    const { code, json } = await steleJson([
      ...keygen('no.key'),
      ...folder.passphrase(),
      '--passphrase-fd',
      '0',
    ]);
    expect([code, json.error.code]).toEqual([2, 'usage']);
  });

  it('is not taken from the environment, nor waited for without a terminal', async () => {
    process.env.STELE_PASSPHRASE = PASSPHRASE;
    const { code, json } = await steleJson(keygen('no.key'));
    delete process.env.STELE_PASSPHRASE;
    expect([code, json.error.code, existsSync(folder.at('no.key'))]).toEqual([
      2,
      'passphrase_missing',
      false,
    ]);
  });

  it('does not share standard input with what is signed', async () => {
    const { file } = await folder.key('plain.jwk');
    const argv = ['sign', '-', '--key', file, '--beneficiary', 'urn:a:b', '--passphrase-fd', '0'];
    expect((await steleJson(argv, 'permit a on /x')).json.error.code).toBe('usage');
  });

  it('is refused for a key in clear', async () => {
    const { file } = await folder.key('clear.jwk');
    const rules = folder.write('rules.ccl', 'permit a on /x\n');
    const argv = ['sign', rules, '--key', file, '--beneficiary', 'urn:a:b', ...folder.passphrase()];
    expect((await steleJson(argv)).json.error.code).toBe('usage');
  });

  it('opens nothing if it is another one', async () => {
    await stele([...keygen('mine.key'), ...folder.passphrase()]);
    const rules = folder.write('rules.ccl', 'permit a on /x\n');
    const argv = ['sign', rules, '--key', folder.at('mine.key'), '--beneficiary', 'urn:a:b'];
    const { code, json } = await steleJson([...argv, ...folder.passphrase('another')]);
    expect([code, json.error.code]).toEqual([2, 'key_file_unreadable']);
  });
});

/** A run at a terminal, where somebody types these keys, all at once. */
async function typing(argv: readonly string[], keys: string, end = false): Promise<Ran & { raw: boolean[] }> {
  const raw: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
  let [out, err] = ['', ''];
  stdin.write(keys);
  if (end) stdin.end();
  const code = await run(argv, {
    stdin,
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text), isTTY: true },
  });
  return { code, out, err, raw };
}

describe('a prompt', () => {
  it('asks twice for a new passphrase, and shows nothing of it', async () => {
    const { code, out, err, raw } = await typing(keygen('typed.key'), 'typed in\rtyped in\r');
    expect(code).toBe(0);
    expect(err).toBe('New passphrase of the key file: \nThe same again: \n');
    expect(out).not.toContain('typed in');
    expect(raw).toEqual([true, false]);
    expect(await opens('typed.key', 'typed in')).toBe(true);
  });

  it('asks once for one that is there', async () => {
    const rules = folder.write('rules.ccl', 'permit a on /x\n');
    const argv = ['sign', rules, '--key', folder.at('typed.key'), '--beneficiary', 'urn:a:b'];
    const { code, err } = await typing(argv, 'typed in\r');
    expect([code, err]).toEqual([0, 'Passphrase of the key file: \n']);
  });

  it('lets one mend what was typed', async () => {
    const { code } = await typing(
      [...keygen('mended.key')],
      'nonsense\u0015rigth\u007f\u007f\u007fght é\rright é\r',
    );
    expect(code).toBe(0);
    expect(await opens('mended.key', 'right é')).toBe(true);
  });

  it.each([
    ['two entries that differ', 'one\rtwo\r', false, 'passphrase_unusable'],
    ['nothing', '\r\r', false, 'passphrase_unusable'],
    ['Ctrl-C', 'one\u0003', false, 'interrupted'],
    ['Ctrl-C at the second question', 'one\rone\u0003', false, 'interrupted'],
    ['Ctrl-D', '\u0004', false, 'interrupted'],
    ['the end of the input', 'one\r', true, 'interrupted'],
  ])('refuses %s', async (_, keys, end, code) => {
    const ran = await typing([...keygen('no.key'), '--json'], keys, end);
    expect([ran.code, JSON.parse(ran.out).error.code]).toEqual([2, code]);
    expect(ran.raw.at(-1)).toBe(false);
    expect(existsSync(folder.at('no.key'))).toBe(false);
  });

  it('is not used for a descriptor, which a terminal would show', async () => {
    const { code, out } = await typing([...keygen('no.key'), '--json', '--passphrase-fd', '0'], 'one\r');
    expect([code, JSON.parse(out).error.code]).toEqual([2, 'usage']);
  });
});
