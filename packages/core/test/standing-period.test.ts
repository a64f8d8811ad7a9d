import { generateKeyPair, type KeyPair, toBase58btc, toSigner } from '@stele/crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildCovenant,
  buildKeyContinuity,
  type CovenantDocument,
  countersignCovenant,
  reissueCovenant,
  standingPeriod,
  type VerifiedCovenant,
  type VerifyOptions,
  verifyCovenant,
} from '../src/index.js';
import { hashDocument, makeProof, signingInput } from '../src/lib/proof.js';
import { at, type Family, family, HOUR, NOW } from './support.js';

let f: Family;
let covenants: VerifiedCovenant[];

async function verified(document: CovenantDocument, options: VerifyOptions = {}): Promise<VerifiedCovenant> {
  const { covenant, checks } = await verifyCovenant(document, { now: at(HOUR / 2), ...options });
  expect(covenant, JSON.stringify(checks)).toBeDefined();
  return covenant as VerifiedCovenant;
}

/** The same covenant with a proof more, one that expires. */
async function withProofUntil(
  document: CovenantDocument,
  keys: KeyPair,
  end: number,
): Promise<CovenantDocument> {
  const { proof, ...unsigned } = document;
  const { proofValue: _, ...made } = await makeProof(unsigned, keys, document.createdAt);
  const config = { ...made, expires: at(end).toISOString() };
  const signature = await toSigner(keys).sign(signingInput(config, hashDocument(unsigned)));
  const others = [proof].flat().filter((each) => each.verificationMethod !== made.verificationMethod);
  return { ...unsigned, proof: [...others, { ...config, proofValue: `z${toBase58btc(signature)}` }] };
}

beforeAll(async () => {
  f = await family();
  const later = await buildCovenant({
    beneficiary: { id: f.agent.did },
    constraints: "permit orders.read on '/orders/**'\n",
    activatesAt: at(HOUR / 4),
    expiresAt: at(HOUR),
    signer: f.owner,
    now: NOW,
  });
  const backdated = await buildCovenant({
    beneficiary: { id: f.agent.did },
    constraints: "permit orders.read on '/orders/**'\n",
    activatesAt: at(-HOUR),
    signer: f.owner,
    now: at(HOUR / 4),
  });
  const heir = await generateKeyPair();
  const continuity = [await buildKeyContinuity({ oldKey: f.manager, newKey: heir, now: NOW })];
  covenants = [
    await verified(f.root),
    await verified(later),
    await verified(await countersignCovenant(later, f.manager)),
    await verified(f.child, { trust: [f.owner.did], resolve: async () => f.root }),
    await verified(await withProofUntil(f.root, f.owner, 2 * HOUR)),
    await verified(await withProofUntil(f.root, f.agent, 3 * HOUR)),
    await verified(backdated),
    await verified(await reissueCovenant(f.child, { signer: heir, continuity, now: NOW }), {
      trust: [f.owner.did],
      resolve: async (id) => [f.root, f.child].find((each) => each.id === id),
      continuity,
    }),
  ];
});

/** Times near to every edge that there is, and far from it. */
const times = fc
  .tuple(
    fc.constantFrom(0, HOUR / 4, HOUR, 2 * HOUR, 3 * HOUR, 24 * HOUR),
    fc.oneof(fc.integer({ min: -70_000, max: 70_000 }), fc.constantFrom(-1, 0, 1)),
    fc.constantFrom(0, 1_000, 60_000),
    fc.constantFrom(-1, 0, 1),
  )
  .map(([edge, near, skew, sign]) => at(edge + near + sign * skew));

describe('the period in which a covenant stands', () => {
  it('is that in which it verifies, by the millisecond, whatever trust, countersigners and skew are asked for', async () => {
    const dids = () => [f.owner.did, f.manager.did, f.agent.did];
    const parties = fc.option(fc.subarray([0, 1, 2]), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: covenants.length - 1 }),
        times,
        parties,
        parties,
        fc.constantFrom(undefined, 0, 1_000, 60_000),
        async (which, now, trust, countersigners, clockSkewMs) => {
          const covenant = covenants[which] as VerifiedCovenant;
          const options: VerifyOptions = {
            ...(trust && { trust: trust.map((i) => dids()[i] as string) }),
            ...(countersigners && { countersigners: countersigners.map((i) => dids()[i] as string) }),
            ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
          };
          const period = standingPeriod(covenant, options);
          const ms = now.getTime();
          const stands = period !== undefined && ms >= period.from && ms < period.until;
          expect(stands).toBe((await verifyCovenant(covenant, { ...options, now })).valid);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, VerifyOptions]>([
    ['revocations', { revocations: () => [] }],
    ['the status of keys', { keyStatus: () => undefined }],
    ['revocation lists', { revocationLists: { issuers: [], lists: [] } }],
    ['a list that must be there', { requireRevocationList: true }],
    ['continuity', { continuity: [] }],
    ['who followed an anchor', { followContinuity: true }],
    ['reissues', { reissues: () => [] }],
  ])('is not told where the answer hangs on %s', (_what, options) => {
    expect(standingPeriod(covenants[0] as VerifiedCovenant, options)).toBeUndefined();
  });

  it('is not told of what was not verified', () => {
    expect(standingPeriod(f.root as VerifiedCovenant)).toBeUndefined();
    expect(standingPeriod({ ...covenants[0] } as VerifiedCovenant)).toBeUndefined();
  });

  it('refuses options of the wrong type as a verification does', () => {
    const covenant = covenants[0] as VerifiedCovenant;
    expect(() => standingPeriod(covenant, { clockSkewMs: -1 })).toThrow(RangeError);
    expect(() => standingPeriod(covenant, { trust: 'all' as never })).toThrow(TypeError);
  });
});
