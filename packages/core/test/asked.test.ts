import type { KeyPair } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildKeyContinuity,
  buildRevocationList,
  type CovenantDocument,
  type KeyContinuityDocument,
  lineOf,
  type RevocationListDocument,
  type RevocationLists,
  reissueCovenant,
  type Verification,
  type VerifyOptions,
  verifyCovenant,
  verifyKeyContinuity,
} from '../src/index.js';
import { at, type Family, failed, family, HOUR, keys, NOW } from './support.js';

let f: Family;
let lister: KeyPair, owner2: KeyPair;
let statement: KeyContinuityDocument;
let naming: RevocationListDocument, empty: RevocationListDocument;

beforeAll(async () => {
  f = await family();
  [lister, owner2] = (await keys(2)) as [KeyPair, KeyPair];
  statement = await buildKeyContinuity({ oldKey: f.owner, newKey: owner2, now: NOW });
  const covenants = [{ covenant: f.root.id, reason: 'over', revokedAt: '2026-11-21T02:00:00Z' }];
  const list = { nextUpdate: at(HOUR), signer: lister, now: NOW };
  naming = await buildRevocationList({ ...list, number: 1, covenants });
  empty = await buildRevocationList({ ...list, number: 2 });
});

const verify = (document: CovenantDocument, options: VerifyOptions) =>
  verifyCovenant(document, { now: NOW, trust: [f.owner.did], ...options });
const lists = (...given: unknown[]): RevocationLists => ({ issuers: [lister.did], lists: given });
const codes = ({ checks }: Verification) => checks.flatMap(({ code }) => code ?? []);
const away = () => {
  throw new Error('away');
};

describe('revocation lists that are asked for', () => {
  it('count as those that are given', async () => {
    let asked = 0;
    const revocationLists = async () => {
      asked++;
      return lists(empty);
    };
    const first = await verify(f.root, { revocationLists, requireRevocationList: true });
    expect(first.valid).toBe(true);
    expect((await verify(first.covenant as CovenantDocument, { revocationLists })).valid).toBe(true);
    expect(asked).toBe(2);
    expect(failed(await verify(f.root, { revocationLists: () => lists(naming) }))).toEqual(['not_revoked']);
  });

  it.each([
    ['fails', away],
    ['rejects', () => Promise.reject(new Error('away'))],
    ['gives nothing', () => undefined],
    ['gives something else', () => ({ issuers: [] })],
    ['gives lists that are none', () => ({ issuers: [], lists: {} })],
    ['gives refused lists that are none', () => ({ issuers: [], lists: [], refused: 1 })],
  ])('deny when the function %s, required or not', async (_, asked) => {
    const revocationLists = asked as unknown as () => RevocationLists;
    for (const requireRevocationList of [true, false]) {
      const result = await verify(f.root, { revocationLists, requireRevocationList });
      expect(failed(result)).toEqual(['key_status', 'not_revoked']);
      expect(codes(result)).toEqual(['revocation_unknown', 'revocation_unknown']);
    }
  });

  it('count for what they name, and for nothing else, where they were refused', async () => {
    const refused = (list: RevocationListDocument) => ({ ...lists(), refused: [list] });
    expect(failed(await verify(f.root, { revocationLists: refused(naming) }))).toEqual(['not_revoked']);
    const required = { requireRevocationList: true };
    expect((await verify(f.root, { revocationLists: refused(empty), ...required })).valid).toBe(false);
    const later = await buildRevocationList({
      number: 9,
      nextUpdate: at(2 * HOUR),
      signer: lister,
      now: at(HOUR),
    });
    const both = { ...lists(empty), refused: [later] };
    expect((await verify(f.root, { revocationLists: both, ...required })).valid).toBe(true);
    expect((await verify(f.root, { revocationLists: lists(empty, later), ...required })).valid).toBe(false);
    // A signer that made two lists of the newest number contradicts itself, also where one of them was refused.
    const { number } = empty;
    const other = await buildRevocationList({
      number,
      nextUpdate: at(3 * HOUR),
      signer: lister,
      now: at(HOUR),
    });
    const contradicted = { ...lists(empty), refused: [other] };
    expect(codes(await verify(f.root, { revocationLists: contradicted, ...required }))).toEqual([
      'revocation_unknown',
      'revocation_unknown',
    ]);
    const same = { ...lists(empty), refused: [empty] };
    expect((await verify(f.root, { revocationLists: same, ...required })).valid).toBe(true);
    const many = { ...lists(empty), refused: Array.from({ length: 64 }, () => naming) };
    expect(codes(await verify(f.root, { revocationLists: many }))).toContain('revocation_unknown');
  });

  it('say revocation_unknown at the first check that cannot read one', async () => {
    for (const bad of ['{', { ...empty, number: 3 }]) {
      const result = await verify(f.root, { revocationLists: lists(bad) });
      expect(codes(result)).toEqual(['revocation_unknown', 'revocation_unknown']);
    }
  });
});

describe('continuity that is asked for', () => {
  it('counts as that which is given', async () => {
    const reissue = await reissueCovenant(f.root, { signer: owner2, continuity: [statement], now: NOW });
    const options = { followContinuity: true, resolve: () => f.root };
    const followed = await verify(reissue, { ...options, continuity: async () => [statement] });
    expect(followed.covenant && lineOf(followed.covenant)).toBe(f.root.id);
    expect(failed(await verify(reissue, { ...options, continuity: () => [] }))).toEqual(['trust']);
  });

  it.each([
    ['fails', away],
    ['gives nothing', () => undefined],
    ['gives no array', () => ({ 0: 1 })],
    ['gives too many', () => Array.from({ length: 1_025 }, () => ({}))],
  ])('joins nobody when the function %s, and leaves no line without its beginning', async (_, asked) => {
    const continuity = asked as () => readonly unknown[];
    const reissue = await reissueCovenant(f.root, { signer: owner2, continuity: [statement], now: NOW });
    const resolve = () => f.root;
    const options = { continuity, resolve, trust: [owner2.did] };
    expect(failed(await verify(reissue, options))).toEqual(['chain']);
    const revocable = { ...options, trust: [f.owner.did], revocations: () => [] };
    expect(codes(await verify(f.root, revocable))).toEqual(['revocation_unknown']);
    expect((await verify(f.root, { continuity })).valid).toBe(true);
  });

  it('recognises what was verified before, and only the copy that was handed out', async () => {
    const { continuity } = await verifyKeyContinuity(JSON.stringify(statement));
    expect(Object.isFrozen(continuity)).toBe(true);
    expect(Object.isFrozen(continuity?.proof[0])).toBe(true);
    expect(await verifyKeyContinuity(continuity)).toEqual({ valid: true, continuity });
    const forged = { ...(continuity as KeyContinuityDocument), newKey: lister.did };
    expect((await verifyKeyContinuity(forged)).valid).toBe(false);
    const [proof] = statement.proof;
    const unsigned = await verifyKeyContinuity({ ...statement, proof: [proof, proof] });
    expect(unsigned.valid).toBe(false);
    const twice = await verifyKeyContinuity({ ...statement, nextKeyHash: '0'.repeat(64) });
    expect(twice.valid).toBe(false);
    expect((await verifyKeyContinuity(twice.continuity)).valid).toBe(false);
  });
});
