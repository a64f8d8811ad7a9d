/** Signed documents for the contract's tests, made afresh with keys that live as long as the process. */
import {
  type ApprovalDocument,
  type ApprovalRequest,
  buildCovenant,
  type CovenantDocument,
  newApprovalRequest,
  type RevocationDocument,
  revokeCovenant,
  signApproval,
} from '@stele/core';
import { generateKeyPair, type KeyPair } from '@stele/crypto';

const people = new Map<string, Promise<KeyPair>>();

/** The key pair of a person, the same for the same name. */
export function keysOf(name: string): Promise<KeyPair> {
  const known = people.get(name) ?? generateKeyPair();
  people.set(name, known);
  return known;
}

type Options = Partial<Omit<Parameters<typeof buildCovenant>[0], 'signer' | 'beneficiary'>>;

/** A covenant from one person for another; no two are the same. */
export async function sampleCovenant(
  issuer = 'ada',
  agent = 'bot',
  options: Options = {},
): Promise<CovenantDocument> {
  return buildCovenant({
    constraints: "permit files.read on '/reports/**'",
    ...options,
    beneficiary: { id: (await keysOf(agent)).did },
    signer: await keysOf(issuer),
  });
}

const pools = new Map<string, CovenantDocument[]>();

/** So many different covenants by one person; another test may have been given the same. */
export async function sampleCovenants(count: number, issuer = 'ada'): Promise<CovenantDocument[]> {
  const pool = pools.get(issuer) ?? [];
  pools.set(issuer, pool);
  while (pool.length < count) pool.push(await sampleCovenant(issuer));
  return pool.slice(0, count);
}

export async function sampleRevocation(
  covenant: CovenantDocument,
  reason = 'no longer needed',
  by = 'ada',
): Promise<RevocationDocument> {
  return revokeCovenant(covenant, { reason, signer: await keysOf(by) });
}

/** A request for approval; no two are the same. */
export function sampleRequest(
  facts: Partial<Parameters<typeof newApprovalRequest>[0]> = {},
): ApprovalRequest {
  const { covenants = [NOBODY] } = facts;
  return newApprovalRequest({
    audience: 'refunds',
    agent: 'https://agents.example/bot',
    policy: 'a'.repeat(64),
    obligations: [{ name: 'human.approval', covenant: covenants[0] as string, line: 1 }],
    action: 'payments.refund',
    resource: '/orders/7',
    context: { args: { amount: 250 } },
    ...facts,
    covenants,
  });
}

export async function sampleApproval(
  request: ApprovalRequest,
  by = 'ada',
  verdict: ApprovalDocument['verdict'] = 'approve',
): Promise<ApprovalDocument> {
  return signApproval(request, { verdict, signer: await keysOf(by) });
}

/** An id that no covenant has. */
export const NOBODY = `urn:stele:covenant:${'0'.repeat(64)}`;

/** Strings that are no ids, and that a careless store might find. */
export const STRANGE_IDS = [
  '',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '..',
  '../format',
  'urn:stele:covenant:',
  `urn:stele:covenant:${'0'.repeat(63)}`,
  `urn:stele:covenant:${'0'.repeat(64)}\n`,
  `urn:stele:covenant:${'F'.repeat(64)}`,
  `urn:stele:covenant:${'0'.repeat(64)}/${'0'.repeat(64)}`,
];
