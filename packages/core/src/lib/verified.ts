import type { Policy } from '@stele/ccl';
import type { CheckName, CheckResult, CovenantDocument } from '../types.js';
import type { Facts } from './facts.js';

declare const verified: unique symbol;

/**
 * A covenant that `verifyCovenant` has passed: a deep-frozen copy of the document with its compiled rules. Only
 * `verifyCovenant` makes one, and it is recognised at run time by identity, so no cast and no look-alike replaces it.
 * Its JSON form is the document.
 */
export type VerifiedCovenant = Readonly<CovenantDocument> & {
  readonly [verified]: true;
  /** The compiled constraints. */
  readonly policy: Policy;
  /** Every covenant of its chain, the root first, itself last. */
  readonly chain: readonly ChainLink[];
};

/** One covenant of a verified chain. */
export interface ChainLink {
  readonly document: Readonly<CovenantDocument>;
  readonly policy: Policy;
  /** The id of the first covenant of its line: its own, unless it is a reissue. Count its limits by this. */
  readonly line: string;
}

/** What is remembered of a verified covenant: everything that time, revocation and key status cannot change. */
export interface Verdict {
  /** The facts of each covenant in the chain, the root first. */
  readonly links: readonly Facts[];
  /** The results of the checks that stay as they are. */
  readonly settled: ReadonlyMap<CheckName, CheckResult>;
  readonly chain: readonly ChainLink[];
}

// A private field and not a WeakMap: it costs nothing to look at and nothing to collect.
class Verified {
  readonly #verdict: Verdict;

  constructor(document: Readonly<CovenantDocument>, verdict: Verdict) {
    this.#verdict = verdict;
    Object.freeze(Object.assign(this, document));
  }

  // Inherited, so that the own members, and with them the JSON form, stay those of the signed document.
  get policy(): Policy {
    return this.#leaf.policy;
  }

  get chain(): readonly ChainLink[] {
    return this.#verdict.chain;
  }

  get #leaf(): ChainLink {
    return this.#verdict.chain[this.#verdict.chain.length - 1] as ChainLink;
  }

  static verdictOf(value: unknown): Verdict | undefined {
    return typeof value === 'object' && value !== null && #verdict in value ? value.#verdict : undefined;
  }
}

// Whoever reached the class through what it made could make one that nothing was ever verified for.
Reflect.deleteProperty(Verified.prototype, 'constructor');
Object.freeze(Verified.prototype);

/** True for an object that `verifyCovenant` returned as `covenant`, in this copy of the package. */
export function isVerifiedCovenant(value: unknown): value is VerifiedCovenant {
  return Verified.verdictOf(value) !== undefined;
}

/**
 * The id of the first covenant of the line that a covenant belongs to: its own, unless it is a reissue. Limits that are
 * counted by this go on counting when a key is rotated.
 */
export function lineOf(covenant: VerifiedCovenant): string {
  const link = covenant.chain[covenant.chain.length - 1] as ChainLink;
  return link.line;
}

export function verdictOf(value: unknown): Verdict | undefined {
  return Verified.verdictOf(value);
}

/** Makes the verified covenant of the last link, and remembers its verdict. Every link has passed its own checks. */
export function brand(links: readonly Facts[], settled: Verdict['settled']): VerifiedCovenant {
  const chain = links.map(({ document, policy, line }) => {
    const first = (line?.[0] ?? { document }).document?.id;
    return Object.freeze({ document, policy, line: first }) as ChainLink;
  });
  const leaf = chain[chain.length - 1] as ChainLink;
  return new Verified(leaf.document, {
    links,
    settled,
    chain: Object.freeze(chain),
  }) as unknown as VerifiedCovenant;
}
