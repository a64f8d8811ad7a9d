import { checkNarrowing } from '@stele/ccl';
import { publicKeyFromDid, toHex } from '@stele/crypto';
import { type Climb, climb, type Resolve } from './lib/chain.js';
import { establish, type Facts, INTEGRITY_CHECKS, messageOf, missingSigner } from './lib/facts.js';
import { judgeRevocations } from './lib/revocations.js';
import { brand, type Verdict, type VerifiedCovenant, verdictOf } from './lib/verified.js';
import { CHECK_NAMES, type CheckName, type CheckResult, type CovenantDocument } from './types.js';

const DEFAULT_SKEW_MS = 60_000;

/** What is known of a signing key. A `retired` or `compromised` key signs for nothing. */
export type KeyStatus = 'active' | 'retiring' | 'retired' | 'compromised';

export interface VerifyOptions {
  /**
   * did:keys that are trusted to issue, or to stand at the root of a chain. Not given: a document that the host hands
   * over itself is vouched for by the host; a chain that had to be fetched is not accepted. An empty list trusts nobody.
   */
  trust?: readonly string[];
  /** The time to verify at; the present when not given. */
  now?: Date;
  /** How far the clocks of issuer and verifier may differ, in milliseconds; 60,000 when not given. */
  clockSkewMs?: number;
  /** Finds a parent by id. A chain whose parent cannot be found is invalid, never taken for a root. */
  resolve?: Resolve;
  /** Finds what is there of revocations for a covenant id. If it throws, the covenant is not relied on. */
  revocations?: (id: string) => readonly unknown[] | Promise<readonly unknown[]>;
  /** did:keys whose countersignatures this verifier demands besides those that the document itself names. */
  countersigners?: readonly string[];
  /** What is known of a key, by its public key in hex; undefined for a key of which nothing is known. */
  keyStatus?: (publicKeyHex: string) => KeyStatus | undefined | Promise<KeyStatus | undefined>;
}

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
  const now = instant(options.now);
  const skew = options.clockSkewMs ?? DEFAULT_SKEW_MS;
  // Text would be appended to a time instead of added to it.
  if (!(Number.isFinite(skew) && skew >= 0)) throw new RangeError('clockSkewMs must be a number from 0 up');
  for (const name of ['trust', 'countersigners'] as const) {
    if (options[name] !== undefined && !Array.isArray(options[name]))
      throw new TypeError(`${name} must be an array of did:keys`);
  }
  const known = verdictOf(document);
  if (known !== undefined) {
    const results = await changing(known.links, true, options, now, skew);
    return conclude(known.links, known.settled, results, document as VerifiedCovenant);
  }
  const leaf = await establish(document);
  if (leaf.document === undefined) return unreadable(leaf);
  const above = await climbed(leaf, options.resolve);
  const links = [...above.ancestors, leaf];
  const lasting = settled(leaf, above);
  const results = await changing(links, isVouched(leaf, above), options, now, skew);
  if (leaf.document.parent !== undefined) {
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

async function climbed(leaf: Facts, resolve: Resolve | undefined): Promise<Climb> {
  try {
    return await climb(leaf, resolve);
  } catch (error) {
    const problem = `a parent could not be looked up: ${messageOf(error)}`;
    return { ancestors: [], vouched: false, problem, unavailable: true };
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
  options: VerifyOptions,
  now: number,
  skew: number,
): Promise<Map<CheckName, CheckResult>> {
  const results = new Map<CheckName, CheckResult>();
  const note = (result: CheckResult | undefined) => {
    if (result !== undefined) results.set(result.name, result);
  };
  note(proofsExpired(links, now, skew));
  note(countersigners(links, options.countersigners));
  note(trust(links, vouched, options.trust));
  note(active(links, now, skew));
  if (options.keyStatus !== undefined) note(await keyStatus(links, options.keyStatus));
  if (options.revocations !== undefined)
    note(await notRevoked(links, options.revocations, options.trust ?? []));
  return results;
}

const leafOf = (links: readonly Facts[]) => links[links.length - 1] as Facts;

function proofsExpired(links: readonly Facts[], now: number, skew: number): CheckResult | undefined {
  const [expired] = links.filter((link) => now >= Math.min(link.issuerExpires, link.othersExpire) + skew);
  if (expired === undefined) return undefined;
  if (expired !== leafOf(links))
    return fail('chain', `one of the proofs of ${expired.document?.id} has expired`);
  return now >= expired.issuerExpires + skew
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

function trust(
  links: readonly Facts[],
  vouched: boolean,
  anchors?: readonly string[],
): CheckResult | undefined {
  if (anchors === undefined) {
    return vouched
      ? undefined
      : fail('trust', 'the chain was fetched and no trust anchor was given to accept its root');
  }
  const issuers = [leafOf(links), links[0] as Facts].map((link) => link.document?.issuer.id as string);
  return issuers.some((did) => anchors.includes(did))
    ? undefined
    : fail('trust', 'neither the issuer nor the root of the chain is among the trust anchors');
}

function active(links: readonly Facts[], now: number, skew: number): CheckResult | undefined {
  for (const link of links) {
    const problem = inactive(link, now, skew);
    if (problem === undefined) continue;
    return link === leafOf(links)
      ? fail('active', problem)
      : fail('chain', `${link.document?.id}: ${problem}`);
  }
  return undefined;
}

function inactive(link: Facts, now: number, skew: number): string | undefined {
  if (!(now >= link.start - skew)) return `not active before ${new Date(link.start).toISOString()}`;
  if (!(now < link.end + skew)) return `expired at ${new Date(link.end).toISOString()}`;
  return link.createdAt <= now + skew ? undefined : 'created in the future';
}

const keyOf = (did: string): string => toHex(publicKeyFromDid(did));

async function keyStatus(
  links: readonly Facts[],
  lookup: NonNullable<VerifyOptions['keyStatus']>,
): Promise<CheckResult | undefined> {
  try {
    for (const key of new Set(links.flatMap((link) => [...link.signers].map(keyOf)))) {
      const status = await lookup(key);
      if (status === undefined || status === 'active' || status === 'retiring') continue;
      // Evidence that a retired key signed before it retired is not taken yet, so its signatures do not count.
      return fail('key_status', `the key ${key} is ${String(status).slice(0, 64)}`);
    }
    return undefined;
  } catch (error) {
    return fail('key_status', `the status of a key is not known: ${messageOf(error)}`);
  }
}

async function notRevoked(
  links: readonly Facts[],
  lookup: NonNullable<VerifyOptions['revocations']>,
  anchors: readonly string[],
): Promise<CheckResult | undefined> {
  const authorised = new Set(anchors);
  const notes: string[] = [];
  for (const link of links) {
    const document = link.document as CovenantDocument;
    authorised.add(document.issuer.id);
    try {
      const finding = await judgeRevocations(document, await lookup(document.id), authorised);
      if (finding.unreadable) return unknownRevocation(finding.message);
      if (finding.revoked) return fail('not_revoked', finding.message);
      if (finding.message !== '') notes.push(finding.message);
    } catch (error) {
      return unknownRevocation(`the revocations of ${document.id} cannot be looked up: ${messageOf(error)}`);
    }
  }
  return notes.length === 0 ? undefined : { name: 'not_revoked', passed: true, message: notes.join('; ') };
}

const unknownRevocation = (message: string): CheckResult => ({
  name: 'not_revoked',
  passed: false,
  code: 'revocation_unknown',
  message,
});

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

function instant(now: Date | undefined): number {
  const ms = now === undefined ? Date.now() : now instanceof Date ? now.getTime() : Number.NaN;
  if (Number.isNaN(ms)) throw new TypeError('now must be a valid Date');
  return ms;
}
