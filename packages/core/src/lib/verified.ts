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
}

/** What is remembered of a verified covenant: everything that time, revocation and key status cannot change. */
export interface Verdict {
  /** The facts of each covenant in the chain, the root first. */
  readonly links: readonly Facts[];
  /** The results of the checks that stay as they are. */
  readonly settled: ReadonlyMap<CheckName, CheckResult>;
  readonly chain: readonly ChainLink[];
}

const verdicts = new WeakMap<object, Verdict>();

/** True for an object that `verifyCovenant` returned as `covenant`, in this copy of the package. */
export function isVerifiedCovenant(value: unknown): value is VerifiedCovenant {
  return typeof value === 'object' && value !== null && verdicts.has(value);
}

export function verdictOf(value: unknown): Verdict | undefined {
  return typeof value === 'object' && value !== null ? verdicts.get(value) : undefined;
}

// Inherited, so that the own members, and with them the JSON form, stay those of the signed document.
const prototype = Object.freeze({
  get policy(): Policy | undefined {
    return verdictOf(this)?.links.at(-1)?.policy;
  },
  get chain(): readonly ChainLink[] | undefined {
    return verdictOf(this)?.chain;
  },
});

/** Makes the verified covenant of the last link, and remembers its verdict. Every link has passed its own checks. */
export function brand(links: readonly Facts[], settled: Verdict['settled']): VerifiedCovenant {
  const chain = links.map(({ document, policy }) => Object.freeze({ document, policy }) as ChainLink);
  const leaf = chain[chain.length - 1] as ChainLink;
  const covenant = Object.freeze({ __proto__: prototype, ...leaf.document }) as unknown as VerifiedCovenant;
  verdicts.set(covenant, { links, settled, chain: Object.freeze(chain) });
  return covenant;
}
