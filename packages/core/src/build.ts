import { checkNarrowing, compile, type Narrowing, type Policy } from '@stele/ccl';
import { type KeyPair, randomBytes, type Signer, snapshotJson, toBase64Url, toSigner } from '@stele/crypto';
import { CovenantError } from './errors.js';
import { covenantId } from './id.js';
import { issuerProblem, linkProblem } from './lib/chain.js';
import { Continuities } from './lib/continuities.js';
import { establish, type Facts, messageOf } from './lib/facts.js';
import { KeyStandings } from './lib/key-standings.js';
import { makeProof } from './lib/proof.js';
import { MAX_BYTES, MAX_PROOFS, proofsOf, sizeProblem, span, unsignedProblem } from './lib/structure.js';
import { formatTime } from './lib/time.js';
import { verdictOf } from './lib/verified.js';
import type { Approvers, CovenantDocument } from './types.js';

export interface BuildOptions {
  /** The issuer's id is the signer's did:key; only the name is free. */
  issuer?: { name?: string };
  /** The agent: a did:key or any absolute URI. One that is no did:key cannot delegate. */
  beneficiary: { id: string; name?: string };
  /** A CCL text. */
  constraints: string;
  /** When it begins to hold; at once when not given. */
  activatesAt?: string | Date;
  /** When it ends; never when not given. */
  expiresAt?: string | Date;
  /** The parent document, when this is a delegation. The signer must be its beneficiary. */
  parent?: CovenantDocument;
  /** Statements of continuity, where the signer is not the parent's beneficiary but its successor. */
  continuity?: readonly unknown[];
  /** How many levels may follow. */
  delegation?: { maxDepth: number };
  requiredCountersigners?: string[];
  approvers?: Record<string, Approvers>;
  metadata?: Record<string, unknown>;
  signer: KeyPair | Signer;
  /** Signs a child although it is not proved to lie within its parent. Enforcement is a conjunction all the same. */
  allowWider?: boolean;
  /** The time of creation; the present when not given. */
  now?: Date;
}

/**
 * Builds and signs a covenant. Whatever is wrong with it is found before anything is signed.
 * @throws CovenantError `constraints_invalid` (its cause is the CclSyntaxError), `span_invalid`, `not_delegable`,
 *   `wider_than_parent`, `covenant_malformed`, `signing_failed`
 */
export async function buildCovenant(options: BuildOptions): Promise<CovenantDocument> {
  const policy = compiled(options.constraints);
  const created = formatTime((options.now ?? new Date()).getTime());
  const unsigned = assemble(options, created);
  refuse(unsignedProblem(unsigned));
  const time = span(unsigned);
  if (time.end <= time.start)
    throw new CovenantError('span_invalid', 'it ends before it begins; mend expiresAt');
  if (options.parent !== undefined) {
    await checkParent(options.parent, { document: unsigned, policy, ...time }, options);
  }
  const signed = { ...unsigned, proof: [await makeProof(unsigned, options.signer, created, 'covenant')] };
  refuse(sizeProblem(signed));
  return signed;
}

/**
 * Adds a countersignature: a further proof over the same document.
 * @returns a new document; the given one is left as it is
 * @throws CovenantError `covenant_malformed` for a document that does not verify by itself, `already_signed`,
 *   `signing_failed`
 */
export async function countersignCovenant(
  document: CovenantDocument,
  signer: KeyPair | Signer,
  options: { now?: Date } = {},
): Promise<CovenantDocument> {
  const facts = verdictOf(document)?.links.at(-1) ?? (await establish(document));
  // What is still missing may be just the signature that is made here.
  for (const name of ['structure', 'id', 'issuer_signature', 'constraints'] as const)
    refuse(facts.problems.get(name));
  const { proof: _, ...unsigned } = facts.document as CovenantDocument;
  const proofs = proofsOf(facts.document as CovenantDocument);
  const { keyId } = toSigner(signer);
  if (proofs.some((proof) => proof.verificationMethod === keyId)) {
    throw new CovenantError('already_signed', `${keyId.split('#')[0]} has signed this already`);
  }
  if (proofs.length >= MAX_PROOFS) refuse(`a covenant has at most ${MAX_PROOFS} proofs`);
  const created = formatTime((options.now ?? new Date()).getTime());
  const signed = { ...unsigned, proof: [...proofs, await makeProof(unsigned, signer, created, 'covenant')] };
  refuse(sizeProblem(signed));
  return signed;
}

async function checkParent(parent: CovenantDocument, child: Child, options: BuildOptions): Promise<void> {
  const facts = verdictOf(parent)?.links.at(-1) ?? (await establish(parent));
  const [failed] = facts.problems;
  if (failed !== undefined)
    throw new CovenantError('not_delegable', `the parent fails ${failed[0]}: ${failed[1]}`);
  const continuities = new Continuities(options.continuity ?? [], KeyStandings.none);
  const under = facts as Facts & { document: CovenantDocument };
  const problem =
    (await issuerProblem(child.document, under.document, continuities)) ?? linkProblem(child, under);
  if (problem !== undefined) throw new CovenantError('not_delegable', problem);
  if (options.allowWider === true) return;
  const answer = checkNarrowing(child.policy, facts.policy as Policy);
  if (answer.narrows === true) return;
  throw new CovenantError('wider_than_parent', widerMessage(answer), {
    hint: 'narrow its rules, or pass allowWider: true; enforcement takes the conjunction of the chain either way',
  });
}

function widerMessage(answer: Exclude<Narrowing, { narrows: true }>): string {
  if (answer.narrows === 'unknown') return `it is not proved to lie within its parent: ${answer.because}`;
  const { counterexample, missing } = answer;
  const lacks =
    missing === undefined ? 'it permits more than its parent' : `it lacks a ${missing} of its parent`;
  return `${lacks}, for example for ${JSON.stringify(counterexample).slice(0, 400)}`;
}

function compiled(constraints: string): Policy {
  try {
    return compile(constraints);
  } catch (cause) {
    throw new CovenantError('constraints_invalid', messageOf(cause), { cause });
  }
}

type Unsigned = Omit<CovenantDocument, 'proof'>;
type Child = { document: Unsigned; policy: Policy; start: number; end: number };

/** The document without its proof: a snapshot, so that what is checked is what is signed. */
function assemble(options: BuildOptions, createdAt: string): Unsigned {
  const { delegation, requiredCountersigners, approvers, metadata } = options;
  const did = toSigner(options.signer).keyId.split('#')[0] as string;
  const content = {
    type: 'SteleCovenant' as const,
    version: '1' as const,
    issuer: { id: did, ...present({ name: options.issuer?.name }) },
    beneficiary: { id: options.beneficiary.id, ...present({ name: options.beneficiary.name }) },
    constraints: options.constraints,
    createdAt,
    nonce: toBase64Url(randomBytes(16)),
    ...present({
      activatesAt: timeText(options.activatesAt),
      expiresAt: timeText(options.expiresAt),
      parent: options.parent?.id,
      delegation,
      requiredCountersigners,
      approvers,
      metadata,
    }),
  };
  try {
    const copy = snapshotJson(content, { maxBytes: MAX_BYTES }) as unknown as Omit<Unsigned, 'id'>;
    return { ...copy, id: covenantId(copy) };
  } catch (cause) {
    throw new CovenantError('covenant_malformed', messageOf(cause), { cause });
  }
}

/** The members that are not undefined. */
function present<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function timeText(time: string | Date | undefined): string | undefined {
  if (!(time instanceof Date)) return time;
  if (Number.isNaN(time.getTime())) throw new CovenantError('span_invalid', 'a time is not a valid date');
  return time.toISOString();
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new CovenantError('covenant_malformed', problem);
}
