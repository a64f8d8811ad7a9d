/** The published vectors (docs/vectors) are what is made and judged here, byte for byte. */
import { readFileSync } from 'node:fs';
import { fromHex, type KeyPair, keyPairFromPrivateKey } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import {
  buildKeyContinuity,
  buildRevocationList,
  followContinuity,
  type KeyContinuityDocument,
  keyHash,
  type RevocationListCheck,
  type RevocationListDocument,
  verifyKeyContinuity,
  verifyRevocationList,
} from '../src/index.js';

interface Key {
  privateKeyHex: string;
  publicKeyHex: string;
  did: string;
  keyHash: string;
}

interface ListVectors {
  keys: Record<'lister' | 'other' | 'old', Key>;
  list: RevocationListDocument;
  empty: RevocationListDocument;
  cases: {
    name: string;
    text: string;
    issuers: string[];
    now: string;
    highestSeen?: number;
    expected: Pick<RevocationListCheck, 'valid' | 'code'>;
  }[];
}

interface ContinuityVectors {
  keys: Record<'old' | 'new' | 'next' | 'other', Key>;
  withCommitment: KeyContinuityDocument;
  plain: KeyContinuityDocument;
  cases: { name: string; text: string; expected: { valid: boolean } }[];
}

const read = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../../docs/vectors/${name}.json`, import.meta.url), 'utf8')) as T;
const pairOf = (key: Key): Promise<KeyPair> => keyPairFromPrivateKey(fromHex(key.privateKeyHex));

describe('docs/vectors/revocation-lists.json', () => {
  const vectors = read<ListVectors>('revocation-lists');

  it('has keys that belong together', async () => {
    for (const key of Object.values(vectors.keys)) {
      const { did, publicKeyHex } = await pairOf(key);
      expect([did, publicKeyHex, keyHash(did)]).toEqual([key.did, key.publicKeyHex, key.keyHash]);
    }
  });

  it.each(['list', 'empty'] as const)('has the %s that comes out again', async (name) => {
    const { number, issuedAt, nextUpdate, covenants, keys } = vectors[name];
    const signer = await pairOf(vectors.keys.lister);
    const times = { nextUpdate: new Date(nextUpdate), now: new Date(issuedAt) };
    expect(await buildRevocationList({ number, covenants, keys, signer, ...times })).toEqual(vectors[name]);
  });

  it.each(vectors.cases)(
    'is judged as it says: $name',
    async ({ text, issuers, now, highestSeen, expected }) => {
      const options = { issuers, now: new Date(now), highestSeen: () => highestSeen };
      const { valid, code } = await verifyRevocationList(text, options);
      expect({ valid, ...(code === undefined ? {} : { code }) }).toEqual(expected);
    },
  );

  it('has cases of every code but the one for a lookup that fails', () => {
    const codes = new Set(vectors.cases.map(({ expected }) => expected.code));
    const all = [
      'malformed',
      'not_signed',
      'unknown_issuer',
      'from_the_future',
      'stale',
      'rolled_back',
      'issuer_key_in_doubt',
      undefined,
    ];
    expect(codes).toEqual(new Set(all));
  });
});

describe('docs/vectors/key-continuity.json', () => {
  const { keys, withCommitment, plain, cases } = read<ContinuityVectors>('key-continuity');

  it('has the statements that come out again', async () => {
    const [oldKey, newKey, next] = [await pairOf(keys.old), await pairOf(keys.new), await pairOf(keys.next)];
    const now = new Date(plain.changedAt);
    const nextKeyHash = keyHash(next.did);
    expect(await buildKeyContinuity({ oldKey, newKey, nextKeyHash, now })).toEqual(withCommitment);
    expect(await buildKeyContinuity({ oldKey: newKey, newKey: next, now })).toEqual(plain);
    expect((await followContinuity([plain, withCommitment], oldKey.did)).current).toBe(next.did);
  });

  it.each(cases)('is judged as it says: $name', async ({ text, expected }) => {
    expect((await verifyKeyContinuity(text)).valid).toBe(expected.valid);
  });
});
