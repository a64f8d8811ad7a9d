/**
 * Which covenants govern a monitor. Each is verified once, here; afterwards only what time, revocation and key status
 * can change is looked at, by `standing`.
 */
import {
  type ChainLink,
  type CheckResult,
  type CovenantDocument,
  type Period,
  type Resolve,
  standingPeriod,
  type VerifiedCovenant,
  type VerifyOptions,
} from '@stele/core';
import { canonicalizeJson, sha256 } from '@stele/crypto';
import type { CovenantStore } from '@stele/store';
import type { DecisionCode } from '@stele/types/codes';
import { type Pinned, pinnedIn } from './pinned.js';
import { verifyCovenant } from './telemetry-calls.js';

/** Why a monitor cannot rely on what it was given. */
export interface Objection {
  readonly code: DecisionCode;
  readonly reason: string;
  readonly check?: string;
  readonly detail?: string;
  readonly retryable?: boolean;
  readonly covenant?: string;
}

export interface Governing {
  /** The covenants that were handed over and are nobody's parent among them. */
  readonly leaves: readonly VerifiedCovenant[];
  /** Every covenant of every chain, once, roots before their children. */
  readonly links: readonly ChainLink[];
  readonly ids: readonly string[];
  /** SHA-256 over the rules of all of them. */
  readonly policy: string;
  /** What those of them pin that pin tools. */
  readonly pinned: readonly Pinned[];
  /** What is asked of each of the leaves, time and again. */
  readonly question: VerifyOptions;
  /** When all of them stand, where that is a matter of time alone. */
  readonly period: Period | undefined;
}

export interface GoverningOptions {
  readonly covenant: CovenantDocument | readonly CovenantDocument[];
  readonly store?: CovenantStore | undefined;
  readonly trust?: readonly string[] | undefined;
  readonly agent?: string | undefined;
  readonly mustGovern?: readonly string[] | undefined;
  readonly clockSkewMs?: number | undefined;
  /** Of keys over time. */
  readonly told: VerifyOptions;
}

/** Verifies the covenants and finds their chains. */
export async function govern(options: GoverningOptions, now: Date): Promise<Governing | Objection> {
  const documents = [options.covenant].flat() as CovenantDocument[];
  if (documents.length === 0) return { code: 'covenant_missing', reason: 'no covenant was given' };
  const verified = new Map<string, VerifiedCovenant>();
  for (const document of rootsFirst(documents)) {
    const { valid, checks, covenant } = await verifyCovenant(document, {
      ...settings(options),
      now,
      resolve: async (id) => verified.get(id) ?? (await options.store?.get(id)),
    });
    const stands = valid ? covenant : undefined;
    if (stands === undefined) return objection(checks, documentId(document));
    verified.set(stands.id, stands);
  }
  const governing = assemble([...verified.values()], options);
  return 'links' in governing ? named(governing, options) : governing;
}

/** Parents among the documents before their children, so that a child finds its parent verified. */
function rootsFirst(documents: readonly CovenantDocument[]): CovenantDocument[] {
  const left = [...documents];
  const ordered: CovenantDocument[] = [];
  while (left.length > 0) {
    const waits = (d: CovenantDocument) =>
      left.some((other) => other !== d && claim(other, 'id') === claim(d, 'parent'));
    const next = left.findIndex((document) => !waits(document));
    ordered.push(...left.splice(Math.max(next, 0), 1));
  }
  return ordered;
}

function assemble(covenants: readonly VerifiedCovenant[], options: GoverningOptions): Governing | Objection {
  const links = new Map<string, ChainLink>();
  for (const covenant of covenants) for (const link of covenant.chain) links.set(link.document.id, link);
  const ancestors = new Set(
    covenants.flatMap(({ chain }) => chain.slice(0, -1).map((link) => link.document.id)),
  );
  // Frozen, since hosts and sinks are handed these lists: who took one from them would take it from what is enforced.
  const all = Object.freeze([...links.values()]);
  const pinned = pinnedIn(all);
  if ('code' in pinned) return pinned;
  const leaves = covenants.filter(({ id }) => !ancestors.has(id));
  const asked = question(all, options);
  return {
    leaves,
    links: all,
    ids: Object.freeze([...links.keys()]),
    policy: sha256(canonicalizeJson(all.map((link) => link.document.constraints))),
    pinned,
    question: asked,
    period: commonPeriod(leaves.map((covenant) => standingPeriod(covenant, asked))),
  };
}

function commonPeriod(periods: readonly (Period | undefined)[]): Period | undefined {
  if (!periods.every((period) => period !== undefined)) return undefined;
  const from = Math.max(...periods.map((period) => period.from));
  return { from, until: Math.min(...periods.map((period) => period.until)) };
}

function question(links: readonly ChainLink[], options: GoverningOptions): VerifyOptions {
  const { store, told } = options;
  return {
    ...settings(options),
    ...(store === undefined ? {} : { revocations: (id) => store.getRevocations(id) }),
    // Whether a reissue stands in for a covenant depends on their parents.
    ...(told.reissues === undefined ? {} : { resolve: resolver(links, store) }),
  };
}

/** The covenants that govern may have been handed over without being in the store. */
function resolver(links: readonly ChainLink[], store: CovenantStore | undefined): Resolve {
  return async (id) => links.find(({ document }) => document.id === id)?.document ?? (await store?.get(id));
}

function named(governing: Governing, { agent, mustGovern = [] }: GoverningOptions): Governing | Objection {
  for (const covenant of governing.leaves) {
    if (agent === undefined || covenant.beneficiary.id === agent) continue;
    return { code: 'wrong_agent', reason: 'the covenant is made for another agent', covenant: covenant.id };
  }
  const present = new Set(governing.links.flatMap(({ document }) => [document.id, document.issuer.id]));
  const missing = mustGovern.find((name) => !present.has(name));
  return missing === undefined
    ? governing
    : {
        code: 'covenant_missing',
        reason: `the covenant that must govern, ${missing}, is not among those given`,
      };
}

/** Looks at what may have changed since: time, revocations, key status. Undefined when all still stand. */
export async function standing({ leaves, question }: Governing, now: Date): Promise<Objection | undefined> {
  for (const covenant of leaves) {
    const { valid, checks } = await verifyCovenant(covenant, { now, ...question });
    if (!valid) return objection(checks, covenant.id);
  }
  return undefined;
}

/** What verifications are told besides the document. */
export function settings(options: Pick<GoverningOptions, 'trust' | 'clockSkewMs' | 'told'>): VerifyOptions {
  const { trust, clockSkewMs, told } = options;
  return {
    ...told,
    ...(trust === undefined ? {} : { trust }),
    ...(clockSkewMs === undefined ? {} : { clockSkewMs }),
  };
}

function objection(checks: readonly CheckResult[], covenant: string | undefined): Objection {
  const failures = checks.filter((check) => !check.passed && check.warning !== true);
  // Whether the root is trusted cannot be said of a chain that is broken: then the break is the cause to name.
  const failed =
    failures.find(({ name }) => name === 'chain' && failures[0]?.name === 'trust') ?? failures[0];
  const check = failed?.name ?? 'structure';
  return {
    code: failed?.code ?? 'covenant_invalid',
    check,
    reason: `the covenant does not hold: its check "${check}" failed`,
    ...(failed === undefined ? {} : { detail: failed.message }),
    ...(failed?.unavailable === true ? { retryable: true } : {}),
    ...(covenant === undefined ? {} : { covenant }),
  };
}

function documentId(document: unknown): string | undefined {
  const id = claim(document, 'id');
  return typeof id === 'string' && id.length <= 128 ? id : undefined;
}

/** What a document that was not verified says of itself; nothing where that cannot even be read. */
function claim(document: unknown, name: 'id' | 'parent'): unknown {
  try {
    return (document as Partial<CovenantDocument> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}
