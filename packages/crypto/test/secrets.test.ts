/** A known private key is planted in everything that holds one, and all that shows, copies, throws or writes is searched for it. */
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { createLogger } from '@stele/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KmsServer } from '../../../test/support/kms/kms-server.js';
import * as crypto from '../src/index.js';
import { kmsKeyPair, kmsSealer, kmsSigner } from '../src/kms.js';
import { readKeyFile, signerFromKeyObject, writeKeyFile } from '../src/node.js';
import { expectNone, showings } from './support/secrets.js';
import { text } from './support.js';

const SEED = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256);
const DATA_KEY = Uint8Array.from({ length: 32 }, (_, i) => (i * 91 + 5) % 256);
const PASSPHRASE = 'a passphrase of thirty-two chars';
const SECRETS = [SEED, DATA_KEY, text(PASSPHRASE)];

const message = text('message');
const { subtle } = globalThis.crypto;
const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'a secret of the tests' };
const folder = mkdtempSync(join(tmpdir(), 'stele-secrets-'));

let server: KmsServer;
let client: KMSClient;
let pair: crypto.KeyPair;
/** A symmetric key in the KMS, and the seed under it. */
let keyId = '';
let blob: Uint8Array;
/** A key file, readable in no time: the passphrase is tried elsewhere. */
let sealedText = '';

beforeAll(async () => {
  server = await KmsServer.start();
  server.credentials.set(credentials.accessKeyId, credentials);
  client = new KMSClient({ endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  const { KeyMetadata } = server.keys.answer('CreateKey', {}) as { KeyMetadata: { KeyId: string } };
  keyId = KeyMetadata.KeyId;
  const sealed = await client.send(new EncryptCommand({ KeyId: keyId, Plaintext: SEED }));
  blob = sealed.CiphertextBlob as Uint8Array;
  pair = await crypto.keyPairFromPrivateKey(SEED);
  sealedText = await crypto.sealKeyFile(pair, crypto.rawKeySealer(DATA_KEY));
});
beforeEach(() => server.reset());
afterAll(async () => {
  client.destroy();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

function expectHidden(what: string, value: unknown): void {
  for (const [how, shown] of showings(value)) expectNone(`${what}: ${how}`, shown, SECRETS);
  const lines: string[] = [];
  const logger = createLogger({ level: 'trace', destination: { write: (line) => lines.push(line) } });
  logger.error(String(value), { value });
  logger.child({ value }).error('as a binding', value as object);
  expect(lines).toHaveLength(2);
  expectNone(`${what}: the log`, lines.join(''), SECRETS);
}

async function failure(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was refused');
}

const keyObject = () =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), SEED]),
    format: 'der',
    type: 'pkcs8',
  });

const cryptoKey = () =>
  subtle.importKey('pkcs8', keyObject().export({ format: 'der', type: 'pkcs8' }), 'Ed25519', false, ['sign']);

describe('a planted private key', () => {
  it('is found by the search where something does show it', () => {
    const shows = [{ key: SEED }, { key: Buffer.from(SEED).toString('base64url') }, new Error(PASSPHRASE)];
    for (const each of shows) expect(() => expectHidden('', each)).toThrow();
  });

  it.each<[string, () => unknown]>([
    ['a key pair', () => pair],
    ['a fresh key pair', () => crypto.generateKeyPair()],
    ['an opened key file', () => crypto.openKeyFile(sealedText, crypto.rawKeySealer(DATA_KEY))],
    ['the text of a key file', () => sealedText],
    ['a key pair from a KMS', () => kmsKeyPair({ client, ciphertextBlob: blob })],
    ['a sealer under a key', () => crypto.rawKeySealer(DATA_KEY)],
    ['a sealer under a passphrase', () => crypto.passphraseSealer(PASSPHRASE)],
    ['a sealer under a KMS', () => kmsSealer({ client, keyId })],
    ['a signer of a pair', () => crypto.toSigner(pair, 'log')],
    ['a signer of a key object', () => signerFromKeyObject(keyObject())],
    ['a signer of a CryptoKey', async () => crypto.signerFromCryptoKey(await cryptoKey(), pair.publicKey)],
    [
      'a remote signer',
      () =>
        crypto.remoteSigner({
          publicKey: pair.publicKey,
          sign: (bytes) => crypto.sign(bytes, pair.privateKey),
        }),
    ],
    ['a manager', () => manager()],
    ['a signer of a manager', async () => (await manager()).signer],
    ['a rotation', async () => (await manager()).rotate()],
    ['a history', async () => (await manager()).history],
    ['a state in a ring', async () => (await ringOf()).load()],
    ['a ring', () => ringOf()],
  ])('is not shown by %s', async (what, make) => {
    expectHidden(what, await make());
  });

  it.each<[string, () => unknown]>([
    ['a key of another length', () => crypto.keyPairFromPrivateKey(Uint8Array.of(...SEED, 1))],
    ['a key as text', () => crypto.keyPairFromPrivateKey(crypto.toHex(SEED) as unknown as Uint8Array)],
    ['a key as an array', () => crypto.sign(message, [...SEED] as unknown as Uint8Array)],
    ['a pair that does not belong together', () => crypto.toSigner({ ...stranger, privateKey: SEED })],
    ['a pair that is none, sealed', () => crypto.sealKeyFile({ ...stranger, privateKey: SEED }, PASSPHRASE)],
    ['a use that is none', () => crypto.toSigner(pair, `${crypto.toHex(SEED)}!`)],
    ['hex with a slip', () => crypto.fromHex(`${crypto.toHex(SEED)}g`)],
    ['base64url with a slip', () => crypto.fromBase64Url(`${crypto.toBase64Url(SEED)}=`)],
    ['base58 with a slip', () => crypto.fromBase58btc(`${crypto.toHex(SEED)}0`)],
    ['a did with a slip', () => crypto.publicKeyFromDid(`did:key:${crypto.toHex(SEED)}`)],
    ['JSON with a slip', () => crypto.parseJson(`{"privateKey":"${crypto.toHex(SEED)}" `)],
    ['a value that is no JSON', () => crypto.canonicalizeJson({ key: [crypto.toHex(SEED), undefined] })],
    ['a data key of another length', () => crypto.rawKeySealer(Uint8Array.of(...DATA_KEY, 1))],
    ['a passphrase that is too long', () => crypto.passphraseSealer(PASSPHRASE.repeat(200))],
    ['a cost that is none', () => crypto.passphraseSealer(PASSPHRASE, { cost: 3 })],
    ['a key file in another one’s name', () => crypto.openKeyFile(PASSPHRASE, crypto.rawKeySealer(DATA_KEY))],
    [
      'a key file under another key',
      () => crypto.openKeyFile(sealedText, crypto.rawKeySealer(DATA_KEY.toReversed())),
    ],
    ['a key file cut', () => crypto.openKeyFile(sealedText.slice(0, -9), crypto.rawKeySealer(DATA_KEY))],
    [
      'a key file whose sealer opens another key',
      () => crypto.openKeyFile(sealedText, opening(SEED.toReversed())),
    ],
    ['a key file whose sealer opens too much', () => crypto.openKeyFile(sealedText, opening([...SEED, 0]))],
    [
      'a folder that is not there',
      () => writeKeyFile(join(folder, 'no/key.json'), pair, crypto.rawKeySealer(DATA_KEY)),
    ],
    ['a key file that is not there', () => readKeyFile(join(folder, 'none.json'), PASSPHRASE)],
    [
      'a CryptoKey of another pair',
      async () => {
        const signer = await crypto.signerFromCryptoKey(await cryptoKey(), stranger.publicKey);
        await signer.sign(message);
      },
    ],
    [
      'a message that is too long',
      () =>
        crypto
          .remoteSigner({ publicKey: pair.publicKey, maxBytes: 8, sign: async (bytes) => bytes })
          .sign(SEED),
    ],
    ['sealed bytes that do not open', () => crypto.aeadOpen(DATA_KEY, SEED, message)],
    ['a KMS that opens too much', () => playing({ Plaintext: Buffer.from([...SEED, 0]).toString('base64') })],
    ['a KMS that opens a word', () => playing({ Plaintext: { seed: Buffer.from(SEED).toString('base64') } })],
    [
      'a KMS whose answer is cut',
      () => {
        server.play('cut');
        return kmsKeyPair({ client, ciphertextBlob: blob });
      },
    ],
    [
      'a KMS that is busy',
      async () => {
        const { KeyMetadata } = server.keys.answer('CreateKey', {
          KeySpec: 'ECC_NIST_EDWARDS25519',
          KeyUsage: 'SIGN_VERIFY',
        }) as { KeyMetadata: { KeyId: string } };
        const signer = await kmsSigner({ client, keyId: KeyMetadata.KeyId });
        server.play({ refuse: 'ThrottlingException' });
        await signer.sign(message);
      },
    ],
    ['a ring under another key', () => manager({ sealer: crypto.rawKeySealer(DATA_KEY.toReversed()) })],
    ['a ring whose sealer opens another key', () => manager({ sealer: opening(SEED.toReversed()) })],
    ['a ring whose sealer opens too much', () => manager({ sealer: opening([...SEED, 0]) })],
    [
      'a ring that cannot be read',
      () => manager({ ring: { load: () => Promise.reject(new Error('no disk')), save: async () => false } }),
    ],
    [
      'a revoked key',
      async () => {
        const revoking = await manager();
        const { signer } = revoking;
        await revoking.revoke(pair.publicKeyHex, 'stolen');
        await signer.sign(message);
      },
    ],
    ['a reason that is none', async () => (await manager()).revoke(pair.publicKeyHex, PASSPHRASE.repeat(99))],
    [
      'a hook that fails',
      async () => (await manager({ onRotation: () => Promise.reject(new Error('hook')) })).rotate(),
    ],
  ])('is not shown by the error for %s', async (what, act) => {
    const error = await failure(act);
    expect(error).toBeInstanceOf(Error);
    expectHidden(what, error);
    for (let cause = (error as Error).cause; cause !== undefined; cause = (cause as Error).cause) {
      expectHidden(`${what}: its cause`, cause);
    }
  });

  it('stands in no file but sealed in its own', async () => {
    const path = join(folder, 'key.json');
    await writeKeyFile(path, pair, crypto.rawKeySealer(DATA_KEY));
    await failure(() => writeKeyFile(path, pair, crypto.rawKeySealer(DATA_KEY)));
    await writeKeyFile(path, pair, crypto.rawKeySealer(DATA_KEY), { replace: true });
    expect(readdirSync(folder)).toEqual(['key.json']);
    expectNone('the key file', readFileSync(path), SECRETS);
    const { keyPair } = await readKeyFile(path, crypto.rawKeySealer(DATA_KEY));
    expect(keyPair.privateKey).toEqual(SEED);
  });
});

const stranger = await crypto.generateKeyPair();

/** A sealer that opens everything to these bytes. */
function opening(bytes: Iterable<number>): crypto.Sealer {
  const { seal } = crypto.rawKeySealer(DATA_KEY);
  return { seal, open: async () => Uint8Array.from(bytes) };
}

/** A ring whose one key is the planted one. */
async function ringOf(): Promise<crypto.MemoryKeyRing> {
  const sealed = async (plaintext: Uint8Array, place: string) => {
    const associated = text(`stele/key-ring/1\ncovenant\n${place}`);
    return crypto.toBase64Url(await crypto.rawKeySealer(DATA_KEY).seal(plaintext, associated));
  };
  const { publicKeyHex } = pair;
  const keys = [{ publicKeyHex, createdAt: Date.now(), sealed: await sealed(SEED, publicKeyHex) }];
  const state = { schema: 1, use: 'covenant', keys, revoked: [] };
  const seal = await sealed(crypto.sha256Bytes(JSON.stringify(state)), 'state 1');
  const ring = new crypto.MemoryKeyRing();
  await ring.save(undefined, JSON.stringify({ ...state, seal }));
  return ring;
}

async function manager(options: crypto.KeyManagerOptions = {}): Promise<crypto.KeyManager> {
  const made = new crypto.KeyManager({
    ring: await ringOf(),
    sealer: crypto.rawKeySealer(DATA_KEY),
    ...options,
  });
  await made.initialize();
  expect(made.activeKey.publicKeyHex).toBe(pair.publicKeyHex);
  return made;
}

/** What comes of a `Decrypt` whose answer is changed. */
function playing(change: object): Promise<unknown> {
  server.play((answer) => ({ ...answer, ...change }));
  return kmsKeyPair({ client, ciphertextBlob: blob });
}
