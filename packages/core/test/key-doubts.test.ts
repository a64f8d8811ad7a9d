import { generateKeyPair } from '@stele/crypto';
import { describe, expect, it } from 'vitest';
import { buildRevocationList, type KeyStatus, keyDoubts } from '../src/index.js';

const NOW = new Date('2026-11-21T03:00:00Z');

describe('keyDoubts', () => {
  it('says nothing of keys of which nothing is known', async () => {
    const { did } = await generateKeyPair();
    expect((await keyDoubts([did])).size).toBe(0);
    expect((await keyDoubts([])).size).toBe(0);
  });

  it.each<[KeyStatus, boolean]>([
    ['active', false],
    ['retiring', false],
    ['retired', true],
    ['compromised', true],
    ['else' as KeyStatus, true],
  ])('of a key that is %s: in doubt %s', async (status, expected) => {
    const { did } = await generateKeyPair();
    expect((await keyDoubts([did], { keyStatus: () => status })).has(did)).toBe(expected);
  });

  it('tells what cannot be found out from what is known', async () => {
    const { did } = await generateKeyPair();
    const keyStatus = () => Promise.reject(new Error('away'));
    expect((await keyDoubts([did], { keyStatus })).get(did)).toMatchObject({ unavailable: true });
    const known = await keyDoubts([did], { keyStatus: () => 'retired' });
    expect(known.get(did)?.unavailable).toBeUndefined();
    const lists = () => Promise.reject(new Error('away'));
    expect((await keyDoubts([did], { revocationLists: lists })).get(did)).toMatchObject({
      unavailable: true,
    });
  });

  it('goes by the lists of those who may revoke, and of no one else', async () => {
    const [issuer, stranger, key] = [
      await generateKeyPair(),
      await generateKeyPair(),
      await generateKeyPair(),
    ];
    const listBy = (signer: typeof issuer) =>
      buildRevocationList({
        number: 1,
        covenants: [],
        keys: [{ key: key.did, status: 'compromised', reason: 'lost', revokedAt: '2026-11-20T00:00:00Z' }],
        nextUpdate: new Date(NOW.getTime() + 3_600_000),
        signer,
        now: NOW,
      });
    for (const [signer, expected] of [
      [issuer, true],
      [stranger, false],
    ] as const) {
      const revocationLists = { issuers: [issuer.did], lists: [await listBy(signer)] };
      expect((await keyDoubts([key.did], { revocationLists, now: NOW })).has(key.did)).toBe(expected);
    }
    const required = { revocationLists: { issuers: [issuer.did], lists: [] }, requireRevocationList: true };
    expect((await keyDoubts([key.did], { ...required, now: NOW })).get(key.did)).toMatchObject({
      unavailable: true,
    });
  });
});
