import type { KeyPair } from '@stele/crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildCovenant,
  buildKeyContinuity,
  type CovenantDocument,
  checkReissue,
  countersignCovenant,
  covenantId,
  type KeyContinuityDocument,
  type KeyLookup,
  lineOf,
  type ReissueOptions,
  reissueCovenant,
  revokeCovenant,
  type VerifyOptions,
  verifyCovenant,
} from '../src/index.js';
import { makeProof } from '../src/lib/proof.js';
import { at, failed, HOUR, keys, NOW } from './support.js';

let k: KeyPair[];
let owner: KeyPair,
  owner2: KeyPair,
  owner3: KeyPair,
  manager: KeyPair,
  manager2: KeyPair,
  agent: KeyPair,
  anchor: KeyPair,
  stranger: KeyPair;
let continuity: KeyContinuityDocument[];
let top: CovenantDocument, full: CovenantDocument, child: CovenantDocument;
let reissued: CovenantDocument;

const joined = (oldKey: KeyPair, newKey: KeyPair) => buildKeyContinuity({ oldKey, newKey, now: NOW });
const again = (document: CovenantDocument, signer: KeyPair, options: Partial<ReissueOptions> = {}) =>
  reissueCovenant(document, { signer, continuity, now: at(60_000), ...options });

beforeAll(async () => {
  k = await keys(8);
  [owner, owner2, owner3, manager, manager2, agent, anchor, stranger] = k as [
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
  ];
  continuity = [await joined(owner, owner2), await joined(owner2, owner3), await joined(manager, manager2)];
  top = await buildCovenant({
    issuer: { name: 'Acme' },
    beneficiary: { id: owner.did },
    constraints: "permit orders.* on '/orders/**'\n",
    delegation: { maxDepth: 3 },
    signer: anchor,
    now: NOW,
  });
  // Every member that a covenant can have, so that each can be changed.
  full = await buildCovenant({
    issuer: { name: 'Acme' },
    beneficiary: { id: manager.did, name: 'manager' },
    constraints: "permit orders.* on '/orders/**'\n",
    activatesAt: at(0),
    expiresAt: at(24 * HOUR),
    parent: top,
    delegation: { maxDepth: 2 },
    requiredCountersigners: [anchor.did],
    approvers: { 'human.approval': { keys: [anchor.did], threshold: 1 } },
    metadata: { team: 'payments' },
    signer: owner,
    now: NOW,
  });
  full = await countersignCovenant(full, anchor, { now: NOW });
  child = await buildCovenant({
    beneficiary: { id: agent.did },
    constraints: "permit orders.read on '/orders/**'\n",
    parent: full,
    expiresAt: at(HOUR),
    signer: manager,
    now: NOW,
  });
  reissued = await countersignCovenant(await again(full, owner2), anchor, { now: NOW });
});

const statusOf =
  (status: 'retired' | 'compromised', ...of: KeyPair[]): KeyLookup =>
  (hex) =>
    of.some((key) => key.publicKeyHex === hex) ? { status, since: at(0) } : undefined;

/** Verifies over a store of these documents, ten minutes later. */
const within = (documents: CovenantDocument[], options: VerifyOptions = {}): VerifyOptions => ({
  now: at(600_000),
  trust: [anchor.did],
  continuity,
  resolve: (id) => documents.find((document) => document.id === id),
  reissues: (id) => documents.filter((document) => document.reissues === id),
  ...options,
});
const verify = (documents: CovenantDocument[], options: VerifyOptions = {}, leaf: unknown = child) =>
  verifyCovenant(leaf, within(documents, options));
const gone = (...of: KeyPair[]) => ({ keyStatus: statusOf('retired', ...(of.length === 0 ? [owner] : of)) });
const lost = (...of: KeyPair[]) => ({
  keyStatus: statusOf('compromised', ...(of.length === 0 ? [owner] : of)),
});

/** Signs a document anew after a change, as an issuer who writes what reissueCovenant would not. */
async function changed(
  changes: Record<string, unknown>,
  signers: KeyPair[] = [owner2, anchor],
  from: CovenantDocument = reissued,
): Promise<CovenantDocument> {
  const { proof: _p, id: _i, ...rest } = { ...from, ...changes } as CovenantDocument;
  const content = Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined),
  ) as typeof rest;
  const unsigned = { ...content, id: covenantId(content) };
  const proof = [];
  for (const signer of signers) proof.push(await makeProof(unsigned, signer, content.createdAt));
  return { ...unsigned, proof };
}

describe('reissueCovenant', () => {
  it('changes only the id, the issuer, the times of making, the nonce and the proofs', async () => {
    const { id, issuer, createdAt, nonce, proof: _, ...rest } = full;
    expect(reissued).toMatchObject(rest);
    expect(reissued).toMatchObject({
      issuer: { id: owner2.did, name: 'Acme' },
      reissues: id,
      createdAt: '2026-11-21T03:01:00Z',
    });
    expect([reissued.id, reissued.nonce, createdAt, issuer.id]).not.toContain([id, nonce]);
    expect(reissued.nonce).not.toBe(nonce);
    expect(await checkReissue(reissued, full, { continuity })).toEqual({ valid: true });
    expect((await verify([top], {}, reissued)).valid).toBe(true);
  });

  it('is checked without an exception, whatever is handed over', async () => {
    const hostile = [
      null,
      undefined,
      1,
      'x',
      [],
      {},
      { ...reissued, nonce: 'x' },
      { ...reissued, proof: [] },
    ];
    for (const value of hostile) {
      expect(await checkReissue(value, full)).toMatchObject({ valid: false, reason: expect.any(String) });
      expect(await checkReissue(reissued, value)).toMatchObject({ valid: false, reason: expect.any(String) });
    }
  });

  it('takes the present for its time, and needs no continuity for its own key', async () => {
    const root = await buildCovenant({ beneficiary: { id: agent.did }, constraints: '', signer: owner });
    const made = await reissueCovenant(root, { signer: owner });
    expect(await checkReissue(made, root)).toEqual({ valid: true });
    expect((await verifyCovenant(made)).valid).toBe(true);
  });

  it('takes a verified covenant, a key several rotations on, and the same key', async () => {
    const { covenant } = await verify([top], {}, full);
    for (const signer of [owner, owner2, owner3]) {
      const made = await countersignCovenant(await again(covenant as CovenantDocument, signer), anchor);
      expect(await checkReissue(made, full, { continuity })).toEqual({ valid: true });
    }
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a signer who is not joined to the issuer', () => again(full, stranger)],
    ['a signer of before', () => again(reissued, owner)],
    ['no continuity', () => again(full, owner2, { continuity: [] })],
    [
      'a fork',
      async () => again(full, owner2, { continuity: [...continuity, await joined(owner, stranger)] }),
    ],
    ['a covenant that has ended', () => again(full, owner2, { now: at(24 * HOUR) })],
    ['a covenant that was changed', () => again({ ...full, constraints: 'permit ** on **' }, owner2)],
    [
      'a covenant without its countersignature',
      () => again({ ...full, proof: [full.proof].flat().slice(0, 1) }, owner2),
    ],
    ['a parent that is no reissue', () => again(full, owner2, { parent: full })],
    ['a parent for one that has none', () => again(top, anchor, { parent: reissued })],
    [
      'a parent that was changed',
      () => again(child, manager2, { parent: { ...reissued, nonce: full.nonce } }),
    ],
  ])('refuses %s', async (_name, run) => {
    await expect(run()).rejects.toMatchObject({ code: 'not_reissuable' });
  });
});

describe('a reissue stands in', () => {
  it('for an ancestor whose key has retired, which does not hold without it', async () => {
    expect((await verify([top, full])).valid).toBe(true);
    expect(failed(await verify([top, full], gone()))).toEqual(['key_status']);
    const { valid, covenant } = await verify([top, full, reissued], gone());
    expect(valid).toBe(true);
    expect(covenant?.chain.map(({ document }) => document.id)).toEqual([top.id, full.id, child.id]);
  });

  it('for that ancestor alone: the keys of the others are asked about as ever', async () => {
    expect(failed(await verify([top, full, reissued], gone(owner, manager)))).toEqual(['key_status']);
    expect(failed(await verify([top, full, reissued], gone(owner, anchor)))).toEqual(['key_status']);
  });

  it('for one that was verified before its key retired', async () => {
    const { covenant } = await verify([top, full]);
    expect(failed(await verify([top, full], gone(), covenant))).toEqual(['key_status']);
    expect((await verify([top, full, reissued], gone(), covenant)).valid).toBe(true);
    const { resolve: _, ...withoutResolver } = within([reissued], gone());
    expect((await verifyCovenant(covenant, withoutResolver)).valid).toBe(true);
  });

  it('when it was reissued in turn, and only while a last one holds', async () => {
    const third = await countersignCovenant(await again(reissued, owner3), anchor);
    const documents = [top, full, reissued, third];
    expect((await verify(documents, gone(owner, owner2))).valid).toBe(true);
    expect(failed(await verify([top, full, reissued], gone(owner, owner2)))).toEqual(['key_status']);
    expect(failed(await verify([top, full, third], gone(owner, owner2)))).toEqual(['key_status']);
    expect(failed(await verify(documents, gone(owner, owner2, owner3)))).toEqual(['key_status']);
  });

  it('for a root whose issuer is no anchor any more', async () => {
    const root = await buildCovenant({
      beneficiary: { id: manager.did },
      constraints: 'permit a on /x',
      delegation: { maxDepth: 1 },
      signer: owner,
      now: NOW,
    });
    const leaf = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: 'permit a on /x',
      parent: root,
      signer: manager,
      now: NOW,
    });
    const renewed = await again(root, owner2);
    const trust = [owner2.did];
    expect((await verify([root, renewed], { ...gone(), trust }, leaf)).valid).toBe(true);
    expect((await verify([root, renewed], { trust }, leaf)).valid).toBe(true);
    expect(failed(await verify([root], { trust }, leaf))).toEqual(['trust']);
    expect(failed(await verify([root, renewed], { trust: [stranger.did] }, leaf))).toEqual(['trust']);
    expect(failed(await verify([root, renewed], { trust, ...gone(owner2) }, leaf))).toEqual(['trust']);
    // A document that the host hands over itself is judged by itself.
    expect(failed(await verify([root, renewed], { trust }, root))).toEqual(['trust']);
  });

  it('for no root where the reissues cannot be looked up', async () => {
    const reissues = () => Promise.reject(new Error('down'));
    const result = await verify([top, full], { trust: [stranger.did], reissues });
    expect(failed(result)).toEqual(['trust']);
    expect(result.checks.find(({ name }) => name === 'trust')?.message).toContain('down');
  });

  it('never for the covenant itself, whose key signs for nothing any more', async () => {
    expect(failed(await verify([top, full, reissued], gone(), full))).toEqual(['key_status']);
  });

  it('not before it was made, nor when one of its signers is retired', async () => {
    expect(failed(await verify([top, full, reissued], { ...gone(), now: at(-1) }))).toContain('key_status');
    expect(failed(await verify([top, full, reissued], gone(owner, owner2)))).toEqual(['key_status']);
    const later = await countersignCovenant(await again(full, owner2, { now: at(HOUR) }), anchor);
    expect(failed(await verify([top, full, later], gone()))).toEqual(['key_status']);
  });

  it('not without continuity, nor with a fork', async () => {
    const documents = [top, full, reissued];
    expect(failed(await verify(documents, { ...gone(), continuity: [] }))).toEqual(['key_status']);
    const fork = [...continuity, await joined(owner, stranger)];
    expect(failed(await verify(documents, { ...gone(), continuity: fork }))).toEqual(['key_status']);
    expect((await checkReissue(reissued, full, { continuity: fork })).reason).toContain('2 successors');
  });

  it('not where the lookup fails, returns no list, or too long a one', async () => {
    const lookups: unknown[] = [
      () => {
        throw new Error('down');
      },
      () => 'none',
      () => Array(1025).fill(reissued),
    ];
    for (const reissues of lookups)
      expect(failed(await verify([top, full], { ...gone(), reissues } as VerifyOptions))).toEqual([
        'key_status',
      ]);
    const unsigned = [
      await changed({}, [stranger, anchor]),
      await changed({}, [owner2]),
      { ...reissued, id: top.id },
    ];
    const junk = [null, 1, {}, full, { ...reissued, nonce: 'x' }, ...unsigned];
    expect(
      (await verify([top, full], { ...gone(), reissues: () => [...junk, reissued] as unknown[] })).valid,
    ).toBe(true);
    expect(failed(await verify([top, full], { ...gone(), reissues: () => junk as unknown[] }))).toEqual([
      'key_status',
    ]);
  });
});

describe('where the old key was compromised', () => {
  const bare = () => again(full, owner2, { compromised: true, continuity: [] });

  it('a proof by a trust anchor is needed, and takes the place of continuity, which is void', async () => {
    const root = await buildCovenant({
      beneficiary: { id: manager.did },
      constraints: '',
      signer: owner,
      now: NOW,
    });
    const made = await again(root, owner2);
    const options = { continuity, ...lost(), trust: [anchor.did] };
    expect((await checkReissue(made, root, { ...options, keyStatus: () => undefined })).valid).toBe(true);
    expect(await checkReissue(made, root, options)).toMatchObject({
      valid: false,
      reason: expect.stringContaining('anchor'),
    });
    const signed = await countersignCovenant(made, anchor);
    expect((await checkReissue(signed, root, options)).valid).toBe(true);
    expect((await checkReissue(signed, root, { ...options, trust: [stranger.did] })).valid).toBe(false);
    const { trust: _, ...withoutAnchors } = options;
    expect((await checkReissue(signed, root, withoutAnchors)).valid).toBe(false);
  });

  it('the proof of an anchor counts only while its key does, and never that of the lost key', async () => {
    const made = await countersignCovenant(await bare(), anchor);
    const documents = [top, full, made];
    expect((await verify(documents, lost())).valid).toBe(true);
    const options = { continuity, trust: [anchor.did, owner.did] };
    expect((await checkReissue(made, full, { ...options, ...lost(owner, anchor) })).valid).toBe(false);
    const byThief = await changed({ issuer: { id: stranger.did }, requiredCountersigners: undefined }, [
      stranger,
      owner,
    ]);
    const plain = await changed({ requiredCountersigners: undefined, reissues: undefined }, [owner], full);
    const theft = await changed({ reissues: plain.id }, [stranger, owner], byThief);
    expect((await checkReissue(theft, plain, { ...options, ...lost() })).valid).toBe(false);
    expect((await checkReissue(theft, plain, { trust: [owner.did, stranger.did], ...lost() })).valid).toBe(
      true,
    );
  });

  it('an anchor’s proof does not replace continuity where nothing was compromised', async () => {
    const made = await countersignCovenant(await again(full, stranger, { compromised: true }), anchor);
    expect((await checkReissue(made, full, { continuity, trust: [anchor.did] })).valid).toBe(false);
    expect(failed(await verify([top, full, made], gone()))).toEqual(['key_status']);
  });
});

describe('a laxer "reissue" stands in for nothing', () => {
  const changes: Record<string, unknown> = {
    version: '2',
    beneficiary: { id: () => agent.did },
    'beneficiary.name': 'x',
    constraints: "permit orders.** on '/**'\n",
    activatesAt: '2026-11-21T02:59:59Z',
    'activatesAt left out': undefined,
    expiresAt: '2026-11-22T03:00:01Z',
    'expiresAt left out': undefined,
    delegation: { maxDepth: 3 },
    'delegation left out': undefined,
    requiredCountersigners: undefined,
    'requiredCountersigners more': () => [anchor.did, owner2.did],
    approvers: undefined,
    'approvers fewer': () => ({ 'human.approval': { keys: [anchor.did, stranger.did], threshold: 1 } }),
    metadata: { team: 'payments', explain: true },
    'metadata left out': undefined,
    parent: undefined,
    'parent another': () => reissued.id,
    reissues: undefined,
    'reissues another': () => top.id,
    type: 'SteleRevocation',
  };
  const changeOf = (name: string): Record<string, unknown> => {
    const [member = '', part] = name.split(/[ .]/);
    const given = changes[name];
    const value = typeof given === 'function' ? (given as () => unknown)() : given;
    if (member === 'beneficiary') {
      return {
        beneficiary:
          part === 'name' ? { ...full.beneficiary, name: value } : { ...full.beneficiary, id: agent.did },
      };
    }
    return { [member]: value };
  };

  it('has a case for every member that a covenant can have', () => {
    const free = ['id', 'issuer', 'createdAt', 'nonce', 'proof'];
    const members = [...Object.keys(reissued), ...free].sort();
    const tested = [...Object.keys(changes).map((name) => name.split(/[ .]/)[0] as string), ...free].sort();
    expect(new Set(tested)).toEqual(new Set(members));
  });

  it.each(Object.keys(changes))('%s', async (name) => {
    const laxer = await changed(changeOf(name));
    expect((await checkReissue(laxer, full, within([top, full, reissued]))).valid).toBe(false);
    expect(failed(await verify([top, full, laxer], gone()))).toEqual(['key_status']);
    const { covenant } = await verify([top, full], {}, laxer);
    if (covenant !== undefined) expect(lineOf(covenant)).not.toBe(full.id);
  });

  it.each<[string, Record<string, unknown>]>([
    ['the name of the issuer', { issuer: { name: 'Other' } }],
    ['createdAt', { createdAt: '2026-11-21T03:02:00Z' }],
    ['nonce', { nonce: 'AAAAAAAAAAAAAAAAAAAAAA' }],
  ])('while %s may differ', async (_name, change) => {
    const issuer = { ...reissued.issuer, ...(change.issuer as object) };
    const other = await changed({ ...change, issuer });
    expect(await checkReissue(other, full, { continuity })).toEqual({ valid: true });
    expect((await verify([top, full, other], gone())).valid).toBe(true);
  });

  it('whatever is put into any member, at random', async () => {
    const fixed = Object.keys(full).filter(
      (name) => !['id', 'issuer', 'createdAt', 'nonce', 'proof'].includes(name),
    );
    const original = full as unknown as Record<string, unknown>;
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(undefined, ...fixed.map((name) => name).flatMap((name) => [name])),
      fc.string().map((text) => `permit a.${text} on **`),
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...fixed), value, async (name, put) => {
        fc.pre(JSON.stringify(put) !== JSON.stringify(original[name]));
        const edited = await changed({ [name]: put });
        expect((await checkReissue(edited, full, { continuity })).valid).toBe(false);
      }),
      { numRuns: 200 },
    );
  });
});

describe('parents that were reissued', () => {
  it('a child reissued under the reissue of its parent is its reissue, and verifies', async () => {
    const other = await again(child, manager2, { parent: reissued });
    expect(other.parent).toBe(reissued.id);
    const documents = [top, full, reissued, child, other];
    expect(await checkReissue(other, child, within(documents))).toEqual({ valid: true });
    expect((await verify(documents, gone(owner, manager), other)).valid).toBe(true);
    expect((await checkReissue(other, child, within([top, child, other]))).valid).toBe(false);
  });

  it('a laxer "reissue" of the parent does not become one by this', async () => {
    const laxer = await changed({ metadata: {} });
    const other = await changed(
      { ...child, parent: laxer.id, reissues: child.id, issuer: { id: manager2.did } },
      [manager2],
    );
    expect((await checkReissue(other, child, within([top, full, laxer, child]))).valid).toBe(false);
    const resolve = () => {
      throw new Error('down');
    };
    expect((await checkReissue(other, child, { continuity, resolve })).valid).toBe(false);
  });

  it('children keep their beginning under a reissue that says no beginning of its own', async () => {
    const root = await buildCovenant({
      beneficiary: { id: manager.did },
      constraints: 'permit a on /x',
      delegation: { maxDepth: 1 },
      signer: owner,
      now: NOW,
    });
    const renewed = await again(root, owner2);
    const leaf = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: 'permit a on /x',
      parent: root,
      activatesAt: at(1000),
      signer: manager,
      now: NOW,
    });
    const moved = await again(leaf, manager2, { parent: renewed });
    const trust = [owner2.did];
    expect((await verify([root, renewed, leaf], { ...gone(owner, manager), trust }, moved)).valid).toBe(true);
    expect(failed(await verify([renewed, leaf], { ...gone(owner, manager), trust }, moved))).toEqual([
      'trust',
      'chain',
    ]);
  });
});

describe('the line', () => {
  it('is the first covenant’s, for its reissues and for the links of a chain', async () => {
    const third = await countersignCovenant(await again(reissued, owner3), anchor);
    const documents = [top, full, reissued, third];
    for (const document of [full, reissued, third]) {
      const { covenant } = await verify(documents, {}, document);
      expect(covenant === undefined ? undefined : lineOf(covenant)).toBe(full.id);
    }
    const below = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: "permit orders.read on '/orders/**'\n",
      parent: third,
      expiresAt: at(HOUR),
      signer: manager,
      now: at(120_000),
    });
    const { covenant } = await verify(documents, {}, below);
    expect(covenant?.chain.map(({ line }) => line)).toEqual([top.id, full.id, below.id]);
  });

  it('is its own for one whose original cannot be found or is not joined to it, and the check says so', async () => {
    const root = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: '',
      signer: owner,
      now: NOW,
    });
    const renewed = await again(root, owner2);
    const laxer = await changed(
      { reissues: root.id },
      [owner2],
      await changed({ metadata: {} }, [owner2], renewed),
    );
    const trust = [owner2.did];
    const verdicts = [
      await verify([], { trust }, renewed),
      await verify([root], { trust, continuity: [] }, renewed),
      await verify([root], lost(), renewed),
      await verify([root], { trust }, laxer),
    ];
    for (const { covenant, checks } of verdicts) {
      expect(covenant === undefined ? undefined : lineOf(covenant)).toBe(covenant?.id);
      expect(checks.find(({ name }) => name === 'chain')?.message).toContain('stands for itself alone');
    }
    const { covenant } = await verify([root], { trust }, renewed);
    expect(covenant === undefined ? undefined : lineOf(covenant)).toBe(root.id);
  });

  it('is not begun anew, and hides no revocation, while it is not known how a key stands', async () => {
    const root = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: '',
      signer: owner,
      now: NOW,
    });
    const renewed = await again(root, owner3);
    const revocation = await revokeCovenant(renewed, { reason: 'x', signer: owner3, now: NOW });
    const options = {
      now: new Date(NOW.getTime() + 60_000),
      continuity,
      resolve: () => root,
      reissues: (id: string) => (id === root.id ? [renewed] : []),
      revocations: (id: string) => (id === renewed.id ? [revocation] : []),
    };
    const unknownFor =
      (key: KeyPair): KeyLookup =>
      (hex) => {
        if (hex === key.publicKeyHex) throw new Error('down');
        return undefined;
      };
    const silent = { ...options, revocations: () => [] };
    const { covenant } = await verifyCovenant(renewed, silent);
    expect(covenant === undefined ? undefined : lineOf(covenant)).toBe(root.id);
    for (const key of [owner, owner2]) {
      const found = await verifyCovenant(renewed, { ...silent, keyStatus: unknownFor(key) });
      expect(failed(found)).toEqual(['chain']);
      expect(found.checks.find(({ name }) => name === 'chain')?.unavailable).toBe(true);
    }
    expect(failed(await verifyCovenant(root, options))).toEqual(['not_revoked']);
    const doubted = await verifyCovenant(root, { ...options, keyStatus: unknownFor(owner2) });
    expect(doubted.checks.find(({ name }) => name === 'not_revoked')?.code).toBe('revocation_unknown');
    expect((await verifyCovenant(root, { ...silent, keyStatus: unknownFor(stranger) })).valid).toBe(true);
  });

  it('is revoked with any of its covenants, by who issued one of them', async () => {
    const documents = [top, full, reissued];
    const revoked = async (document: CovenantDocument, signer: KeyPair, leaf: CovenantDocument) => {
      const revocation = await revokeCovenant(document, { reason: 'x', signer, now: NOW });
      const revocations = (id: string) => (id === document.id ? [revocation] : []);
      return failed(await verify(documents, { revocations }, leaf));
    };
    for (const leaf of [full, reissued, child]) {
      expect(await revoked(full, owner, leaf)).toEqual(['not_revoked']);
      expect(await revoked(full, owner2, leaf)).toEqual(['not_revoked']);
      expect(await revoked(reissued, owner2, leaf)).toEqual(['not_revoked']);
      expect(await revoked(reissued, stranger, leaf)).toEqual([]);
    }
    const laxer = await changed({ metadata: {} });
    const revocation = await revokeCovenant(laxer, { reason: 'x', signer: owner2, now: NOW });
    const revocations = (id: string) => (id === laxer.id ? [revocation] : []);
    expect((await verify([...documents, laxer], { revocations })).valid).toBe(true);
  });

  it('has an end: more than 512 lookups deny', async () => {
    const root = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: '',
      signer: owner,
      now: NOW,
    });
    const generation = (of: CovenantDocument[]) => Promise.all(of.map((document) => again(document, owner)));
    const first = await generation(Array<CovenantDocument>(256).fill(root));
    const second = await generation(first);
    const revocations = () => [];
    expect(
      (await verify([...first, ...second.slice(0, 255)], { trust: [owner.did], revocations }, root)).valid,
    ).toBe(true);
    const denied = await verify([...first, ...second], { trust: [owner.did], revocations }, root);
    expect(failed(denied)).toEqual(['not_revoked']);
  });

  it('copies multiply nothing: each covenant is followed once', async () => {
    const root = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: '',
      signer: owner,
      now: NOW,
    });
    const line = [root];
    for (let i = 0; i < 8; i++) line.push(await again(line[i] as CovenantDocument, owner));
    let asked = 0;
    const reissues = (id: string) => {
      asked++;
      return line
        .filter((document) => document.reissues === id)
        .flatMap((one) => Array<CovenantDocument>(100).fill(one));
    };
    const options = { trust: [owner.did], reissues, revocations: () => [] };
    expect((await verify(line, options, root)).valid).toBe(true);
    expect(asked).toBe(9);
  });

  it('parents that were reissued with their children, over and over, are looked at once each', async () => {
    // Eight levels, each reissued eight times, each reissue under that of its parent.
    const documents: CovenantDocument[] = [];
    let above: CovenantDocument[] | undefined;
    for (let level = 0; level < 8; level++) {
      const first = await buildCovenant({
        beneficiary: { id: owner.did },
        constraints: '',
        delegation: { maxDepth: 15 - level },
        signer: owner,
        now: NOW,
        ...(above === undefined ? {} : { parent: above[0] as CovenantDocument }),
      });
      const line = [first];
      for (let i = 1; i <= 8; i++) {
        const parent = above?.[i];
        line.push(
          await again(line[i - 1] as CovenantDocument, owner, parent === undefined ? {} : { parent }),
        );
      }
      documents.push(...line);
      above = line;
    }
    const last = documents.at(-1) as CovenantDocument;
    const { covenant } = await verify(documents, { trust: [owner.did] }, last);
    expect(covenant?.chain.map(({ line }) => line)).toEqual(
      Array.from({ length: 8 }, (_, level) => documents[level * 9]?.id),
    );
  });

  it('has 64 reissues at most; beyond, it is denied and not cut short', async () => {
    const root = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: '',
      signer: owner,
      now: NOW,
    });
    const line = [root];
    for (let i = 0; i < 65; i++) line.push(await again(line[i] as CovenantDocument, owner));
    const trust = [owner.did];
    const { covenant } = await verify(line, { trust }, line[64]);
    expect(covenant === undefined ? undefined : lineOf(covenant)).toBe(root.id);
    expect(failed(await verify(line, { trust }, line[65]))).toEqual(['chain']);
    const revocations = () => [];
    expect((await verify(line.slice(0, 65), { trust, revocations }, root)).valid).toBe(true);
    expect(failed(await verify(line, { trust, revocations }, root))).toEqual(['not_revoked']);
  });

  it('a flood of reissues that hides nothing denies', async () => {
    const reissues = () => Array(1025).fill(reissued);
    expect(failed(await verify([top, full], { reissues, revocations: () => [] }))).toEqual(['not_revoked']);
  });
});
