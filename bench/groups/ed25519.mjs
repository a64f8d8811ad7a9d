import * as node from 'node:crypto';
import { generateKeyPair, sign, verify } from '@stele/crypto';

export const title = 'Ed25519';

const MANY = 4_000;

export async function* tables({ smoke }) {
  const pairs = await Promise.all(Array.from({ length: smoke ? 20 : MANY }, signedPair));
  const shown = pairs.length.toLocaleString('en-US');
  const [one] = pairs;
  const of = (i) => pairs[i % pairs.length];

  yield {
    title: 'Sign 1 KiB',
    candidates: [
      {
        name: 'node:crypto sign, KeyObject kept',
        run: () => node.sign(null, one.message, one.privateObject),
      },
      { name: '@stele/crypto sign, one key', run: () => sign(one.message, one.key.privateKey) },
      {
        name: `@stele/crypto sign, ${shown} keys in turn`,
        run: (i) => sign(of(i).message, of(i).key.privateKey),
      },
    ],
  };
  yield {
    title: 'Verify 1 KiB',
    note: '`verify` also refuses the small-order keys and the loose encodings that OpenSSL takes. It keeps 1,000 public keys, so that with more of them in turn each is imported anew.',
    candidates: [
      {
        name: 'node:crypto verify, KeyObject kept',
        run: () => node.verify(null, one.message, one.publicObject, one.signature),
      },
      {
        name: '@stele/crypto verify, one key',
        run: () => verify(one.message, one.signature, one.key.publicKey),
      },
      {
        name: `@stele/crypto verify, ${shown} keys in turn`,
        run: (i) => verify(of(i).message, of(i).signature, of(i).key.publicKey),
      },
    ],
  };
}

async function signedPair() {
  const key = await generateKeyPair();
  const message = node.randomBytes(1024);
  const x = Buffer.from(key.publicKey).toString('base64url');
  const d = Buffer.from(key.privateKey).toString('base64url');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x };
  return {
    key,
    message,
    signature: await sign(message, key.privateKey),
    publicObject: node.createPublicKey({ format: 'jwk', key: jwk }),
    privateObject: node.createPrivateKey({ format: 'jwk', key: { ...jwk, d } }),
  };
}
