import * as node from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  generateKeyPair,
  KeyManager,
  openKeyFile,
  rawKeySealer,
  sealKeyFile,
  signerFromCryptoKey,
  toSigner,
  verify,
  verifyMany,
} from '@stele/crypto';
import { kmsSigner } from '@stele/crypto/kms';
import { FileKeyRing, signerFromKeyObject } from '@stele/crypto/node';
import { build } from 'esbuild';

export const title = 'Signers';

const BATCH = 256;
/** What the package's optional peers resolve to; its CommonJS build is a second copy, which takes another provider. */
const require = createRequire(fileURLToPath(import.meta.resolve('@stele/crypto')));

export async function* tables({ folder, smoke }) {
  const pair = await generateKeyPair();
  const message = node.randomBytes(1024);
  const privateObject = keyObjectOf(pair);
  const publicObject = node.createPublicKey(privateObject);
  const sodium = require('sodium-native');
  const secretKey = Buffer.concat([pair.privateKey, pair.publicKey]);
  const detached = Buffer.alloc(64);
  const withSodium = require('@stele/crypto');
  if (!(await require('@stele/crypto/sodium').useSodium())) throw new Error('libsodium is not in use');

  const kms = await startKms(folder);
  const managers = await Promise.all([managerOf(), managerOf(new FileKeyRing(join(folder, 'ring')))]);
  const [alone, ringed] = managers;
  const signers = {
    memory: toSigner(pair),
    sodium: withSodium.toSigner(await withSodium.keyPairFromPrivateKey(pair.privateKey)),
    object: signerFromKeyObject(privateObject),
    web: await webSigner(pair),
    file: await fileSigner(pair),
    ring: ringed.signer,
    kms: await kmsSigner({ client: kms.client, keyId: kms.keyId }),
  };
  yield {
    title: 'Sign 1 KiB by signer',
    note: 'What code that is not this package’s signed is verified before it is handed on: compare those rows with “sign, then verify”. The KMS is a server of the tests on the loopback interface, in this process: the row tells what the signer costs, not what a network does.',
    candidates: [
      { name: 'node:crypto sign, KeyObject kept', run: () => node.sign(null, message, privateObject) },
      {
        name: 'node:crypto sign, then verify',
        run: () => node.verify(null, message, publicObject, node.sign(null, message, privateObject)),
      },
      {
        name: 'sodium-native crypto_sign_detached',
        run: () => sodium.crypto_sign_detached(detached, message, secretKey),
      },
      { name: 'toSigner(key pair)', run: () => signers.memory.sign(message) },
      { name: 'toSigner(key pair), after useSodium()', run: () => signers.sodium.sign(message) },
      { name: 'signer of a key file, opened', run: () => signers.file.sign(message) },
      { name: 'signerFromKeyObject, verified', run: () => signers.object.sign(message) },
      { name: 'signerFromCryptoKey (WebCrypto), verified', run: () => signers.web.sign(message) },
      { name: 'KeyManager.sign, in memory', run: () => alone.sign(message) },
      { name: 'KeyManager.sign, ring in files', run: () => ringed.sign(message) },
      { name: 'KeyManager.signer, ring in files', run: () => signers.ring.sign(message) },
      { name: 'AWS SDK Sign, loopback KMS', run: () => kms.sign(message) },
      { name: 'kmsSigner, loopback KMS, verified', run: () => signers.kms.sign(message) },
    ],
  };

  const signature = await signers.memory.sign(message);
  const managed = await Promise.all(managers.map((manager) => manager.sign(message)));
  yield {
    title: 'Verify 1 KiB by provider',
    note: '`verify` also refuses the small-order keys and the loose encodings that OpenSSL takes.',
    candidates: [
      {
        name: 'node:crypto verify, KeyObject kept',
        run: () => node.verify(null, message, publicObject, signature),
      },
      {
        name: 'sodium-native crypto_sign_verify_detached',
        run: () => sodium.crypto_sign_verify_detached(signature, message, pair.publicKey),
      },
      { name: 'verify', run: () => verify(message, signature, pair.publicKey) },
      {
        name: 'verify, after useSodium()',
        run: () => withSodium.verify(message, signature, pair.publicKey),
      },
      {
        name: 'KeyManager.verifyWithAnyKey, in memory',
        run: () => alone.verifyWithAnyKey(message, managed[0]),
      },
      {
        name: 'KeyManager.verifyWithAnyKey, ring in files',
        run: () => ringed.verifyWithAnyKey(message, managed[1]),
      },
    ],
  };

  const items = Array.from({ length: smoke ? 16 : BATCH }, () => ({
    message,
    signature,
    publicKey: pair.publicKey,
  }));
  yield {
    title: `Verify ${items.length} signatures of 1 KiB`,
    note: 'An operation is the whole batch. `verifyMany` works on the threads of Node.js, and leaves the event loop free.',
    candidates: [
      {
        name: 'node:crypto verify, one after the other',
        run: () => items.every((each) => node.verify(null, each.message, publicObject, each.signature)),
      },
      { name: 'verify, one after the other', run: () => oneByOne(items, verify) },
      {
        name: 'verify, after useSodium(), one after the other',
        run: () => oneByOne(items, withSodium.verify),
      },
      { name: 'verifyMany', run: () => verifyMany(items) },
    ],
  };
  await kms.stop();
}

async function oneByOne(items, judge) {
  for (const { message, signature, publicKey } of items) await judge(message, signature, publicKey);
}

function keyObjectOf({ privateKey, publicKey }) {
  const [d, x] = [privateKey, publicKey].map((bytes) => Buffer.from(bytes).toString('base64url'));
  return node.createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', d, x } });
}

async function webSigner(pair) {
  const pkcs8 = keyObjectOf(pair).export({ format: 'der', type: 'pkcs8' });
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
  return signerFromCryptoKey(key, pair.publicKey);
}

async function fileSigner(pair) {
  const sealer = rawKeySealer(node.randomBytes(32)); // a passphrase makes opening slower, not signing
  return (await openKeyFile(await sealKeyFile(pair, sealer), sealer)).signer;
}

async function managerOf(ring) {
  const manager = new KeyManager(
    ring === undefined ? {} : { ring, sealer: rawKeySealer(node.randomBytes(32)) },
  );
  await manager.initialize();
  return manager;
}

/** The key service of the tests, with real keys, and a client of the AWS SDK. */
async function startKms(folder) {
  const source = fileURLToPath(new URL('../../test/support/kms/kms-server.ts', import.meta.url));
  const outfile = join(folder, 'kms-server.mjs');
  await build({ entryPoints: [source], outfile, bundle: true, platform: 'node', format: 'esm' });
  const { KmsServer } = await import(pathToFileURL(outfile));
  const { CreateKeyCommand, KMSClient, SignCommand } = require('@aws-sdk/client-kms');
  const credentials = { accessKeyId: 'AKIABENCH', secretAccessKey: 'a secret of the measurements' };
  const server = await KmsServer.start();
  server.credentials.set(credentials.accessKeyId, credentials);
  const client = new KMSClient({ endpoint: server.url, region: 'us-east-1', credentials });
  const kind = { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' };
  const { KeyMetadata } = await client.send(new CreateKeyCommand(kind));
  const keyId = KeyMetadata.KeyId;
  const how = { KeyId: keyId, MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' };
  return {
    client,
    keyId,
    sign: (message) => client.send(new SignCommand({ ...how, Message: message })),
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
}
