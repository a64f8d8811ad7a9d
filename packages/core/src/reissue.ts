import { type KeyPair, randomBytes, type Signer, toBase64Url, toSigner } from '@stele/crypto';
import { CovenantError } from './errors.js';
import { covenantId } from './id.js';
import { contextOf, type VerifyOptions } from './lib/context.js';
import { establish, type Facts, messageOf } from './lib/facts.js';
import { type Covenant, strangeness } from './lib/lines.js';
import { makeProof } from './lib/proof.js';
import { sizeProblem, unsignedProblem } from './lib/structure.js';
import { formatTime } from './lib/time.js';
import { verdictOf } from './lib/verified.js';
import type { CovenantDocument } from './types.js';

export interface ReissueOptions {
  /** The key that the covenant is issued under from now on. */
  signer: KeyPair | Signer;
  /** Statements of continuity that make the signer a successor of the issuer. */
  continuity?: readonly unknown[];
  /** The reissue of the parent, where the parent was reissued, too; the same parent when not given. */
  parent?: CovenantDocument;
  /**
   * The old key was compromised, so no statement of continuity counts: the reissue stands in for the old covenant once a
   * trust anchor has signed it as well, with `countersignCovenant`.
   */
  compromised?: boolean;
  /** The time of reissue; the present when not given. */
  now?: Date;
}

/**
 * Issues the same promise again under another key. Countersignatures are not carried over: those that the covenant
 * requires are to be made again.
 * @throws CovenantError `not_reissuable` for a covenant that is not sound or has ended, a signer who is not joined to
 *   its issuer, or a parent that is no reissue of its parent; `signing_failed`
 */
export async function reissueCovenant(
  old: CovenantDocument,
  options: ReissueOptions,
): Promise<CovenantDocument> {
  const facts = await sound(old, 'the covenant');
  const now = options.now ?? new Date();
  if (now.getTime() >= facts.end) refuse('the covenant has ended; issue a new one');
  const context = await contextOf({ continuity: options.continuity ?? [], now });
  const did = toSigner(options.signer).keyId.split('#')[0] as string;
  const { document } = facts;
  if (options.compromised !== true && !(await context.continuities.joins(document.issuer.id, did)))
    refuse(`${did} is not joined to ${document.issuer.id} by the statements of continuity given`);
  const createdAt = formatTime(now.getTime());
  const { proof: _proof, id: _id, ...content } = document;
  const renewed = {
    ...content,
    issuer: { ...content.issuer, id: did },
    createdAt,
    nonce: toBase64Url(randomBytes(16)),
    reissues: document.id,
    ...(await parentOf(document, options.parent)),
  };
  const unsigned = { ...renewed, id: covenantId(renewed) };
  const problem = unsignedProblem(unsigned);
  if (problem !== undefined) refuse(problem);
  const signed = { ...unsigned, proof: [await makeProof(unsigned, options.signer, createdAt, 'covenant')] };
  const tooLarge = sizeProblem(signed);
  if (tooLarge !== undefined) refuse(tooLarge);
  return signed;
}

async function parentOf(
  old: CovenantDocument,
  parent: CovenantDocument | undefined,
): Promise<{ parent?: string }> {
  if (parent === undefined) return {};
  const { document } = await sound(parent, 'the parent');
  if (old.parent === undefined) refuse('the covenant has no parent, so its reissue has none');
  if (document.reissues !== old.parent) refuse('the parent given is no reissue of its parent');
  return { parent: document.id };
}

/** What a covenant that says it reissues another turned out to be. */
export interface ReissueCheck {
  /** True when it can stand in for the other, revocation and time apart. */
  readonly valid: boolean;
  readonly reason?: string;
}

/**
 * Checks whether one covenant is a reissue of another: whether it is the same promise, by a party with the right to
 * make it again. Never throws for hostile documents.
 * @param options `continuity`, `keyStatus`, `trust`, `revocationLists` and `resolve` as for `verifyCovenant`
 */
export async function checkReissue(
  reissue: unknown,
  original: unknown,
  options: VerifyOptions = {},
): Promise<ReissueCheck> {
  const context = await contextOf(options);
  const both = [await factsOf(reissue), await factsOf(original)] as const;
  for (const facts of both) {
    const [failed] = facts.problems;
    if (failed !== undefined) return { valid: false, reason: `${failed[0]}: ${failed[1]}` };
  }
  try {
    const reason = await strangeness(both[0] as Covenant, both[1] as Covenant, context);
    return reason === undefined ? { valid: true } : { valid: false, reason };
  } catch (error) {
    return { valid: false, reason: `a covenant could not be looked up: ${messageOf(error)}` };
  }
}

async function factsOf(value: unknown): Promise<Facts> {
  return verdictOf(value)?.links.at(-1) ?? (await establish(value));
}

async function sound(document: CovenantDocument, named: string): Promise<Covenant> {
  const facts = await factsOf(document);
  const [failed] = facts.problems;
  if (failed !== undefined) refuse(`${named} fails ${failed[0]}: ${failed[1]}`);
  return facts as Covenant;
}

function refuse(problem: string): never {
  throw new CovenantError('not_reissuable', problem);
}
