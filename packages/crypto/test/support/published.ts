import { vectorJson } from '../../../../test/support/vectors.js';
import type { SignedBytes } from '../../src/index.js';
import { bytes, text } from '../support.js';

/** Every published triple, those that looser rules accept first of all. */
export function published(): SignedBytes[] {
  type Wycheproof = { testGroups: { publicKey: { pk: string }; tests: { msg: string; sig: string }[] }[] };
  type Speccheck = { cases: { message: string; pub_key: string; signature: string }[] };
  type Zip215 = { message_hex: string; vk_bytes: string; sig_bytes: string };
  type Cctv = { key: string; sig: string; msg: string };
  const triple = (message: Uint8Array, signature: string, publicKey: string): SignedBytes => ({
    message,
    signature: bytes(signature),
    publicKey: bytes(publicKey),
  });
  return [
    ...vectorJson<Wycheproof>('ed25519/ed25519_test.json').testGroups.flatMap(({ publicKey, tests }) =>
      tests.map(({ msg, sig }) => triple(bytes(msg), sig, publicKey.pk)),
    ),
    ...vectorJson<Speccheck>('ed25519/speccheck-cases.json').cases.map((each) =>
      triple(bytes(each.message), each.signature, each.pub_key),
    ),
    ...vectorJson<Zip215[]>('ed25519/zip215.json').map((each) =>
      triple(bytes(each.message_hex), each.sig_bytes, each.vk_bytes),
    ),
    ...vectorJson<Cctv[]>('ed25519/cctv-ed25519vectors.json').map(({ msg, sig, key }) =>
      triple(text(msg), sig, key),
    ),
  ];
}
