/** What the clock says of one covenant. */
import type { Context } from './context.js';
import type { Facts } from './facts.js';

type Clock = Pick<Context, 'now' | 'skew'>;

/** Says why a covenant does not hold at this time, if it does not. */
export function inactive(facts: Facts, { now, skew }: Clock): string | undefined {
  if (!(now >= facts.start - skew)) return `not active before ${new Date(facts.start).toISOString()}`;
  if (!(now < facts.end + skew)) return `expired at ${new Date(facts.end).toISOString()}`;
  return facts.createdAt <= now + skew ? undefined : 'created in the future';
}

/** True when one of its proofs, the issuer's or another, has expired. */
export function proofsExpired(facts: Facts, { now, skew }: Clock): boolean {
  return now >= Math.min(facts.issuerExpires, facts.othersExpire) + skew;
}
