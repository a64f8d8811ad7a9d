import { canonicalizeJson, type KeyPair, sha256, toSigner } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type ApprovalDocument,
  type ApprovalRequest,
  approvalRequestId,
  checkApproval,
  checkApprovalRequest,
  newApprovalRequest,
  signApproval,
  verifyApproval,
} from '../src/index.js';
import { makeProof } from '../src/lib/proof.js';
import { at, HOUR, keys, NOW } from './support.js';

const MINUTE = 60_000;
const id = (n: number) => `urn:stele:covenant:${String(n).repeat(64)}`;
let ada: KeyPair, ben: KeyPair, agent: KeyPair;
let request: ApprovalRequest;
let approval: ApprovalDocument;

beforeAll(async () => {
  [ada, ben, agent] = (await keys(3)) as [KeyPair, KeyPair, KeyPair];
  request = asked();
  approval = await signApproval(request, { verdict: 'approve', signer: ada, now: NOW });
});

const facts = () => ({
  audience: 'refunds',
  agent: agent.did,
  covenants: [id(1), id(2)],
  policy: 'a'.repeat(64),
  obligations: [{ name: 'human.approval', covenant: id(2), line: 3 }],
  action: 'payments.refund',
  resource: '/orders/7',
  context: { args: { amount: 250 } } as Record<string, unknown>,
});
const asked = (changes: object = {}, options = {}) =>
  newApprovalRequest({ ...facts(), ...changes }, { now: NOW, ...options });

/** A request as an attacker writes one: anything, under the id that its content demands. */
function forged(changes: object): ApprovalRequest {
  const { id: _, ...content } = { ...request, ...changes };
  return { ...content, id: `urn:stele:approval:${sha256(canonicalizeJson(content))}` };
}

/** Signs what `signApproval` refuses. */
async function signed(changes: object = {}, signers: readonly KeyPair[] = [ada]): Promise<ApprovalDocument> {
  const { proof: _, ...content } = { ...approval, ...changes };
  const proof = await Promise.all(signers.map((key) => makeProof(content, key, '2026-11-21T03:00:00Z')));
  return { ...content, proof };
}

const verdict = (value: unknown, options = {}) => verifyApproval(value, { now: NOW, ...options });

describe('newApprovalRequest', () => {
  it('asks for an hour unless told otherwise, and freezes what is asked', () => {
    expect(request).toMatchObject({
      ...facts(),
      requestedAt: '2026-11-21T03:00:00Z',
      expiresAt: '2026-11-21T04:00:00Z',
    });
    expect(Object.isFrozen(request)).toBe(true);
    expect(Object.isFrozen((request.context as { args: object }).args)).toBe(true);
    expect(asked({}, { expiresInMs: 7 * 24 * HOUR }).expiresAt).toBe('2026-11-28T03:00:00Z');
  });

  it('has an id of its content that the nonce salts', () => {
    const { id: own, ...content } = request;
    expect(own).toBe(`urn:stele:approval:${sha256(canonicalizeJson(content))}`);
    expect(approvalRequestId(request)).toBe(own);
    expect(asked().id).not.toBe(own);
    expect(Buffer.from(request.nonce, 'base64url')).toHaveLength(32);
  });

  it('keeps a copy: what the caller changes later is not what is signed', () => {
    const context = { args: { amount: 1 } };
    const kept = asked({ context });
    context.args.amount = 1_000_000;
    expect(kept.context).toEqual({ args: { amount: 1 } });
  });

  it('takes a moment with milliseconds, and a tool digest that is not given', () => {
    const short = asked({ toolDigest: undefined }, { now: at(999), expiresInMs: MINUTE });
    expect(checkApprovalRequest(short)).toEqual({ valid: true, request: short });
    expect('toolDigest' in short).toBe(false);
  });

  it.each([
    ['no audience', { audience: '' }],
    ['an audience of 257 characters', { audience: 'x'.repeat(257) }],
    ['an agent that is no URI', { agent: 'agent' }],
    ['no covenant', { covenants: [] }],
    [
      '65 covenants',
      {
        covenants: Array.from({ length: 65 }, (_, i) => `urn:stele:covenant:${String(i).padStart(64, '0')}`),
      },
    ],
    ['one covenant twice', { covenants: [id(1), id(1), id(2)] }],
    ['a policy in capitals', { policy: 'A'.repeat(64) }],
    ['no obligation', { obligations: [] }],
    [
      'an obligation of a covenant that does not govern',
      { obligations: [{ name: 'x', covenant: id(9), line: 1 }] },
    ],
    ['an obligation that says more', { obligations: [{ name: 'x', covenant: id(1), line: 1, note: '' }] }],
    ['line 0', { obligations: [{ name: 'x', covenant: id(1), line: 0 }] }],
    ['an obligation whose name is none', { obligations: [{ name: 'a b', covenant: id(1), line: 1 }] }],
    ['an action with a pattern', { action: 'payments.*' }],
    ['a resource with dots', { resource: '/a/../b' }],
    ['a context that is a list', { context: [] }],
    ['a context that is no JSON', { context: { when: new Date() } }],
    ['a number that JSON cannot carry', { context: { args: { n: 2 ** 53 } } }],
    ['a tool digest that is none', { toolDigest: 'x' }],
    ['a further member', { note: 'please' }],
    ['more than 256 KiB', { context: { args: { text: 'x'.repeat(256 * 1024) } } }],
    ['a context nested 63 deep', { context: deep(63) }],
  ])('refuses %s', (_, changes) => {
    expect(() => asked(changes)).toThrow(expect.objectContaining({ code: 'approval_malformed' }));
  });

  it('takes 64 covenants and a context nested 62 deep, which verify when signed', async () => {
    const covenants = Array.from(
      { length: 64 },
      (_, i) => `urn:stele:covenant:${String(i).padStart(64, '0')}`,
    );
    const obligations = covenants.map((covenant) => ({ name: 'x', covenant, line: 1 }));
    const large = asked({ covenants, obligations, context: deep(62) });
    const answer = await signApproval(large, { verdict: 'approve', signer: ada, now: NOW });
    expect((await verdict(JSON.stringify(answer))).valid).toBe(true);
  });

  it.each([MINUTE - 1, 7 * 24 * HOUR + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses to wait for %s milliseconds',
    (expiresInMs) => {
      expect(() => asked({}, { expiresInMs })).toThrow(RangeError);
    },
  );
});

/** An object nested so many levels deep. */
function deep(levels: number): Record<string, unknown> {
  return levels === 1 ? {} : { in: deep(levels - 1) };
}

describe('signApproval', () => {
  it('signs an approval and a denial that verify, with any signer for this use', async () => {
    expect(await verdict(approval)).toEqual({ valid: true, document: approval, signers: [ada.did] });
    const denial = await signApproval(request, {
      verdict: 'deny',
      signer: toSigner(ben, 'approval'),
      now: NOW,
    });
    expect(await verdict(denial, { request })).toMatchObject({ valid: true, signers: [ben.did] });
    expect(denial.verdict).toBe('deny');
  });

  it.each(['covenant', 'log', 'token'])('is made by no key that is for “%s”', async (use) => {
    const signer = toSigner(ada, use);
    await expect(signApproval(request, { verdict: 'approve', signer, now: NOW })).rejects.toMatchObject({
      code: 'key_use_wrong',
    });
  });

  it('hashes the request itself: one that was changed under its old id is not signed', async () => {
    const changed = { ...request, context: { args: { amount: 1_000_000 } } };
    await expect(signApproval(changed, { verdict: 'approve', signer: ada, now: NOW })).rejects.toMatchObject({
      code: 'approval_malformed',
    });
  });

  it('signs what it checked, though the object answers differently the second time', async () => {
    let reads = 0;
    const fickle = { ...request };
    Object.defineProperty(fickle, 'context', {
      enumerable: true,
      get: () => ({ args: { amount: ++reads } }),
    });
    await expect(signApproval(fickle, { verdict: 'approve', signer: ada, now: NOW })).rejects.toMatchObject({
      code: 'approval_malformed',
    });
    expect(reads).toBe(0);
  });

  it.each([
    ['at the moment it expires', HOUR, 'approval_expired'],
    ['long after', 1000 * HOUR, 'approval_expired'],
    ['more than a minute before it is asked', -MINUTE - 1000, 'approval_malformed'],
  ])('is not signed %s', async (_, ms, code) => {
    await expect(
      signApproval(request, { verdict: 'approve', signer: ada, now: at(ms) }),
    ).rejects.toMatchObject({
      code,
    });
  });

  it('refuses a verdict that is neither', async () => {
    const verdict = 'maybe' as 'approve';
    await expect(signApproval(request, { verdict, signer: ada, now: NOW })).rejects.toThrow(TypeError);
  });

  it('says so when the signer does not sign', async () => {
    const { publicKey, keyId } = toSigner(ada);
    const signer = { publicKey, keyId, sign: () => Promise.reject(new Error('away')) };
    await expect(signApproval(request, { verdict: 'approve', signer, now: NOW })).rejects.toMatchObject({
      code: 'signing_failed',
    });
  });
});

describe('verifyApproval', () => {
  it('reads objects, text and bytes, and hands out a frozen copy', async () => {
    const text = JSON.stringify(approval);
    for (const form of [approval, text, new TextEncoder().encode(text)])
      expect(await verdict(form)).toEqual({ valid: true, document: approval, signers: [ada.did] });
    const { document } = (await verdict(approval)) as { document: ApprovalDocument };
    expect(document).not.toBe(approval);
    expect(Object.isFrozen(document.request.covenants)).toBe(true);
    expect(Object.isFrozen(document.proof[0])).toBe(true);
  });

  it('names every signer of a united set', async () => {
    const check = await verdict(await signed({}, [ada, ben]));
    expect(check).toMatchObject({ valid: true, signers: [ada.did, ben.did] });
  });

  it('takes 16 proofs and no seventeenth', async () => {
    const crowd = await keys(17);
    expect(await verdict(await signed({}, crowd.slice(0, 16)))).toMatchObject({ valid: true });
    expect(await verdict(await signed({}, crowd))).toMatchObject({ valid: false, code: 'malformed' });
  });

  it('counts no key twice, and takes nothing with a proof that does not verify', async () => {
    const twice = await signed({}, [ada, ada]);
    expect(await verdict(twice)).toMatchObject({ valid: false, code: 'malformed' });
    const good = await signed({}, [ada, ben]);
    const [first, second] = good.proof as [ApprovalDocument['proof'][0], ApprovalDocument['proof'][0]];
    const swapped = { ...good, proof: [first, { ...second, proofValue: first.proofValue }] };
    expect(await verdict(swapped)).toMatchObject({ valid: false, code: 'not_signed' });
  });

  it.each([
    ['the verdict', { verdict: 'deny' }],
    ['the request, under its old id', { request: { amount: 1 } }],
    ['the type', { type: 'SteleCovenant' }],
    ['the version', { version: '2' }],
    ['a member more', { note: 'x' }],
    ['no proof', { proof: [] }],
    ['one proof that is not in a list', { proof: { type: 'DataIntegrityProof' } }],
  ])('refuses one in which %s was changed', async (_, changes) => {
    expect((await verdict({ ...approval, ...changes })).valid).toBe(false);
  });

  it('refuses every change of the request, also under the id that it demands then', async () => {
    const changes: Record<string, unknown> = {
      nonce: 'A'.repeat(43),
      audience: 'other',
      agent: ben.did,
      covenants: [id(2)],
      policy: 'b'.repeat(64),
      obligations: [{ name: 'human.approval', covenant: id(2), line: 4 }],
      action: 'payments.pay',
      resource: '/orders/8',
      context: { args: { amount: 251 } },
      toolDigest: 'c'.repeat(64),
      requestedAt: '2026-11-21T03:00:01Z',
      expiresAt: '2026-11-21T04:00:01Z',
    };
    for (const [name, value] of Object.entries(changes)) {
      const kept = { ...approval, request: { ...request, [name]: value } };
      expect(await verdict(kept), name).toMatchObject({ valid: false, code: 'malformed' });
      const renamed = { ...approval, request: forged({ [name]: value }) };
      expect(await verdict(renamed), name).toMatchObject({ valid: false, code: 'not_signed' });
    }
  });

  it('takes no signature by the key over another kind of document', async () => {
    const other = await signed({ type: 'SteleRevocation' });
    expect(await verdict({ ...other, type: 'SteleApproval' })).toMatchObject({
      valid: false,
      code: 'not_signed',
    });
  });

  it('takes no proof that says more, or expires', async () => {
    for (const more of [{ expires: '2027-01-01T00:00:00Z' }, { domain: 'x' }]) {
      const [proof] = approval.proof;
      expect(await verdict({ ...approval, proof: [{ ...proof, ...more }] })).toMatchObject({
        code: 'malformed',
      });
    }
  });

  it.each([
    ['an hour’s wait', { expiresAt: '2026-11-21T04:00:00Z' }, true],
    ['59 seconds', { expiresAt: '2026-11-21T03:00:59Z' }, false],
    ['more than 7 days', { expiresAt: '2026-11-28T03:00:01Z' }, false],
    ['an end before its beginning', { expiresAt: '2026-11-21T02:00:00Z' }, false],
    ['a time that is none', { expiresAt: '2026-11-31T03:00:00Z' }, false],
  ])('judges a signed request with %s', async (_, changes, counts) => {
    expect((await verdict(await signed({ request: forged(changes) }))).valid).toBe(counts);
  });

  it('goes by the clock: not after expiry, at which there is no skew, and not from the future', async () => {
    expect(await verdict(approval, { now: at(HOUR - 1) })).toMatchObject({ valid: true });
    for (const clockSkewMs of [0, 10 * HOUR])
      expect(await verdict(approval, { now: at(HOUR), clockSkewMs })).toMatchObject({ code: 'expired' });
    expect(await verdict(approval, { now: at(-MINUTE) })).toMatchObject({ valid: true });
    expect(await verdict(approval, { now: at(-MINUTE - 1) })).toMatchObject({ code: 'from_the_future' });
    expect((await checkApproval(approval)).valid).toBe(true);
  });

  it('is of the request wanted, by content and not by the id that is written there', async () => {
    expect((await verdict(approval, { request })).valid).toBe(true);
    const similar = asked();
    expect(await verdict(approval, { request: similar })).toMatchObject({ code: 'other_request' });
    const claims = { ...similar, id: request.id };
    expect(await verdict(approval, { request: claims })).toMatchObject({ code: 'other_request' });
    expect(await verdict(approval, { request: null as never })).toMatchObject({ code: 'other_request' });
  });

  it('never throws for what is hostile', async () => {
    const explosive = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    const cyclic: Record<string, unknown> = { ...approval };
    cyclic.request = cyclic;
    const hostile = [
      undefined,
      null,
      1,
      'text',
      '{"type":"SteleApproval","type":"SteleApproval"}',
      [],
      {},
      explosive,
      { ...approval, request: explosive },
      { ...approval, proof: [explosive] },
      cyclic,
      { ...approval, proof: Array.from({ length: 100_000 }, () => approval.proof[0]) },
      { ...approval, request: { ...request, context: deep(5_000) } },
      { ...approval, request: forged({ context: { text: 'x'.repeat(256 * 1024) } }) },
      { ...approval, request: { ...request, ['__proto__']: 1, constructor: 2 } },
      { ...approval, proof: [{ ...approval.proof[0], proofValue: 'z0' }] },
      JSON.stringify(approval).replace('"version":"1"', '"version":"1","__proto__":{}'),
      new Uint8Array([0xff, 0xfe]),
    ];
    for (const value of hostile) {
      const check = await verdict(value);
      expect(check.valid).toBe(false);
      expect(typeof (check as { reason: string }).reason).toBe('string');
      expect(checkApprovalRequest(value).valid).toBe(false);
    }
  });

  it('throws for options of the wrong type', async () => {
    await expect(verifyApproval(approval, { now: 'soon' as never })).rejects.toThrow(TypeError);
    await expect(verifyApproval(approval, { clockSkewMs: -1 })).rejects.toThrow(RangeError);
  });
});
