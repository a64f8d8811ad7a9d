/** Keys at rest under a passphrase: sealed, opened, and not opened by anything else. */
import { execFileSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  aeadOpen,
  CryptoError,
  generateKeyPair,
  type KeyPair,
  keyPairFromPrivateKey,
  openKeyFile,
  passphraseSealer,
  randomBytes,
  type Sealer,
  sealKeyFile,
  toBase64Url,
  toSigner,
  verify,
} from '../src/index.js';
import { sealerWithin } from '../src/lib/sealer.js';
import { readKeyFile, writeKeyFile } from '../src/node.js';
import { bytes, hexOf, providers, rejection, text } from './support.js';

const passphrase = 'correct horse battery staple';
const aad = text('record 7');

/** A sealer whose scrypt is cheap, for tests that need many. */
const cheap = (secret: unknown = passphrase, cost = 4): Sealer =>
  sealerWithin({ least: 1, most: 6 }, secret, cost);

describe.each(providers)('scrypt on %s', (_name, provider) => {
  // RFC 7914, section 12: the vectors with r = 8 and p = 1.
  it('answers the vector of RFC 7914', async () => {
    const key = await provider.scrypt(text('pleaseletmein'), text('SodiumChloride'), 16_384, 64);
    expect(hexOf(key)).toBe(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
        'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
    );
  });
});

describe('scrypt across providers', () => {
  it('gives the same keys', async () => {
    for (const cost of [1, 2, 5, 10]) {
      const [secret, salt] = [randomBytes(cost * 3), randomBytes(32)];
      const keys = await Promise.all(providers.map(([, each]) => each.scrypt(secret, salt, 2 ** cost, 32)));
      expect(keys[0]).toEqual(keys[1]);
    }
  });
});

describe('passphraseSealer', () => {
  it('is built as documented', async () => {
    const sealed = await cheap(passphrase, 5).seal(text('secret'), aad);
    expect(sealed).toHaveLength(34 + 81 + 6);
    expect([...sealed.slice(0, 2)]).toEqual([2, 5]);
    for (const [, provider] of providers) {
      const key = await provider.scrypt(provider.sha256(passphrase), sealed.slice(2, 34), 32, 32);
      const header = sealed.slice(0, 34);
      expect(await aeadOpen(key, sealed.slice(34), new Uint8Array([...header, ...aad]))).toEqual(
        text('secret'),
      );
    }
  });

  it('opens what it or another sealer of the passphrase sealed, at any cost that is allowed', async () => {
    for (const cost of [1, 4, 6]) {
      const sealer = cheap(passphrase, cost);
      const [one, two] = [await sealer.seal(text('s'), aad), await sealer.seal(text('s'), aad)];
      expect(hexOf(one)).not.toBe(hexOf(two));
      for (const opener of [sealer, cheap(passphrase, 1), cheap(text(passphrase))]) {
        expect(await opener.open(one, aad)).toEqual(text('s'));
        expect(await opener.open(two, aad)).toEqual(text('s'));
      }
    }
  });

  it('opens nothing with a bit flipped, cut, lengthened, or of another record', async () => {
    const opener = cheap();
    const sealed = await cheap().seal(text('s'), aad);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const copy = sealed.slice();
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(await rejection(opener.open(copy, aad)), `bit ${bit}`).toBe('decryption_failed');
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(await rejection(opener.open(sealed.slice(0, length), aad))).toBe('decryption_failed');
    }
    expect(await rejection(opener.open(new Uint8Array([...sealed, 0]), aad))).toBe('decryption_failed');
    expect(await rejection(opener.open(sealed, text('record 8')))).toBe('decryption_failed');
    expect(await opener.open(sealed, aad)).toEqual(text('s'));
  });

  it('opens nothing under another passphrase, near ones included', async () => {
    const sealed = await cheap().seal(text('s'), aad);
    for (const wrong of [
      'x',
      ` ${passphrase}`,
      `${passphrase} `,
      passphrase.toUpperCase(),
      `${passphrase}\0`,
    ]) {
      expect(await rejection(cheap(wrong).open(sealed, aad))).toBe('decryption_failed');
    }
  });

  it('takes one spelling of a passphrase for another only within Unicode’s NFC', async () => {
    const sealed = await cheap('Caf\u00e9').seal(text('s'), aad);
    expect(await cheap('Cafe\u0301').open(sealed, aad)).toEqual(text('s'));
    expect(await rejection(cheap('Cafe').open(sealed, aad))).toBe('decryption_failed');
  });

  it('does not let a hostile header take more memory than the dearest file of ours', async () => {
    const sealer = passphraseSealer(passphrase);
    const sealed = await cheap().seal(text('s'), aad);
    for (const cost of [0, 1, 16, 20, 31, 64, 255]) {
      const hostile = Uint8Array.from(sealed);
      hostile[1] = cost;
      expect(await rejection(sealer.open(hostile, aad))).toBe('decryption_failed');
    }
  });

  it('derives its key again when it has met too many others', async () => {
    const sealer = cheap();
    const own = await sealer.seal(text('own'), aad);
    const others = await Promise.all(Array.from({ length: 10 }, () => cheap().seal(text('other'), aad)));
    const derivations = vi.spyOn(providers[0][1], 'scrypt');
    for (const other of others) expect(await sealer.open(other, aad)).toEqual(text('other'));
    for (const other of others.slice(2)) expect(await sealer.open(other, aad)).toEqual(text('other'));
    expect(derivations, 'the last eight are kept').toHaveBeenCalledTimes(10);
    await sealer.open(own, aad);
    expect(derivations, 'the first one is not').toHaveBeenCalledTimes(11);
    derivations.mockRestore();
    expect(await sealer.open(own, aad)).toEqual(text('own'));
    expect(await sealer.open(await sealer.seal(text('again'), aad), aad)).toEqual(text('again'));
  });

  it('keeps working after a derivation that failed', async () => {
    const sealer = sealerWithin({ least: 0, most: 6 }, passphrase, 0); // N = 1, which scrypt refuses
    await expect(sealer.seal(text('s'), aad)).rejects.toThrow();
    await expect(sealer.seal(text('s'), aad)).rejects.toThrow();
    expect(await sealer.open(await cheap().seal(text('s'), aad), aad)).toEqual(text('s'));
  });

  it('derives one key at a time, and each once for all who wait for it', async () => {
    const sealed = await Promise.all(Array.from({ length: 5 }, () => cheap().seal(text('s'), aad)));
    const provider = providers[0][1];
    const scrypt = provider.scrypt;
    let [running, most, calls] = [0, 0, 0];
    const spy = vi.spyOn(provider, 'scrypt').mockImplementation(async (...args) => {
      calls += 1;
      most = Math.max(most, ++running);
      const key = await scrypt(...args);
      running -= 1;
      return key;
    });
    const sealer = cheap();
    const opened = await Promise.all([...sealed, ...sealed].map((each) => sealer.open(each, aad)));
    spy.mockRestore();
    expect(opened).toEqual(new Array(10).fill(text('s')));
    expect([most, calls]).toEqual([1, 5]);
  });

  it('keeps no hold on arrays of the caller', async () => {
    const secret = text(passphrase);
    const sealer = cheap(secret);
    secret.fill(0);
    const data = text('secret');
    const pending = sealer.seal(data, aad);
    data.fill(0);
    expect(await cheap().open(await pending, aad)).toEqual(text('secret'));
  });

  it('refuses other arguments', async () => {
    for (const wrong of [undefined, null, 7, {}, ['p']] as unknown as string[]) {
      expect(() => passphraseSealer(wrong)).toThrow(TypeError);
    }
    for (const wrong of ['', new Uint8Array(), 'x'.repeat(4_097), 'é'.repeat(2_049)]) {
      expect(() => passphraseSealer(wrong)).toThrow(RangeError);
    }
    expect(() => passphraseSealer('\ud800')).toThrow(CryptoError);
    for (const cost of [0, 16, 20, 17.5, Number.NaN, '17' as unknown as number]) {
      expect(() => passphraseSealer(passphrase, { cost })).toThrow(RangeError);
    }
    const sealer = cheap();
    for (const wrong of [undefined, 'text', [1]] as unknown as Uint8Array[]) {
      await expect(sealer.seal(wrong, aad)).rejects.toThrow(TypeError);
      await expect(sealer.open(wrong, aad)).rejects.toThrow(TypeError);
      await expect(sealer.seal(aad, wrong)).rejects.toThrow(TypeError);
      await expect(sealer.open(aad, wrong)).rejects.toThrow(TypeError);
    }
  });
});

describe('the text of a key file', () => {
  it('holds one key, which signs for its one use', async () => {
    const pair = await generateKeyPair();
    for (const use of ['covenant', 'log', 'of-our.own_9', undefined]) {
      const file = await sealKeyFile(pair, cheap(), { use });
      const opened = await openKeyFile(file, cheap());
      expect(opened.keyPair.did).toBe(pair.did);
      expect(opened.use).toBe(use);
      expect(opened.signer.use).toBe(use);
      expect(await verify(aad, await opened.signer.sign(aad), pair.publicKey)).toBe(true);
      if (use !== undefined) expect(() => toSigner(opened.signer, 'token')).toThrow(CryptoError);
    }
  });

  it('says in clear whose key it is, and nothing else', async () => {
    const pair = await generateKeyPair();
    const { sealed, ...head } = JSON.parse(await sealKeyFile(pair, cheap(), { use: 'log' }));
    expect(head).toEqual({ type: 'SteleKeyFile', version: 1, did: pair.did, use: 'log' });
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it('does not open with any bit flipped or cut short, and says the same each time', async () => {
    const opener = cheap();
    const file = await sealKeyFile(await generateKeyPair(), cheap(), { use: 'covenant' });
    const genuine = Buffer.from(file);
    const said = new Set<string>();
    const refused = async (changed: string, secret: Sealer = opener) => {
      const error = (await openKeyFile(changed, secret).catch((reason: unknown) => reason)) as CryptoError;
      expect(error).toBeInstanceOf(CryptoError);
      said.add(JSON.stringify([error.code, error.message, error.hint, error.cause ?? null]));
    };
    for (let bit = 0; bit < genuine.length * 8; bit++) {
      const copy = Buffer.from(genuine);
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      await refused(copy.toString());
    }
    // The last character is a line feed, without which nothing is missing.
    for (let length = 0; length < file.length - 1; length++) await refused(file.slice(0, length));
    await refused(file, cheap('another passphrase'));
    await refused(`${file}x`);
    await refused(file.replaceAll(' ', '').padStart(20_000));
    expect([...said]).toHaveLength(1);
    expect([...said][0]).toContain('key_file_unreadable');
  });

  it('does not open with a member exchanged, added, missing or twice', async () => {
    const [pair, other] = [await generateKeyPair(), await generateKeyPair()];
    const file = await sealKeyFile(pair, cheap(), { use: 'log' });
    const parsed = JSON.parse(file) as Record<string, unknown>;
    const { use: _use, ...without } = parsed;
    const changed: unknown[] = [
      { ...parsed, did: other.did },
      { ...parsed, use: 'covenant' },
      { ...parsed, use: '' },
      { ...parsed, use: null },
      { ...parsed, version: 2 },
      { ...parsed, version: '1' },
      { ...parsed, type: 'SteleKeyRing' },
      { ...parsed, comment: 'mine' },
      { ...parsed, sealed: JSON.parse(await sealKeyFile(other, cheap(), { use: 'log' })).sealed },
      { ...parsed, sealed: [parsed.sealed] },
      without,
      [parsed],
      null,
      7,
      'text',
    ];
    for (const value of changed) {
      expect(await rejection(openKeyFile(JSON.stringify(value), cheap()))).toBe('key_file_unreadable');
    }
    const twice = file.replace('"use"', '"use": "log", "use"');
    expect(await rejection(openKeyFile(twice, cheap()))).toBe('key_file_unreadable');
    const reordered = JSON.stringify(Object.fromEntries(Object.entries(parsed).reverse()));
    expect((await openKeyFile(reordered, cheap())).keyPair.did).toBe(pair.did);
  });

  it('does not hold a seed of another length, or of another key than it says', async () => {
    const { did } = await generateKeyPair();
    const head = `{"did":"${did}","type":"SteleKeyFile","version":1}`;
    for (const length of [0, 31, 32, 33, 64]) {
      const sealed = toBase64Url(await cheap().seal(randomBytes(length), text(head)));
      const file = JSON.stringify({ ...JSON.parse(head), sealed });
      expect(await rejection(openKeyFile(file, cheap()))).toBe('key_file_unreadable');
    }
  });

  it('leaves no seed in arrays of its own', async () => {
    const pair = await generateKeyPair();
    const seen: Uint8Array[] = [];
    const inner = cheap();
    const watched: Sealer = {
      seal: (plaintext, data) => {
        seen.push(plaintext);
        return inner.seal(plaintext, data);
      },
      open: async (sealed, data) => {
        const plaintext = await inner.open(sealed, data);
        seen.push(plaintext);
        return plaintext;
      },
    };
    const { keyPair } = await openKeyFile(await sealKeyFile(pair, watched), watched);
    expect(seen).toEqual([new Uint8Array(32), new Uint8Array(32)]);
    expect(hexOf(keyPair.privateKey)).toBe(hexOf(pair.privateKey));
  });

  it('passes on the error of a sealer that cannot be asked', async () => {
    const file = await sealKeyFile(await generateKeyPair(), cheap());
    const gone = new CryptoError('signer_unavailable', 'the KMS gave no answer');
    const sealer: Sealer = { ...cheap(), open: () => Promise.reject(gone) };
    expect(await rejection(openKeyFile(file, sealer))).toBe('signer_unavailable');
  });

  it('refuses other arguments', async () => {
    const [pair, other] = [await generateKeyPair(), await generateKeyPair()];
    for (const wrong of [undefined, null, {}, { publicKey: pair.publicKey }] as unknown as KeyPair[]) {
      await expect(sealKeyFile(wrong, cheap())).rejects.toThrow(TypeError);
    }
    const halves = { publicKey: other.publicKey, privateKey: pair.privateKey } as KeyPair;
    await expect(sealKeyFile(halves, cheap())).rejects.toThrow(TypeError);
    for (const wrong of [undefined, null, 7, {}, { seal: cheap().seal }] as unknown as Sealer[]) {
      await expect(sealKeyFile(pair, wrong)).rejects.toThrow(TypeError);
      await expect(openKeyFile('{}', wrong)).rejects.toThrow(TypeError);
    }
    await expect(sealKeyFile(pair, '')).rejects.toThrow(RangeError);
    await expect(sealKeyFile(pair, passphrase, { cost: 16 })).rejects.toThrow(RangeError);
    await expect(openKeyFile(undefined as unknown as string, cheap())).rejects.toThrow(TypeError);
    for (const use of ['', 'two words', 'é', 'x'.repeat(65)]) {
      await expect(sealKeyFile(pair, cheap(), { use })).rejects.toThrow(TypeError);
    }
    const wasteful: Sealer = { ...cheap(), seal: async () => new Uint8Array(13_000) };
    expect(await rejection(sealKeyFile(pair, wasteful))).toBe('too_large');
    expect(await verify(aad, await toSigner(pair).sign(aad), pair.publicKey), 'the pair is intact').toBe(
      true,
    );
  });
});

describe('a key file on the disk', () => {
  let folder: string;
  let pair: KeyPair;
  const at = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stele-key-file-'));
    pair = await generateKeyPair();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('opens under its passphrase, as text or as bytes, at the real cost', async () => {
    await writeKeyFile(at('real.json'), pair, passphrase, { use: 'covenant' });
    const opened = await readKeyFile(at('real.json'), text(passphrase));
    expect(opened).toMatchObject({ use: 'covenant', keyPair: { did: pair.did } });
    expect(await rejection(readKeyFile(at('real.json'), 'another'))).toBe('key_file_unreadable');
    const { sealed } = JSON.parse(readFileSync(at('real.json'), 'utf8'));
    expect([...Buffer.from(sealed, 'base64url').subarray(0, 2)]).toEqual([2, 17]);
  });

  it('is its owner’s alone, and leaves nothing beside it', async () => {
    await writeKeyFile(at('mode.json'), pair, cheap());
    expect(statSync(at('mode.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is not replaced unless that is wanted', async () => {
    await writeKeyFile(at('kept.json'), pair, cheap());
    const before = readFileSync(at('kept.json'), 'utf8');
    const other = await generateKeyPair();
    expect(await rejection(writeKeyFile(at('kept.json'), other, cheap()))).toBe('key_file_unavailable');
    expect(readFileSync(at('kept.json'), 'utf8')).toBe(before);
    await writeKeyFile(at('kept.json'), other, cheap(), { replace: true });
    expect((await readKeyFile(at('kept.json'), cheap())).keyPair.did).toBe(other.did);
    expect(statSync(at('kept.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('goes to one of two writers at once', async () => {
    const pairs = await Promise.all([generateKeyPair(), generateKeyPair(), generateKeyPair()]);
    const written = await Promise.allSettled(
      pairs.map((each) => writeKeyFile(at('race.json'), each, cheap())),
    );
    expect(written.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const winner = pairs[written.findIndex(({ status }) => status === 'fulfilled')] as KeyPair;
    expect((await readKeyFile(at('race.json'), cheap())).keyPair.did).toBe(winner.did);
  });

  it('says what the disk refused', async () => {
    symlinkSync(at('nowhere'), at('dangling.json'));
    for (const name of ['missing.json', 'no/such/folder.json', 'dangling.json', '.']) {
      const error = (await readKeyFile(at(name), cheap()).catch((reason: unknown) => reason)) as CryptoError;
      expect(error.code).toBe('key_file_unavailable');
      expect(error.cause).toBeInstanceOf(Error);
    }
    expect(await rejection(writeKeyFile(at('no/folder.json'), pair, cheap()))).toBe('key_file_unavailable');
    expect(await rejection(writeKeyFile(folder, pair, cheap(), { replace: true }))).toBe(
      'key_file_unavailable',
    );
  });

  it.skipIf(process.platform === 'win32')('does not wait for a pipe that nobody writes to', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    expect(await rejection(readKeyFile(at('pipe'), cheap()))).toBe('key_file_unavailable');
  });

  it('reads no more than a key file can have', async () => {
    const file = await sealKeyFile(pair, cheap());
    writeFileSync(at('padded.json'), file.padEnd(16_384));
    expect((await readKeyFile(at('padded.json'), cheap())).keyPair.did).toBe(pair.did);
    writeFileSync(at('long.json'), file.padEnd(16_385));
    expect(await rejection(readKeyFile(at('long.json'), cheap()))).toBe('key_file_unreadable');
    writeFileSync(at('huge.json'), file.padEnd(1 << 24));
    expect(await rejection(readKeyFile(at('huge.json'), cheap()))).toBe('key_file_unreadable');
    writeFileSync(at('latin1.json'), Buffer.concat([Buffer.from(file), Buffer.of(0xff)]));
    expect(await rejection(readKeyFile(at('latin1.json'), cheap()))).toBe('key_file_unreadable');
  });
});

describe('a planted key', () => {
  it('appears in nothing that is shown, written or thrown', async () => {
    const seed = bytes('9b2c7f11d4e8a35060f1c2b3a495867768594a3b2c1d0eff1e2d3c4b5a697887');
    const folder = mkdtempSync(join(tmpdir(), 'stele-planted-'));
    const shown: string[] = [];
    const show = (value: unknown) => {
      shown.push(
        inspect(value, { depth: 12, showHidden: true, getters: false }),
        format('%o %j %s', value, value, value),
      );
      shown.push(JSON.stringify(value) ?? '', String(value));
      if (value instanceof Error) shown.push(value.stack ?? '', inspect(value.cause, { depth: 12 }));
    };
    const showError = (promise: Promise<unknown>) => promise.then(show, show);
    try {
      const pair = await keyPairFromPrivateKey(seed);
      const path = join(folder, 'planted.json');
      await writeKeyFile(path, pair, cheap(), { use: 'log' });
      const opened = await readKeyFile(path, cheap());
      for (const value of [pair, toSigner(pair), cheap(), opened, opened.keyPair, opened.signer]) show(value);
      shown.push(JSON.stringify({ ...opened }), inspect({ ...opened.keyPair }, { showHidden: true }));
      await showError(writeKeyFile(path, pair, cheap()));
      await showError(writeKeyFile(join(folder, 'no/folder'), pair, cheap()));
      await showError(readKeyFile(path, cheap('another')));
      await showError(openKeyFile('{}', cheap()));
      await showError(sealKeyFile(pair, cheap(), { use: 'two words' }));
      await showError(sealKeyFile({ ...pair, publicKey: new Uint8Array(32), privateKey: seed }, cheap()));
      await showError(opened.signer.sign('text' as unknown as Uint8Array));
      for (const name of readdirSync(folder)) shown.push(readFileSync(join(folder, name), 'latin1'));
    } finally {
      rmSync(folder, { recursive: true });
    }
    const haystack = shown.join('\n');
    expect(haystack).toContain('key_file_unreadable');
    const buffer = Buffer.from(seed);
    // Any eight bytes in a row, in every spelling that a log could give them.
    for (let i = 0; i + 8 <= buffer.length; i++) {
      const part = buffer.subarray(i, i + 8);
      const spellings = [
        part.toString('hex'),
        part.toString('latin1'),
        [...part].join(','),
        [...part].join(', '),
      ];
      for (const spelling of spellings) expect(haystack.toLowerCase()).not.toContain(spelling.toLowerCase());
    }
    for (const encoding of ['base64', 'base64url'] as const) {
      const encoded = buffer.toString(encoding);
      for (let i = 0; i + 10 <= encoded.length; i++) expect(haystack).not.toContain(encoded.slice(i, i + 10));
    }
  });
});
