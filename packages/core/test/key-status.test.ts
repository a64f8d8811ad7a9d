import type { KeyPair } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildCovenant,
  buildKeyContinuity,
  buildRevocationList,
  type CovenantDocument,
  countersignCovenant,
  documentDigest,
  type KeyContinuityDocument,
  type KeyLookup,
  type Proof,
  revokeCovenant,
  type SignatureEvidence,
  type VerifyOptions,
  verifyCovenant,
} from '../src/index.js';
import { at, type Family, failed, family, HOUR, keys, NOW } from './support.js';

let f: Family;
let next: KeyPair, anchor: KeyPair, stranger: KeyPair;
let ownerToNext: KeyContinuityDocument, managerToNext: KeyContinuityDocument;

beforeAll(async () => {
  f = await family();
  [next, anchor, stranger] = (await keys(3)) as [KeyPair, KeyPair, KeyPair];
  ownerToNext = await joined(f.owner, next);
  managerToNext = await joined(f.manager, next);
});

const joined = (oldKey: KeyPair, newKey: KeyPair) => buildKeyContinuity({ oldKey, newKey, now: NOW });
const verify = (document: unknown, options: VerifyOptions = {}) =>
  verifyCovenant(document, { now: NOW, ...options });
const statusOf =
  (key: KeyPair, status: Awaited<ReturnType<KeyLookup>>): KeyLookup =>
  (hex) =>
    hex === key.publicKeyHex ? status : undefined;

describe('a retired key', () => {
  const retired = (since?: Date) =>
    statusOf(f.owner, since === undefined ? 'retired' : { status: 'retired', since });
  const record = (ms: number) => (): SignatureEvidence => ({ kind: 'record', at: at(ms) });

  it('signs for nothing without evidence', async () => {
    expect(failed(await verify(f.root, { keyStatus: retired(NOW) }))).toEqual(['key_status']);
    expect(failed(await verify(f.root, { keyStatus: retired(NOW), evidence: () => undefined }))).toEqual([
      'key_status',
    ]);
  });

  it('has signed what was recorded before it retired', async () => {
    const options = { keyStatus: retired(NOW), evidence: record(-1) };
    const { covenant, valid } = await verify(f.root, options);
    expect(valid).toBe(true);
    expect((await verify(covenant, options)).valid).toBe(true);
    expect(failed(await verify(covenant, { keyStatus: retired(NOW) }))).toEqual(['key_status']);
  });

  it('has signed what a log held before it retired', async () => {
    const included = (ms: number) => (): SignatureEvidence => ({ kind: 'witnessed', at: at(ms) });
    expect((await verify(f.root, { keyStatus: retired(NOW), evidence: included(-1) })).valid).toBe(true);
    for (const ms of [0, 1]) {
      const verified = await verify(f.root, { keyStatus: retired(NOW), evidence: included(ms) });
      expect(failed(verified)).toEqual(['key_status']);
    }
  });

  it.each<[string, () => unknown]>([
    ['of the moment when it retired', record(0)],
    ['of a later one', record(1)],
    ['of another kind', () => ({ kind: 'log', at: at(-1) })],
    ['without a kind', () => ({ at: at(-1) })],
    ['with a time as text', () => ({ kind: 'record', at: at(-1).toISOString() })],
    ['with a time that is none', () => ({ kind: 'record', at: new Date(Number.NaN) })],
    ['that is only true', () => true],
    ['that is null', () => null],
    [
      'that cannot be looked up',
      () => {
        throw new Error('down');
      },
    ],
  ])('does not profit from evidence %s', async (_name, evidence) => {
    const options = { keyStatus: retired(NOW), evidence } as VerifyOptions;
    expect(failed(await verify(f.root, options))).toEqual(['key_status']);
  });

  it('does not profit from evidence where nobody knows when it retired', async () => {
    for (const keyStatus of [retired(), retired(new Date(Number.NaN)), retired('2027' as unknown as Date)])
      expect(failed(await verify(f.root, { keyStatus, evidence: record(-HOUR) }))).toEqual(['key_status']);
  });

  it('does not profit from a record of the future', async () => {
    const options = { keyStatus: retired(at(2 * HOUR)), evidence: record(HOUR) };
    expect(failed(await verify(f.root, options))).toEqual(['key_status']);
    expect(failed(await verify(f.root, { ...options, evidence: record(1) }))).toEqual(['key_status']);
    expect((await verify(f.root, { ...options, evidence: record(0) })).valid).toBe(true);
  });

  it('is asked for by the exact bytes, proofs included, and for each key', async () => {
    const both = await countersignCovenant(f.root, anchor, { now: NOW });
    const asked: unknown[] = [];
    const evidence: VerifyOptions['evidence'] = (query) => {
      asked.push(query);
      return query.digest === documentDigest(both) ? record(-1)() : undefined;
    };
    const keyStatus: KeyLookup = () => ({ status: 'retired', since: NOW });
    expect((await verify(both, { keyStatus, evidence })).valid).toBe(true);
    expect(asked).toEqual(
      [f.owner, anchor].map(({ publicKeyHex }) => ({
        digest: documentDigest(both),
        publicKeyHex,
        retiredAt: NOW,
      })),
    );
    const [first] = both.proof as Proof[];
    for (const changed of [
      f.root,
      { ...both, proof: [...(both.proof as Proof[])].reverse() },
      { ...f.root, proof: first },
    ])
      expect(failed(await verify(changed, { keyStatus, evidence }))).toEqual(['key_status']);
  });

  it('has retired at the first of several times', async () => {
    const entry = {
      key: f.owner.did,
      status: 'retired' as const,
      reason: 'x',
      revokedAt: '2026-11-21T02:00:00Z',
    };
    const list = await buildRevocationList({
      number: 1,
      nextUpdate: at(HOUR),
      keys: [entry],
      signer: f.owner,
      now: NOW,
    });
    const revocationLists = { issuers: [], lists: [list] };
    const verdict = async (ms: number, since: number) =>
      failed(await verify(f.root, { revocationLists, keyStatus: retired(at(since)), evidence: record(ms) }));
    expect(await verdict(-HOUR - 1, 0)).toEqual([]);
    expect(await verdict(-HOUR, 0)).toEqual(['key_status']);
    expect(await verdict(-2 * HOUR, -2 * HOUR)).toEqual(['key_status']);
    // The key's own list must not lend the time that the host lacks: what did not count without a list does not with one.
    expect(
      failed(await verify(f.root, { revocationLists, keyStatus: retired(), evidence: record(-HOUR - 1) })),
    ).toEqual(['key_status']);
  });

  it('is asked about in ancestors, too', async () => {
    const options = { keyStatus: retired(NOW), resolve: () => f.root, trust: [f.owner.did] };
    expect(failed(await verify(f.child, options))).toEqual(['key_status']);
    expect((await verify(f.child, { ...options, evidence: record(-1) })).valid).toBe(true);
  });
});

describe('a compromised key', () => {
  it('never verifies anything again, whatever the evidence', async () => {
    for (const status of ['compromised', { status: 'compromised', since: at(HOUR) }] as const) {
      const evidence = (): SignatureEvidence => ({ kind: 'record', at: at(-1e9) });
      expect(failed(await verify(f.root, { keyStatus: statusOf(f.owner, status), evidence }))).toEqual([
        'key_status',
      ]);
    }
  });

  it('outweighs every better word', async () => {
    const entry = {
      key: f.owner.did,
      status: 'compromised' as const,
      reason: 'x',
      revokedAt: '2026-11-21T02:00:00Z',
    };
    const list = await buildRevocationList({
      number: 1,
      nextUpdate: at(HOUR),
      keys: [entry],
      signer: f.owner,
      now: NOW,
    });
    for (const status of ['active', 'retired', undefined] as const) {
      const options = {
        revocationLists: { issuers: [], lists: [list] },
        keyStatus: statusOf(f.owner, status),
      };
      expect(failed(await verify(f.root, options))).toEqual(['key_status']);
    }
  });

  it.each(['revoked', 'Active', '', 0, {}, [], { status: 'fine' }])(
    'is what %j is taken for',
    async (status) => {
      const keyStatus = statusOf(f.owner, status as 'active');
      expect(failed(await verify(f.root, { keyStatus }))).toEqual(['key_status']);
    },
  );
});

describe('trust anchors', () => {
  let rootByNext: CovenantDocument;
  beforeAll(async () => {
    rootByNext = await buildCovenant({
      beneficiary: { id: f.agent.did },
      constraints: '',
      signer: next,
      now: NOW,
    });
  });
  const trust = () => [f.owner.did];
  const follow = (continuity: unknown[], more: VerifyOptions = {}) =>
    verify(rootByNext, { trust: trust(), continuity, followContinuity: true, ...more });

  it('are followed only if told', async () => {
    expect((await follow([ownerToNext])).valid).toBe(true);
    expect(failed(await verify(rootByNext, { trust: trust(), continuity: [ownerToNext] }))).toEqual([
      'trust',
    ]);
    expect(failed(await follow([ownerToNext], { followContinuity: false }))).toEqual(['trust']);
    expect(failed(await follow([]))).toEqual(['trust']);
  });

  it('are followed to no fork, not backward, and not from or to a compromised key', async () => {
    const forked = await follow([ownerToNext, await joined(f.owner, stranger)]);
    expect(failed(forked)).toEqual(['trust']);
    expect(forked.checks.find(({ name }) => name === 'trust')?.message).toContain('2 successors');
    expect(failed(await follow([await joined(next, f.owner)]))).toEqual(['trust']);
    const keyStatus = statusOf(f.owner, 'compromised');
    expect(failed(await follow([ownerToNext], { keyStatus }))).toEqual(['trust']);
    expect(failed(await follow([ownerToNext], { keyStatus: statusOf(next, 'compromised') }))).toEqual([
      'trust',
      'key_status',
    ]);
    expect((await follow([ownerToNext], { keyStatus: statusOf(f.owner, 'retired') })).valid).toBe(true);
  });

  it('stay anchors when they are followed', async () => {
    expect(
      (await verify(f.root, { trust: trust(), continuity: [ownerToNext], followContinuity: true })).valid,
    ).toBe(true);
  });

  it('followed, may revoke', async () => {
    const revocation = await revokeCovenant(f.root, { reason: 'x', signer: next, now: NOW });
    const options = { trust: [f.owner.did, anchor.did], revocations: () => [revocation] };
    const continuity = [await joined(anchor, next)];
    expect(failed(await verify(f.root, { ...options, continuity, followContinuity: true }))).toEqual([
      'not_revoked',
    ]);
    expect((await verify(f.root, { ...options, continuity })).valid).toBe(true);
    expect(failed(await verify(f.root, { ...options, continuity: [ownerToNext] }))).toEqual(['not_revoked']);
    expect((await verify(f.root, options)).valid).toBe(true);
  });
});

describe('a beneficiary whose key was followed by another', () => {
  let child: CovenantDocument;
  const build = (continuity?: unknown[]) =>
    buildCovenant({
      beneficiary: { id: f.agent.did },
      constraints: "permit orders.read on '/orders/**'\n",
      parent: f.root,
      expiresAt: at(HOUR),
      signer: next,
      now: NOW,
      ...(continuity === undefined ? {} : { continuity }),
    });
  beforeAll(async () => {
    child = await build([managerToNext]);
  });
  const under = (more: VerifyOptions = {}) =>
    verify(child, { resolve: () => f.root, trust: [f.owner.did], continuity: [managerToNext], ...more });

  it('may delegate', async () => {
    expect((await under()).valid).toBe(true);
    const forked = await under({ continuity: [managerToNext, await joined(f.manager, stranger)] });
    expect(forked.checks.find(({ name }) => name === 'chain')?.message).toContain('2 successors');
  });

  it('may not without continuity, with a fork, backward, or when the old key is compromised', async () => {
    for (const continuity of [
      [],
      [managerToNext, await joined(f.manager, stranger)],
      [await joined(next, f.manager)],
    ]) {
      expect(failed(await under({ continuity }))).toEqual(['chain']);
      await expect(build(continuity)).rejects.toMatchObject({ code: 'not_delegable' });
    }
    await expect(build()).rejects.toMatchObject({ code: 'not_delegable' });
    expect(failed(await under({ keyStatus: statusOf(f.manager, 'compromised') }))).toEqual(['chain']);
    expect((await under({ keyStatus: statusOf(f.manager, 'retired') })).valid).toBe(true);
  });

  it('is looked at again for a covenant that was verified before', async () => {
    const { covenant } = await under();
    const again = { trust: [f.owner.did], continuity: [managerToNext] };
    expect((await verify(covenant, again)).valid).toBe(true);
    expect(
      failed(await verify(covenant, { ...again, keyStatus: statusOf(f.manager, 'compromised') })),
    ).toEqual(['chain']);
    expect(failed(await verify(covenant, { trust: [f.owner.did] }))).toEqual(['chain']);
  });
});
