/** Documents with a marker in every place that can hold one, and what must not be found of them. */
import assert from 'node:assert/strict';
import {
  type ApprovalDocument,
  type ApprovalRequest,
  buildCovenant,
  type CovenantDocument,
  countersignCovenant,
  type RevocationDocument,
} from '@stele/core';
import type { BackedStore } from '../../src/index.js';
import { keysOf, sampleApproval, sampleRequest, sampleRevocation } from '../../src/lib/contract/samples.js';
import { tokensOf } from '../../src/lib/tokens.js';
import { KEY } from './backends.js';
import { keyNumber } from './encrypted.js';
import { anyWithin } from './finding.js';

export const MARK = 'PLANTED-MARKER';

/** A covenant with a marker of its own in every place that can hold one. */
async function markedCovenant(n: number): Promise<CovenantDocument> {
  const [eve, approver] = [await keysOf('eve'), await keysOf('approver')];
  const document = await buildCovenant({
    signer: await keysOf('ada'),
    issuer: { name: `${MARK}-issuer-${n}` },
    beneficiary: { id: `https://agents.example/${MARK}-agent-${n}`, name: `${MARK}-name-${n}` },
    constraints: `permit files.read on '/reports/${MARK}-${n}/**'\n`,
    delegation: { maxDepth: 3 },
    requiredCountersigners: [eve.did],
    approvers: { 'human.approval': { keys: [approver.did], threshold: 1 } },
    metadata: { tags: [`${MARK}-tag-${n % 7}`], [`${MARK}-key-${n}`]: [{ deep: `${MARK}-value-${n}` }] },
    expiresAt: '2031-07-13T11:17:19Z',
  });
  return countersignCovenant(document, eve);
}

function markedRequest(n: number): ApprovalRequest {
  return sampleRequest({
    audience: `${MARK}-audience`,
    agent: `https://agents.example/${MARK}-agent-${n}`,
    resource: `/reports/${MARK}-${n}`,
    context: { args: { [`${MARK}-argument`]: `${MARK}-${n}` } },
  });
}

/** What is put into a store. */
export interface Sample {
  readonly covenants: readonly CovenantDocument[];
  readonly revocations: readonly RevocationDocument[];
  readonly requests: readonly ApprovalRequest[];
  readonly approvals: readonly ApprovalDocument[];
}

const [COVENANTS, REVOCATIONS, REQUESTS] = [1000, 20, 10];

async function sample(): Promise<Sample> {
  const many = (length: number) => Array.from({ length }, (_, n) => n);
  const covenants = await Promise.all(many(COVENANTS).map(markedCovenant));
  const revocations = covenants
    .slice(0, REVOCATIONS)
    .map((covenant, n) => sampleRevocation(covenant, `${MARK}-reason-${n}`));
  const requests = many(REQUESTS).map(markedRequest);
  const approvals = requests.map((request) => sampleApproval(request, 'approver'));
  return {
    covenants,
    revocations: await Promise.all(revocations),
    requests,
    approvals: await Promise.all(approvals),
  };
}

/** 1,000 covenants, 20 revocations and 10 requests with an approval each. */
export const marked: Sample = await sample();
/** Some of them, with all that may tell something. */
export const few: Sample = {
  covenants: marked.covenants.slice(0, 10),
  revocations: marked.revocations.slice(0, 1),
  requests: marked.requests.slice(0, 1),
  approvals: marked.approvals.slice(0, 1),
};

/** Puts them in, by what the store can do. @returns how many records were written */
export async function fill(store: BackedStore, { covenants, ...others }: Sample): Promise<number> {
  const { revocations, requests, approvals } = others;
  if (store.supports.transaction) {
    for (let n = 0; n < covenants.length; n += 100) await store.putBatch(covenants.slice(n, n + 100));
  } else for (const covenant of covenants) await store.put(covenant);
  for (const revocation of revocations) await store.putRevocation(revocation);
  for (const request of requests) await store.approvals.open(request);
  for (const approval of approvals) await store.approvals.sign(approval);
  return covenants.length + revocations.length + requests.length + approvals.length;
}

const people = await Promise.all(['ada', 'eve', 'approver'].map(async (name) => (await keysOf(name)).did));

/** Texts of `few` that tell something, and that nobody else uses. */
export const SECRETS: readonly string[] = [
  MARK,
  'agents.example',
  '2031-07-13',
  'SteleCovenant',
  'payments.refund',
  ...people,
  ...people.map((did) => did.slice('did:key:'.length)),
  ...few.covenants.flatMap(({ nonce, proof }) => [
    nonce,
    ...[proof].flat().map(({ proofValue }) => proofValue),
  ]),
];
/** Names of fields, and words of the language. */
export const WORDS: readonly string[] = ['permit', 'issuer', 'beneficiary', '"tags":'];

/** Tokens of an index that is not blind. */
const TOKENS = [...new Set(marked.covenants.slice(0, 50).flatMap((covenant) => tokensOf(covenant)))].map(
  (token) => token.split(':')[1] as string,
);

/** All forms in which the bytes of a key may lie about. */
const formsOfKey = (key: Uint8Array) => [
  Buffer.from(key),
  ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(Buffer.from(key).toString(form))),
];

/**
 * Asserts that none of it is in these bytes, and no key.
 * @param formsOf what a text may stand as
 */
export function assertNothingIn(
  bytes: Buffer,
  formsOf: (text: string) => Buffer[] = (text) => [Buffer.from(text)],
  words = WORDS,
): void {
  const sought = [...SECRETS, ...TOKENS, ...words].flatMap(formsOf);
  const found = anyWithin(bytes, [...sought, ...[KEY, keyNumber(1)].flatMap(formsOfKey)]);
  assert.equal(found?.toString(), undefined);
}
