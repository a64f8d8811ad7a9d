import type { Request } from './evaluate.js';
import { checkNarrowing } from './narrowing.js';
import type { Policy } from './policy.js';
import { firstOf, type ProofOptions, Prover, withinBudget } from './prove/prover.js';

/** What an edit changes. Without any member it is proved that both permit the same requests. */
export interface Difference {
  /** Denied before, permitted after. */
  readonly newlyPermitted?: Request;
  /** Permitted before, denied after. */
  readonly newlyDenied?: Request;
  /** Why one of them could be neither found nor excluded. */
  readonly unknown?: string;
}

/**
 * Finds a request that is permitted after an edit and was not before, and one that was and is no longer. Limits and
 * obligations do not count here: `checkNarrowing` compares them.
 * @throws TypeError if `compile` did not make both policies
 * @throws RangeError if the budget, which holds for each direction, is no whole number above 0
 */
export function diff(before: Policy, after: Policy, options: ProofOptions = {}): Difference {
  const find = (permitting: Policy, denying: Policy) => {
    const prover = new Prover(options);
    return withinBudget(() =>
      firstOf(
        [() => prover.denied(permitting, denying), () => prover.unmeasurable(permitting, denying)],
        (step) => step(),
      ),
    );
  };
  const [gained, lost] = [find(after, before), find(before, after)];
  const doubts = [gained, lost].flatMap((finding) =>
    finding && 'because' in finding ? [finding.because] : [],
  );
  return {
    ...(gained && 'found' in gained && { newlyPermitted: gained.found }),
    ...(lost && 'found' in lost && { newlyDenied: lost.found }),
    ...(doubts.length > 0 && { unknown: [...new Set(doubts)].join('; ') }),
  };
}

/**
 * Whether either policy can stand in for the other: both permit the same requests, with the same obligations and with
 * limits that hold each other.
 * @throws TypeError if `compile` did not make both policies
 * @throws RangeError if the budget, which holds for each direction, is no whole number above 0
 */
export function equivalent(left: Policy, right: Policy, options: ProofOptions = {}): boolean | 'unknown' {
  const directions = [checkNarrowing(left, right, options), checkNarrowing(right, left, options)];
  if (directions.some(({ narrows }) => narrows === false)) return false;
  return directions.every(({ narrows }) => narrows === true) ? true : 'unknown';
}
