import { generateKeyPair, type KeyPair, type Signer, toSigner } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type BuildOptions,
  buildCovenant,
  CovenantError,
  countersignCovenant,
  covenantId,
  type Proof,
  parseCovenant,
  revokeCovenant,
  verifyCovenant,
} from '../src/index.js';
import { at, type Family, failed, family, HOUR, NOW } from './support.js';

let f: Family;
let options: BuildOptions;

beforeAll(async () => {
  f = await family();
  options = { beneficiary: { id: f.agent.did }, constraints: 'permit a on /x', signer: f.owner, now: NOW };
});

const refused = async (changes: Partial<BuildOptions>, code: string) => {
  const error = await buildCovenant({ ...options, ...changes }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CovenantError);
  expect((error as CovenantError).code).toBe(code);
};

describe('buildCovenant', () => {
  it('writes what was asked for, and it verifies', async () => {
    const document = await buildCovenant({
      ...options,
      issuer: { name: 'Acme' },
      beneficiary: { id: 'spiffe://acme.example/agent', name: 'agent' },
      activatesAt: at(0),
      expiresAt: '2026-11-22T03:00:00.5Z',
      delegation: { maxDepth: 2 },
      requiredCountersigners: [f.manager.did],
      approvers: { 'human.approval': { keys: [f.manager.did], threshold: 1 } },
      metadata: { a: [1, { b: null }] },
    });
    expect(document).toMatchObject({
      type: 'SteleCovenant',
      version: '1',
      issuer: { id: f.owner.did, name: 'Acme' },
      createdAt: '2026-11-21T03:00:00Z',
      metadata: { a: [1, { b: null }] },
    });
    expect(document.id).toBe(covenantId(document));
    expect(failed(await verifyCovenant(document, { now: NOW }))).toEqual(['countersignatures']);
  });

  it('leaves out what was not given', async () => {
    const document = await buildCovenant(options);
    expect(Object.keys(document).sort()).toEqual([
      'beneficiary',
      'constraints',
      'createdAt',
      'id',
      'issuer',
      'nonce',
      'proof',
      'type',
      'version',
    ]);
  });

  it('never gives two documents one nonce', async () => {
    const [a, b] = [await buildCovenant(options), await buildCovenant(options)];
    expect(a.nonce).not.toBe(b.nonce);
    expect(a.id).not.toBe(b.id);
  });

  it.each<[string, Partial<BuildOptions>, string]>([
    ['rules that do not parse', { constraints: 'permitt a on /x' }, 'constraints_invalid'],
    ['an end before the beginning', { activatesAt: at(HOUR), expiresAt: at(0) }, 'span_invalid'],
    ['an end at the beginning', { activatesAt: at(HOUR), expiresAt: at(HOUR) }, 'span_invalid'],
    ['an end before the creation', { expiresAt: at(-1000) }, 'span_invalid'],
    ['a date that is none', { expiresAt: new Date(Number.NaN) }, 'span_invalid'],
    ['a time in words', { expiresAt: 'tomorrow' }, 'covenant_malformed'],
    ['a beneficiary that is no URI', { beneficiary: { id: 'agent' } }, 'covenant_malformed'],
    ['metadata that is no JSON', { metadata: { when: new Date() } }, 'covenant_malformed'],
    ['metadata with NaN', { metadata: { n: Number.NaN } }, 'covenant_malformed'],
    ['a depth of 16', { delegation: { maxDepth: 16 } }, 'covenant_malformed'],
    ['more than 1 MiB', { metadata: { x: 'x'.repeat(1024 * 1024) } }, 'covenant_malformed'],
  ])('refuses %s, and signs nothing', async (_name, changes, code) => {
    let signed = 0;
    const inner = toSigner(f.owner);
    const signer: Signer = {
      ...inner,
      publicKey: inner.publicKey,
      keyId: inner.keyId,
      sign: (b) => {
        signed++;
        return inner.sign(b);
      },
    };
    await refused({ ...changes, signer }, code);
    expect(signed).toBe(0);
  });

  it('a document that fits until it is signed is refused, too', async () => {
    const room =
      1024 * 1024 - JSON.stringify(await buildCovenant({ ...options, metadata: { x: '' } })).length;
    await expect(buildCovenant({ ...options, metadata: { x: 'x'.repeat(room - 4) } })).resolves.toBeDefined();
    await refused({ metadata: { x: 'x'.repeat(room + 4) } }, 'covenant_malformed');
  });
});

describe('delegation', () => {
  const child = (changes: Partial<BuildOptions> = {}): Partial<BuildOptions> => ({
    parent: f.root,
    signer: f.manager,
    constraints: "permit orders.read on '/orders/**'",
    expiresAt: at(HOUR),
    ...changes,
  });

  it('is refused to anyone but the parent’s beneficiary', async () =>
    refused(child({ signer: f.owner }), 'not_delegable'));
  it('is refused under a parent without delegation', async () =>
    refused(child({ parent: f.child, signer: f.agent, expiresAt: at(HOUR / 2) }), 'not_delegable'));
  it('is refused a depth that is not smaller', async () =>
    refused(child({ delegation: { maxDepth: 1 } }), 'not_delegable'));
  it('is refused an end after the parent’s', async () =>
    refused(child({ expiresAt: at(25 * HOUR) }), 'not_delegable'));
  it('is refused no end', async () => {
    const { expiresAt: _, ...endless } = child();
    await refused(endless, 'not_delegable');
  });
  it('is refused a beginning before the parent’s', async () =>
    refused(child({ activatesAt: at(-1000) }), 'not_delegable'));
  it('is refused under a parent that was changed', async () =>
    refused(child({ parent: { ...f.root, constraints: 'permit ** on **' } }), 'not_delegable'));
  it('is refused to a child that is wider, unless it is told that it may be', async () => {
    await refused(child({ constraints: 'permit ** on **' }), 'wider_than_parent');
    const wide = await buildCovenant({
      ...options,
      ...child({ constraints: 'permit ** on **' }),
      allowWider: true,
    });
    expect(
      (await verifyCovenant(wide, { now: NOW, resolve: () => f.root, trust: [f.owner.did] })).valid,
    ).toBe(true);
  });
});

describe('signers', () => {
  const signerLike = (keys: KeyPair, changes: Partial<Signer>): Signer => {
    const { publicKey, keyId, sign } = toSigner(keys);
    return { publicKey, keyId, sign, ...changes };
  };

  it('any signer will do', async () => {
    const document = await buildCovenant({ ...options, signer: signerLike(f.owner, {}) });
    expect((await verifyCovenant(document, { now: NOW })).valid).toBe(true);
  });

  it.each<[string, Partial<Signer>]>([
    ['a signer that fails', { sign: () => Promise.reject(new Error('throttled')) }],
    [
      'a signer that throws',
      {
        sign: () => {
          throw new Error('gone');
        },
      },
    ],
    ['a signer that signs something else', { sign: async () => new Uint8Array(64) }],
    ['a signer that returns too little', { sign: async () => new Uint8Array(63) }],
    ['a signer that takes too few bytes', { maxBytes: 63 }],
  ])('%s gives signing_failed', async (_name, changes) =>
    refused({ signer: signerLike(f.owner, changes) }, 'signing_failed'),
  );

  it('a signer that is none is the caller’s mistake', async () => {
    await expect(buildCovenant({ ...options, signer: {} as never })).rejects.toThrow(TypeError);
  });
});

describe('countersignCovenant', () => {
  it('adds a proof to a new document', async () => {
    const document = await buildCovenant(options);
    const signed = await countersignCovenant(document, f.manager, { now: NOW });
    expect((document.proof as Proof[]).length).toBe(1);
    expect((signed.proof as Proof[]).length).toBe(2);
    expect((await verifyCovenant(signed, { now: NOW, countersigners: [f.manager.did] })).valid).toBe(true);
  });

  it('is refused to one who has signed, to a changed document and to a seventeenth', async () => {
    const document = await buildCovenant(options);
    await expect(countersignCovenant(document, f.owner)).rejects.toMatchObject({ code: 'already_signed' });
    const changed = { ...document, constraints: '' };
    await expect(countersignCovenant(changed, f.manager)).rejects.toMatchObject({
      code: 'covenant_malformed',
    });
    let full = document;
    for (let i = 0; i < 15; i++)
      full = await countersignCovenant(full, await generateKeyPair(), { now: NOW });
    await expect(countersignCovenant(full, f.manager)).rejects.toMatchObject({ code: 'covenant_malformed' });
    expect((await verifyCovenant(full, { now: NOW })).valid).toBe(true);
  });
});

describe('revokeCovenant', () => {
  it.each([
    ['no id', { id: 'x' }, 'why'],
    ['no reason', undefined, ''],
    ['a reason that is too long', undefined, 'x'.repeat(1025)],
  ])('refuses %s', async (_name, document, reason) => {
    const revoking = revokeCovenant(document ?? f.root, { reason, signer: f.owner });
    await expect(revoking).rejects.toMatchObject({ code: 'covenant_malformed' });
  });
});

describe('parseCovenant', () => {
  it('reads what was written, as text and as bytes', async () => {
    const document = await buildCovenant(options);
    const text = JSON.stringify(document);
    expect(parseCovenant(text)).toEqual(document);
    expect((await verifyCovenant(parseCovenant(new TextEncoder().encode(text)), { now: NOW })).valid).toBe(
      true,
    );
  });

  it.each([
    ['a duplicate name', '{"type":"a","type":"b"}'],
    ['a duplicate name, spelled differently', '{"type":"a","\\u0074ype":"b"}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['an integer that a double cannot hold', '{"a":9007199254740993}'],
    ['a number that overflows', '{"a":1e400}'],
    ['a byte-order mark', '\ufeff{}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['nothing', ''],
    ['a trailing comma', '{"a":1,}'],
    ['100,000 open brackets', '['.repeat(100_000)],
    ['more than 1 MiB', `{"a":"${'x'.repeat(1024 * 1024)}"}`],
  ])('refuses %s', (_name, text) => {
    expect(() => parseCovenant(text)).toThrow(expect.objectContaining({ code: 'covenant_malformed' }));
  });

  it('refuses bytes that are no UTF-8', () => {
    expect(() => parseCovenant(new Uint8Array([0x7b, 0xff, 0x7d]))).toThrow(CovenantError);
  });
});
