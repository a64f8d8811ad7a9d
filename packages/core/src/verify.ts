import { checkNarrowing } from '@stele/ccl';
import { type Climb, climb, heirProblem } from './lib/chain.js';
import { type Context, contextOf, type VerifyOptions } from './lib/context.js';
import { establish, type Facts, INTEGRITY_CHECKS, messageOf, missingSigner } from './lib/facts.js';
import { signatureProblem } from './lib/key-status.js';
import { standIns } from './lib/lines.js';
import { notRevoked } from './lib/not-revoked.js';
import { inactive, proofsExpired } from './lib/times.js';
import { brand, type Verdict, type VerifiedCovenant, verdictOf } from './lib/verified.js';
import { CHECK_NAMES, type CheckName, type CheckResult, type CovenantDocument } from './types.js';

/** What a verification found. `covenant` is there exactly when `valid` is true. */
export interface Verification {
  readonly valid: boolean;
  /** Every check by name, in the order of the table in the specification. */
  readonly checks: readonly CheckResult[];
  readonly covenant?: VerifiedCovenant;
}

/**
 * Runs every check on a covenant. Hostile input gives failed checks, never an exception. A covenant that was verified
 * before is not verified again: only what time, revocation, key status and the options can change is looked at.
 *
 * @param document a covenant document, or the `covenant` of an earlier verification
 * @throws TypeError or RangeError only for options of the wrong type
 */
export async function verifyCovenant(document: unknown, options: VerifyOptions = {}): Promise<Verification> {
  const context = await contextOf(options);
  const known = verdictOf(document);
  if (known !== undefined) {
    const results = await changing(known.links, true, context);
    return conclude(known.links, known.settled, results, document as VerifiedCovenant);
  }
  const established = await establish(document);
  if (established.document === undefined) return unreadable(established);
  const above = await climbed(established, context);
  const { leaf } = above;
  const links = [...above.ancestors, leaf];
  const lasting = settled(leaf, above);
  const results = await changing(links, isVouched(leaf, above), context);
  if (leaf.document?.parent !== undefined) {
    // Narrowing costs the most and decides nothing, so a stranger's document does not get as far.
    lasting.set('narrowing', narrowing(leaf, above, holds(conclusion(lasting, results))));
  }
  return conclude(links, lasting, results);
}

/** Checks a document by itself: structure, id, signatures and rules, without clock, trust or chain. Never throws. */
export async function checkIntegrity(
  document: unknown,
): Promise<{ valid: boolean; checks: CheckResult[]; document?: CovenantDocument }> {
  const facts = verdictOf(document)?.links.at(-1) ?? (await establish(document));
  const checks = INTEGRITY_CHECKS.map((name) => byItself(facts, name));
  const valid = facts.problems.size === 0;
  return { valid, checks, ...(facts.document === undefined ? {} : { document: facts.document }) };
}

// ---- what never changes for one document

const passed = new Map(
  CHECK_NAMES.map((name) => [name, Object.freeze<CheckResult>({ name, passed: true, message: 'passed' })]),
);

const pass = (name: CheckName): CheckResult => passed.get(name) as CheckResult;
const fail = (name: CheckName, message: string): CheckResult => ({ name, passed: false, message });

function byItself(facts: Facts, name: CheckName): CheckResult {
  const problem = facts.problems.get(name);
  return problem === undefined ? pass(name) : fail(name, problem);
}

function settled(leaf: Facts, above: Climb): Map<CheckName, CheckResult> {
  const results = new Map<CheckName, CheckResult>();
  for (const name of INTEGRITY_CHECKS) results.set(name, byItself(leaf, name));
  if (above.problem !== undefined) {
    const unavailable = above.unavailable === true ? { unavailable: true as const } : {};
    results.set('chain', { ...fail('chain', above.problem), ...unavailable });
  } else if (leaf.document?.reissues !== undefined && leaf.line === undefined) {
    const message = `it is not known to be a reissue of ${leaf.document.reissues}, so it stands for itself alone`;
    results.set('chain', { ...pass('chain'), message });
  }
  return results;
}

/** A warning at most: a chain is a conjunction, so a child that is too wide permits nothing more than its parent. */
function narrowing(leaf: Facts, above: Climb, restHolds: boolean): CheckResult {
  const warn = (message: string): CheckResult => ({
    name: 'narrowing',
    passed: false,
    warning: true,
    message,
  });
  const parent = above.ancestors.at(-1);
  if (!restHolds || leaf.policy === undefined || parent?.policy === undefined) {
    return warn('not looked at: another check failed');
  }
  const answer = checkNarrowing(leaf.policy, parent.policy);
  if (answer.narrows === true) return pass('narrowing');
  if (answer.narrows === 'unknown') return warn(`not proved: ${answer.because}`);
  const { action, resource } = answer.counterexample;
  const example = JSON.stringify(`${action} on ${resource}`).slice(0, 200);
  return warn(
    answer.missing === undefined
      ? `the parent does not permit what this permits, for example ${example}`
      : `the parent has a ${answer.missing} that this lacks, for example for ${example}`,
  );
}

async function climbed(leaf: Facts, context: Context): Promise<Climb> {
  try {
    return await climb(leaf, context);
  } catch (error) {
    const problem = `a parent could not be looked up: ${messageOf(error)}`;
    return { leaf, ancestors: [], vouched: false, problem, unavailable: true };
  }
}

/** What the host hands over itself it vouches for; what had to be fetched hangs on a root that the host verified. */
function isVouched(leaf: Facts, above: Climb): boolean {
  return leaf.document?.parent === undefined || above.vouched;
}

// ---- what time, revocation, key status and the options can change

async function changing(
  links: readonly Facts[],
  vouched: boolean,
  context: Context,
): Promise<Map<CheckName, CheckResult>> {
  const results = new Map<CheckName, CheckResult>();
  const note = (result: CheckResult | undefined) => {
    if (result !== undefined) results.set(result.name, result);
  };
  note(expired(links, context));
  note(countersigners(links, context.options.countersigners));
  // A monitor comes this way at each decision, and to wait for an answer costs more than to see that there is no question.
  const { options, shortfall, lists } = context;
  const isAskedOf = (lookup: unknown) => lookup !== undefined || shortfall !== undefined || !lists.isEmpty;
  if (!isTrusted(links, vouched, context)) note(await distrust(links, context));
  note(active(links, context));
  if (isAskedOf(options.keyStatus)) note(await keyStatus(links, context));
  if (isAskedOf(options.revocations)) note(await notRevoked(links, context));
  if (links.length > 1) note(await heirs(links, context));
  return results;
}

const leafOf = (links: readonly Facts[]) => links[links.length - 1] as Facts;

function expired(links: readonly Facts[], context: Context): CheckResult | undefined {
  const link = links.find((one) => proofsExpired(one, context));
  if (link === undefined) return undefined;
  if (link !== leafOf(links)) return fail('chain', `one of the proofs of ${link.document?.id} has expired`);
  return context.now >= link.issuerExpires + context.skew
    ? fail('issuer_signature', 'the proof by the issuer has expired')
    : fail('countersignatures', 'a countersignature has expired');
}

function countersigners(
  links: readonly Facts[],
  required: readonly string[] | undefined,
): CheckResult | undefined {
  const missing = missingSigner(required ?? [], leafOf(links).signers);
  return missing === undefined ? undefined : fail('countersignatures', missing);
}

function isTrusted(links: readonly Facts[], vouched: boolean, { anchors }: Context): boolean {
  if (anchors === undefined) return vouched;
  return isAnchored(leafOf(links), anchors) || isAnchored(links[0] as Facts, anchors);
}

const isAnchored = ({ document }: Facts, anchors: ReadonlySet<string>): boolean =>
  anchors.has(document?.issuer.id as string);

/** Why a chain is not to be trusted, unless there is a covenant that stands in for its root and is. */
async function distrust(links: readonly Facts[], context: Context): Promise<CheckResult | undefined> {
  const { anchors } = context;
  if (anchors === undefined)
    return fail('trust', 'the chain was fetched and no trust anchor was given to accept its root');
  const [leaf, root] = [leafOf(links), links[0] as Facts];
  try {
    // The root's issuer may have gone, and the anchor that followed it may have issued the same promise again.
    const others = root === leaf ? [] : await standIns(root, context);
    if (others.some((other) => isAnchored(other, anchors))) return undefined;
  } catch (error) {
    return fail('trust', `the reissues of the root cannot be looked up: ${messageOf(error)}`);
  }
  const { followContinuity, trust: given = [] } = context.options;
  const report = followContinuity === true ? await context.continuities.report(given) : '';
  return fail('trust', `neither the issuer nor the root of the chain is among the trust anchors${report}`);
}

function active(links: readonly Facts[], context: Context): CheckResult | undefined {
  for (const link of links) {
    const problem = inactive(link, context);
    if (problem === undefined) continue;
    return link === leafOf(links)
      ? fail('active', problem)
      : fail('chain', `${link.document?.id}: ${problem}`);
  }
  return undefined;
}

async function keyStatus(links: readonly Facts[], context: Context): Promise<CheckResult | undefined> {
  const { shortfall } = context;
  if (shortfall !== undefined) return { ...fail('key_status', shortfall), code: 'revocation_unknown' };
  const unreadable = context.lists.unreadable(context.revokers);
  if (unreadable !== undefined) return { ...fail('key_status', unreadable), code: 'revocation_unknown' };
  for (const link of links) {
    const problem = await signatureProblem(link, context);
    if (problem === undefined) continue;
    try {
      if (link !== leafOf(links) && (await standIns(link, context)).length > 0) continue;
    } catch (error) {
      return fail('key_status', `${problem}, and its reissues cannot be looked up: ${messageOf(error)}`);
    }
    return fail('key_status', problem);
  }
  return undefined;
}

async function heirs(links: readonly Facts[], context: Context): Promise<CheckResult | undefined> {
  const problem = await heirProblem(links, context);
  return problem === undefined ? undefined : fail('chain', problem);
}

// ---- the conclusion

function conclude(
  links: readonly Facts[],
  lasting: Verdict['settled'],
  now: ReadonlyMap<CheckName, CheckResult>,
  known?: VerifiedCovenant,
): Verification {
  const checks = conclusion(lasting, now);
  return holds(checks)
    ? { valid: true, checks, covenant: known ?? brand(links, lasting) }
    : { valid: false, checks };
}

/** Every check by name. What is settled as failed stays failed; a check that nothing speaks against has passed. */
function conclusion(lasting: Verdict['settled'], now: ReadonlyMap<CheckName, CheckResult>): CheckResult[] {
  return CHECK_NAMES.map((name) => {
    const settledAs = lasting.get(name);
    return settledAs?.passed === false ? settledAs : (now.get(name) ?? settledAs ?? pass(name));
  });
}

const holds = (checks: readonly CheckResult[]): boolean =>
  checks.every((check) => check.passed || check.warning === true);

function unreadable(facts: Facts): Verification {
  const checks = CHECK_NAMES.map((name) => {
    const problem = facts.problems.get(name) ?? 'not looked at: the structure failed';
    return fail(name, problem);
  });
  return { valid: false, checks };
}
