import { generateKeyPair, type KeyPair, toBase58btc, toSigner } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildCovenant,
  CHECK_NAMES,
  type CovenantDocument,
  countersignCovenant,
  covenantId,
  isVerifiedCovenant,
  type Proof,
  revokeCovenant,
  verifyCovenant,
} from '../src/index.js';
import { makeProof } from '../src/lib/proof.js';
import { at, type Family, failed, family, HOUR, NOW } from './support.js';

let f: Family;
let solo: CovenantDocument;
let owner: KeyPair;

beforeAll(async () => {
  f = await family();
  owner = f.owner;
  solo = await buildCovenant({
    beneficiary: { id: f.agent.did, name: 'refund-agent' },
    constraints: "permit payments.refund on '/orders/**'\n",
    expiresAt: at(HOUR),
    metadata: { team: 'payments' },
    signer: owner,
    now: NOW,
  });
});

const verify = (document: unknown, options = {}) => verifyCovenant(document, { now: NOW, ...options });

/** Signs a changed document anew, as an issuer who writes what the builder refuses would. */
async function resigned(changes: Record<string, unknown>, signer = owner, from: CovenantDocument = solo) {
  const { proof: _proof, id: _id, ...content } = { ...from, ...changes } as CovenantDocument;
  const unsigned = { ...content, id: covenantId(content) };
  return { ...unsigned, proof: [await makeProof(unsigned, signer, content.createdAt)] } as CovenantDocument;
}

describe('a covenant that holds', () => {
  it('passes every check, named in the order of the specification', async () => {
    const result = await verify(solo);
    expect(result.valid).toBe(true);
    expect(result.checks.map((check) => check.name)).toEqual([
      'structure',
      'id',
      'issuer_signature',
      'countersignatures',
      'trust',
      'key_status',
      'active',
      'not_revoked',
      'constraints',
      'chain',
      'narrowing',
    ]);
    expect(result.checks.every((check) => check.passed)).toBe(true);
  });

  it('comes back frozen to the bottom, with its rules, and with the document as its JSON form', async () => {
    const { covenant } = await verify(solo);
    expect(
      Object.isFrozen(covenant) && Object.isFrozen(covenant?.metadata) && Object.isFrozen(covenant?.proof),
    ).toBe(true);
    expect(covenant?.policy.statements).toHaveLength(1);
    expect(JSON.parse(JSON.stringify(covenant))).toEqual(JSON.parse(JSON.stringify(solo)));
    expect(isVerifiedCovenant(covenant)).toBe(true);
  });

  it('is known again by identity and by nothing else', async () => {
    const { covenant } = await verify(solo);
    expect((await verify(covenant)).covenant).toBe(covenant);
    expect(isVerifiedCovenant({ ...covenant })).toBe(false);
    expect(isVerifiedCovenant(Object.create(covenant as object))).toBe(false);
    expect(isVerifiedCovenant(structuredClone(solo))).toBe(false);
  });

  it('may carry its only proof as an object', async () => {
    const [proof] = solo.proof as Proof[];
    expect((await verify({ ...solo, proof })).valid).toBe(true);
  });

  it('is a snapshot: what is changed afterwards changes nothing', async () => {
    const mutable = structuredClone(solo);
    const { covenant } = await verify(mutable);
    mutable.constraints = 'permit ** on **';
    expect(covenant?.constraints).toBe(solo.constraints);
  });
});

describe('structure', () => {
  const broken: [string, (d: Record<string, unknown>) => void][] = [
    ['an unknown member', (d) => (d.extra = 1)],
    [
      'a member named __proto__',
      (d) => Object.defineProperty(d, '__proto__', { value: 1, enumerable: true }),
    ],
    ['an unknown member of issuer', (d) => ((d.issuer as Record<string, unknown>).role = 'x')],
    ['an unknown member of beneficiary', (d) => ((d.beneficiary as Record<string, unknown>).role = 'x')],
    ['an unknown member of delegation', (d) => (d.delegation = { maxDepth: 1, x: 1 })],
    [
      'an unknown member of an approver',
      (d) => (d.approvers = { a: { keys: [owner.did], threshold: 1, x: 1 } }),
    ],
    ['another type', (d) => (d.type = 'SteleRevocation')],
    ['a version of the future', (d) => (d.version = '2')],
    ['a version as a number', (d) => (d.version = 1)],
    ['no nonce', (d) => delete d.nonce],
    ['a short nonce', (d) => (d.nonce = 'AAAA')],
    ['a nonce with padding', (d) => (d.nonce = 'AAAAAAAAAAAAAAAAAAAAAA==')],
    ['no proof', (d) => delete d.proof],
    ['an empty proof set', (d) => (d.proof = [])],
    ['seventeen proofs', (d) => (d.proof = Array(17).fill((d.proof as unknown[])[0]))],
    ['a proof with a domain', (d) => ((d.proof as Record<string, unknown>[])[0]!.domain = 'x')],
    ['a proof with @context', (d) => ((d.proof as Record<string, unknown>[])[0]!['@context'] = [])],
    [
      'a proof of another suite',
      (d) => ((d.proof as Record<string, unknown>[])[0]!.cryptosuite = 'eddsa-rdfc-2022'),
    ],
    [
      'a proof for another purpose',
      (d) => ((d.proof as Record<string, unknown>[])[0]!.proofPurpose = 'authentication'),
    ],
    ['a proof without created', (d) => delete (d.proof as Record<string, unknown>[])[0]!.created],
    [
      'a method whose fragment differs',
      (d) => ((d.proof as Record<string, unknown>[])[0]!.verificationMethod += 'x'),
    ],
    ['an issuer that is no did:key', (d) => (d.issuer = { id: 'https://acme.example' })],
    ['a beneficiary that is no URI', (d) => (d.beneficiary = { id: 'refund agent' })],
    ['a time without Z', (d) => (d.createdAt = '2026-11-21T03:00:00+00:00')],
    ['a day that does not exist', (d) => (d.createdAt = '2026-02-30T03:00:00Z')],
    ['an end before the beginning', (d) => (d.expiresAt = '2020-01-01T00:00:00Z')],
    ['a parent that is no id', (d) => (d.parent = 'urn:stele:covenant:x')],
    ['a depth of 0', (d) => (d.delegation = { maxDepth: 0 })],
    ['a depth of 16', (d) => (d.delegation = { maxDepth: 16 })],
    ['a countersigner named twice', (d) => (d.requiredCountersigners = [owner.did, owner.did])],
    ['a threshold above the keys', (d) => (d.approvers = { a: { keys: [owner.did], threshold: 2 } })],
    ['metadata nested 33 deep', (d) => (d.metadata = nest(33))],
    ['metadata that is a list', (d) => (d.metadata = [])],
    ['an undefined member', (d) => (d.parent = undefined)],
    ['a Date for a time', (d) => (d.createdAt = new Date())],
  ];
  it.each(broken)('%s is refused', async (_name, breaking) => {
    const document = structuredClone(solo) as unknown as Record<string, unknown>;
    breaking(document);
    const result = await verify(document);
    expect(result.valid).toBe(false);
    expect(failed(result)).toContain('structure');
    expect(result.covenant).toBeUndefined();
    expect(result.checks).toHaveLength(CHECK_NAMES.length);
  });

  it('takes what stands at its bounds', async () => {
    const wide = {
      metadata: nest(32),
      delegation: { maxDepth: 15 },
      beneficiary: { id: 'spiffe://acme.example/agent' },
    };
    expect((await verify(await resigned(wide))).valid).toBe(true);
  });

  it('refuses a document over 1 MiB and takes one below', async () => {
    const below = await resigned({ metadata: { x: 'x'.repeat(1024 * 1024 - 2000) } });
    expect((await verify(below)).valid).toBe(true);
    const above = await resigned({ metadata: { x: 'x'.repeat(1024 * 1024) } });
    expect(failed(await verify(above))).toContain('structure');
  });

  it.each([
    null,
    undefined,
    0,
    'text',
    [],
    () => 1,
    Symbol('x'),
    1n,
    new Map(),
    new Date(),
    Object.create(null),
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('hostile');
        },
      },
    ),
  ])('hostile input %# gives failed checks, no exception', async (value) => {
    const result = await verify(value);
    expect(result.valid).toBe(false);
    expect(result.checks[0]).toMatchObject({ name: 'structure', passed: false });
  });

  it('reads a getter never, and a cycle is refused', async () => {
    let reads = 0;
    const spying = Object.defineProperty({ ...solo }, 'constraints', {
      enumerable: true,
      get: () => `${reads++}`,
    });
    expect(failed(await verify(spying))).toContain('structure');
    expect(reads).toBe(0);
    const cyclic = structuredClone(solo) as unknown as Record<string, unknown>;
    cyclic.metadata = { self: cyclic };
    expect(failed(await verify(cyclic))).toContain('structure');
  });
});

describe('id and signatures', () => {
  it.each(Object.keys({ constraints: 0, createdAt: 0, nonce: 0, expiresAt: 0, metadata: 0, beneficiary: 0 }))(
    'a change of %s breaks both',
    async (member) => {
      const changed: Record<string, unknown> = {
        constraints: 'permit ** on **',
        createdAt: '2026-11-21T02:59:59Z',
        nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
        expiresAt: '2030-01-01T00:00:00Z',
        metadata: {},
        beneficiary: { id: owner.did },
      };
      const result = await verify({ ...solo, [member]: changed[member] });
      expect(failed(result)).toEqual(['id', 'issuer_signature']);
    },
  );

  it('an id recomputed over changed content does not help', async () => {
    const { proof, id: _id, ...content } = { ...solo, constraints: 'permit ** on **' };
    const forged = { ...content, id: covenantId(content), proof };
    expect(failed(await verify(forged))).toEqual(['issuer_signature']);
  });

  it.each(['created', 'proofValue', 'verificationMethod'] as const)(
    'a change of proof.%s is found',
    async (member) => {
      const other = (
        await buildCovenant({
          beneficiary: f.agent && { id: f.agent.did },
          constraints: '',
          signer: f.agent,
          now: at(1000),
        })
      ).proof as Proof[];
      const [proof] = solo.proof as [Proof];
      const result = await verify({ ...solo, proof: [{ ...proof, [member]: other[0]?.[member] }] });
      expect(failed(result)).toContain('issuer_signature');
    },
  );

  it('the identity point as a key signs for nothing', async () => {
    // y = 1: with it, R = S·B satisfies the equation for every message.
    const identity = new Uint8Array(32);
    identity[0] = 1;
    const signature = new Uint8Array(64);
    signature[0] = 1;
    const did = `did:key:z${toBase58btc(new Uint8Array([0xed, 0x01, ...identity]))}`;
    const { proof: _p, id: _i, ...content } = { ...solo, issuer: { id: did } };
    const unsigned = { ...content, id: covenantId(content) };
    const [made] = solo.proof as [Proof];
    const proof = {
      ...made,
      verificationMethod: `${did}#${did.slice(8)}`,
      proofValue: `z${toBase58btc(signature)}`,
    };
    const result = await verify({ ...unsigned, proof: [proof] });
    expect(result.valid).toBe(false);
    expect(failed(result)).toContain('issuer_signature');
  });

  it('one key does not count twice', async () => {
    const [proof] = solo.proof as [Proof];
    expect(failed(await verify({ ...solo, proof: [proof, proof] }))).toEqual(['countersignatures']);
  });

  it('a proof that expires is enforced, also for a covenant that was verified before', async () => {
    const { proof: _p, ...unsigned } = solo;
    const base = await makeProof(unsigned, owner, solo.createdAt);
    const { proofValue: _v, ...config } = { ...base, expires: '2026-11-21T03:10:00Z' };
    const { signingInput, hashDocument } = await import('../src/lib/proof.js');
    const signature = await toSigner(owner).sign(signingInput(config, hashDocument(unsigned)));
    const document = { ...unsigned, proof: [{ ...config, proofValue: `z${toBase58btc(signature)}` }] };
    const { covenant, valid } = await verify(document);
    expect(valid).toBe(true);
    expect(failed(await verify(document, { now: at(11 * 60_000) }))).toEqual(['issuer_signature']);
    expect(failed(await verify(covenant, { now: at(11 * 60_000) }))).toEqual(['issuer_signature']);
    expect((await verify(covenant, { now: at(10 * 60_000 + 59_000) })).valid).toBe(true);
  });
});

describe('countersignatures', () => {
  it('each of them must verify, and those that are required must be there', async () => {
    const bare = await buildCovenant({
      beneficiary: { id: f.agent.did },
      constraints: '',
      requiredCountersigners: [f.manager.did],
      signer: owner,
      now: NOW,
    });
    expect(failed(await verify(bare))).toEqual(['countersignatures']);
    const signed = await countersignCovenant(bare, f.manager, { now: NOW });
    expect((await verify(signed)).valid).toBe(true);
    const proofs = signed.proof as Proof[];
    const wrong = { ...(proofs[1] as Proof), proofValue: (proofs[0] as Proof).proofValue };
    expect(failed(await verify({ ...signed, proof: [proofs[0], wrong] }))).toEqual(['countersignatures']);
  });

  it('a verifier may demand more of them', async () => {
    expect(failed(await verify(solo, { countersigners: [f.manager.did] }))).toEqual(['countersignatures']);
    const { covenant } = await verify(solo);
    expect(failed(await verify(covenant, { countersigners: [f.manager.did] }))).toEqual([
      'countersignatures',
    ]);
    const signed = await countersignCovenant(solo, f.manager, { now: NOW });
    expect((await verify(signed, { countersigners: [f.manager.did] })).valid).toBe(true);
  });
});

describe('trust', () => {
  it('accepts the issuer or the root of the chain, nobody else', async () => {
    expect((await verify(solo, { trust: [owner.did] })).valid).toBe(true);
    expect(failed(await verify(solo, { trust: [f.manager.did] }))).toEqual(['trust']);
    const resolve = () => f.root;
    expect((await verify(f.child, { resolve, trust: [owner.did] })).valid).toBe(true);
    expect((await verify(f.child, { resolve, trust: [f.manager.did] })).valid).toBe(true);
    expect(failed(await verify(f.child, { resolve, trust: [f.agent.did] }))).toEqual(['trust']);
  });

  it('an empty list trusts nobody', async () => {
    expect(failed(await verify(solo, { trust: [] }))).toEqual(['trust']);
  });

  it('without anchors a chain that was fetched is not accepted, unless the host verified its root', async () => {
    expect(failed(await verify(f.child, { resolve: () => f.root }))).toEqual(['trust']);
    const { covenant: root } = await verify(f.root);
    expect((await verify(f.child, { resolve: () => root })).valid).toBe(true);
  });

  it('a look-alike of a verified root does not count as one', async () => {
    const { covenant: root } = await verify(f.root);
    const lookalike = { ...root } as CovenantDocument;
    expect(failed(await verify(f.child, { resolve: () => lookalike }))).toEqual(['trust']);
  });

  it('anchors are asked again for a covenant that was verified before', async () => {
    const { covenant } = await verify(solo);
    expect(failed(await verify(covenant, { trust: [f.agent.did] }))).toEqual(['trust']);
  });
});

describe('key status', () => {
  it.each(['active', 'retiring', undefined] as const)('%s passes', async (status) => {
    expect((await verify(solo, { keyStatus: () => status })).valid).toBe(true);
  });

  it.each(['compromised', 'retired', 'revoked', 'nonsense', null, true])('%s fails', async (status) => {
    expect(failed(await verify(solo, { keyStatus: () => status }))).toEqual(['key_status']);
  });

  it('asks for the keys of ancestors and countersigners, too', async () => {
    const asked: string[] = [];
    const keyStatus = (key: string) => void asked.push(key);
    const child = await countersignCovenant(f.child, f.agent, { now: NOW });
    await verify(child, { keyStatus, resolve: () => f.root, trust: [owner.did] });
    expect(asked.sort()).toEqual([owner, f.manager, f.agent].map((k) => k.publicKeyHex).sort());
  });

  it('a lookup that fails, fails the check', async () => {
    const keyStatus = () => Promise.reject(new Error('unreachable'));
    expect(failed(await verify(solo, { keyStatus }))).toEqual(['key_status']);
  });
});

describe('active', () => {
  it('holds from the beginning less the skew to the end plus the skew, the end excluded', async () => {
    const document = await buildCovenant({
      beneficiary: { id: f.agent.did },
      constraints: '',
      activatesAt: at(HOUR),
      expiresAt: at(2 * HOUR),
      signer: owner,
      now: NOW,
    });
    const moments: [number, boolean][] = [
      [HOUR - 60_001, false],
      [HOUR - 60_000, true],
      [2 * HOUR + 59_999, true],
      [2 * HOUR + 60_000, false],
    ];
    for (const [moment, valid] of moments) {
      const result = await verify(document, { now: at(moment) });
      expect([moment, result.valid]).toEqual([moment, valid]);
      if (!valid) expect(failed(result)).toEqual(['active']);
    }
    expect(failed(await verify(document, { now: at(HOUR - 1), clockSkewMs: 0 }))).toEqual(['active']);
    expect((await verify(document, { now: at(HOUR), clockSkewMs: 0 })).valid).toBe(true);
  });

  it('a covenant from the future is refused although it claims to have begun', async () => {
    const document = await resigned({
      createdAt: '2026-11-21T03:05:00Z',
      activatesAt: '2026-11-21T02:00:00Z',
    });
    expect(failed(await verify(document))).toEqual(['active']);
  });

  it('time is looked at again for a covenant that was verified before', async () => {
    const { covenant } = await verify(solo);
    const later = await verify(covenant, { now: at(2 * HOUR) });
    expect(failed(later)).toEqual(['active']);
    expect(later.covenant).toBeUndefined();
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])(
    'a skew of %s is the caller’s mistake',
    async (clockSkewMs) => {
      await expect(verify(solo, { clockSkewMs })).rejects.toThrow(RangeError);
    },
  );

  it('so is a time that is none', async () => {
    await expect(verify(solo, { now: new Date(Number.NaN) })).rejects.toThrow(TypeError);
  });
});

describe('revocation', () => {
  const revocations = (list: unknown) => ({ revocations: () => list as unknown[] });

  it('by the issuer counts', async () => {
    const revocation = await revokeCovenant(solo, { reason: 'lost trust', signer: owner, now: NOW });
    expect(failed(await verify(solo, revocations([revocation])))).toEqual(['not_revoked']);
    const { covenant } = await verify(solo);
    expect(failed(await verify(covenant, revocations([revocation])))).toEqual(['not_revoked']);
  });

  it('by an ancestor’s issuer or a trust anchor counts, by a stranger it is ignored and reported', async () => {
    const [anchor, stranger] = [await generateKeyPair(), await generateKeyPair()];
    const by = async (signer: KeyPair, id = f.child.id) =>
      revokeCovenant({ id }, { reason: 'x', signer, now: NOW });
    const withFound = (list: unknown[]) => ({
      resolve: () => f.root,
      trust: [owner.did, anchor.did],
      revocations: (id: string) => (id === f.child.id ? list : []),
    });
    expect(failed(await verify(f.child, withFound([await by(owner)])))).toEqual(['not_revoked']);
    expect(failed(await verify(f.child, withFound([await by(anchor)])))).toEqual(['not_revoked']);
    expect(failed(await verify(f.child, withFound([await by(f.manager)])))).toEqual(['not_revoked']);
    const ignored = await verify(f.child, withFound([await by(stranger)]));
    expect(ignored.valid).toBe(true);
    expect(ignored.checks.find((c) => c.name === 'not_revoked')?.message).toContain('ignored');
    expect(failed(await verify(f.child, withFound([await by(stranger), await by(owner)])))).toEqual([
      'not_revoked',
    ]);
  });

  it('a child’s issuer may not revoke the parent', async () => {
    const revocation = await revokeCovenant(f.root, { reason: 'x', signer: f.manager, now: NOW });
    const found = {
      resolve: () => f.root,
      trust: [owner.did],
      revocations: (id: string) => (id === f.root.id ? [revocation] : []),
    };
    expect((await verify(f.child, found)).valid).toBe(true);
  });

  it('of an ancestor counts for the child', async () => {
    const revocation = await revokeCovenant(f.root, { reason: 'x', signer: owner, now: NOW });
    const found = {
      resolve: () => f.root,
      trust: [owner.did],
      revocations: (id: string) => (id === f.root.id ? [revocation] : []),
    };
    expect(failed(await verify(f.child, found))).toEqual(['not_revoked']);
  });

  it.each([
    ['no list', () => 'revoked'],
    ['nothing', () => undefined],
    ['a document of another kind', () => [{ type: 'x' }]],
    ['null', () => [null]],
    [
      'a lookup that throws',
      () => {
        throw new Error('unreachable');
      },
    ],
  ])('%s is not readable, and denies', async (_name, lookup) => {
    const result = await verify(solo, { revocations: lookup });
    expect(failed(result)).toEqual(['not_revoked']);
    expect(result.checks.find((c) => c.name === 'not_revoked')?.code).toBe('revocation_unknown');
  });

  it('one that claims a party with the right and does not verify is not readable', async () => {
    const revocation = await revokeCovenant(solo, { reason: 'x', signer: owner, now: NOW });
    const damaged = { ...revocation, reason: 'y' };
    const result = await verify(solo, revocations([damaged]));
    expect(result.checks.find((c) => c.name === 'not_revoked')?.code).toBe('revocation_unknown');
    const ofAnother = await revokeCovenant(f.root, { reason: 'x', signer: owner, now: NOW });
    expect(failed(await verify(solo, revocations([ofAnother])))).toEqual(['not_revoked']);
  });
});

describe('constraints', () => {
  it('that do not parse fail, with the place in the message', async () => {
    const result = await verify(await resigned({ constraints: 'permitt x on /' }));
    expect(failed(result)).toEqual(['constraints']);
  });
});

describe('chain', () => {
  const under = (options = {}) => ({
    resolve: (id: string) => (id === f.root.id ? f.root : undefined),
    trust: [owner.did, f.manager.did],
    ...options,
  });
  const child = (changes: Record<string, unknown>, signer = f.manager) => resigned(changes, signer, f.child);

  it('holds, root first', async () => {
    const { covenant } = await verify(f.child, under());
    expect(covenant?.chain.map((link) => link.document.id)).toEqual([f.root.id, f.child.id]);
  });

  it('a parent that cannot be found is never taken for a root', async () => {
    const trust = [owner.did, f.manager.did];
    expect(failed(await verify(f.child, { trust }))).toEqual(['chain']);
    expect(failed(await verify(f.child, { trust, resolve: () => undefined }))).toEqual(['chain']);
    expect(
      failed(
        await verify(f.child, {
          trust,
          resolve: () => {
            throw new Error('down');
          },
        }),
      ),
    ).toEqual(['chain']);
    expect(failed(await verify(f.child, { trust, resolve: () => solo }))).toEqual(['chain']);
  });

  it('an ancestor that was changed or is unsigned fails', async () => {
    const changed = { ...f.root, constraints: 'permit ** on **' };
    expect(failed(await verify(f.child, under({ resolve: () => changed })))).toEqual(['chain']);
    const { proof: _, ...unsigned } = f.root;
    expect(failed(await verify(f.child, under({ resolve: () => unsigned })))).toEqual(['chain']);
  });

  it.each([
    ['an issuer who is not the beneficiary', () => child({ issuer: { id: owner.did } }, owner)],
    ['a depth as large as the parent’s', () => child({ delegation: { maxDepth: 1 } })],
    ['a beginning before the parent’s', () => child({ activatesAt: '2026-11-21T02:59:59Z' })],
    ['an end after the parent’s', () => child({ expiresAt: '2027-11-21T03:00:00Z' })],
  ])('%s fails', async (_name, make) => {
    expect(failed(await verify(await make(), under()))).toEqual(['chain']);
  });

  it('no end under a parent that has one fails', async () => {
    const { expiresAt: _, ...endless } = f.child;
    const document = await resigned({}, f.manager, endless as CovenantDocument);
    expect(failed(await verify(document, under()))).toEqual(['chain']);
  });

  it('a parent that allows no delegation fails', async () => {
    const { delegation: _, ...closed } = f.root;
    const root = await resigned({}, owner, closed as CovenantDocument);
    const document = await child({ parent: root.id });
    expect(failed(await verify(document, under({ resolve: () => root })))).toEqual(['chain']);
  });

  it('sixteen covenants are a chain, a seventeenth is too many', async () => {
    const all = new Map<string, CovenantDocument>();
    const verdicts: boolean[] = [];
    let parent: CovenantDocument | undefined;
    for (let depth = 15; depth >= -1; depth--) {
      const next: CovenantDocument = await resigned({
        beneficiary: { id: owner.did },
        ...(parent === undefined ? {} : { parent: parent.id }),
        ...(depth > 0 ? { delegation: { maxDepth: depth } } : {}),
      });
      all.set(next.id, next);
      parent = next;
      const { valid } = await verify(next, { resolve: (id: string) => all.get(id), trust: [owner.did] });
      verdicts.push(valid);
    }
    expect(verdicts).toEqual([...Array(16).fill(true), false]);
  });
});

describe('narrowing', () => {
  it('is a warning: a child that is too wide is valid, and says so', async () => {
    const wide = await resigned({ constraints: 'permit ** on **' }, f.manager, f.child);
    const result = await verify(wide, { resolve: () => f.root, trust: [owner.did] });
    expect(result.valid).toBe(true);
    expect(result.checks.at(-1)).toMatchObject({ name: 'narrowing', passed: false, warning: true });
  });
});

function nest(depth: number): object {
  let value: Record<string, unknown> = {};
  for (let i = 1; i < depth; i++) value = { x: value };
  return value;
}

describe('narrowing of what does not hold', () => {
  it('is not looked at: it could cost a verifier much, and decides nothing', async () => {
    const { owner: ancestor } = f;
    const terms = Array.from({ length: 2_000 }, (_, i) => `args.a${i} = ${i}`).join(' or ');
    const costly = await resigned({ constraints: `permit ** on ** when ${terms}` }, f.manager, f.child);
    const result = await verify(costly, { resolve: () => f.root, trust: [f.agent.did] });
    expect(failed(result)).toEqual(['trust']);
    expect(result.checks.at(-1)).toMatchObject({
      name: 'narrowing',
      warning: true,
      message: expect.stringContaining('not looked at'),
    });
    expect((await verify(costly, { resolve: () => f.root, trust: [ancestor.did] })).valid).toBe(true);
  });

  it('an expired countersignature is blamed on its maker, not on the issuer', async () => {
    const { proof, ...unsigned } = solo;
    const base = await makeProof(unsigned, f.manager, solo.createdAt);
    const { proofValue: _v, ...config } = { ...base, expires: '2026-11-21T03:10:00Z' };
    const { signingInput, hashDocument } = await import('../src/lib/proof.js');
    const signature = await toSigner(f.manager).sign(signingInput(config, hashDocument(unsigned)));
    const second = { ...config, proofValue: `z${toBase58btc(signature)}` } as Proof;
    const document = { ...unsigned, proof: [...(proof as Proof[]), second] };
    expect((await verify(document)).valid).toBe(true);
    expect(failed(await verify(document, { now: at(11 * 60_000) }))).toEqual(['countersignatures']);
  });
});
