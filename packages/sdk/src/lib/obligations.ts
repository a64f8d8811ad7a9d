import type { Obligation } from '../decision.js';
import type { ObligationHandler } from '../monitor.js';
import type { Judged } from './charging.js';
import type { Snapshot } from './request.js';
import { denied, type Verdict } from './verdict.js';

/** Every obligation that applies, over all covenants. */
export function obligationsOf(judged: readonly Judged[]): Obligation[] {
  return judged.flatMap(({ link, evaluation }) =>
    evaluation.obligations.map(({ name, line }) => ({ name, line, covenant: link.document.id })),
  );
}

/**
 * Meets the obligations one after the other, stopping at the first that stays unmet.
 * @returns the verdict when they are not all met, undefined when they are
 */
export async function meetObligations(
  obligations: readonly Obligation[],
  handlers: Readonly<Record<string, ObligationHandler>>,
  request: Snapshot,
): Promise<Verdict | undefined> {
  const pending: Obligation[] = [];
  for (const obligation of obligations) {
    const answer = await meet(obligation, handlers, request);
    if (answer === 'unmet') return unmet(obligation);
    if (answer === 'pending') pending.push(obligation);
  }
  if (pending.length === 0) return undefined;
  const [first] = pending as [Obligation];
  return { ...denied('obligation_pending', `${first.name} is awaited`, first), pending };
}

async function meet(
  obligation: Obligation,
  handlers: Readonly<Record<string, ObligationHandler>>,
  request: Snapshot,
): Promise<'met' | 'pending' | 'unmet'> {
  // An own member only: an obligation may be named after something that every object inherits.
  const handler = Object.hasOwn(handlers, obligation.name) ? handlers[obligation.name] : undefined;
  if (typeof handler !== 'function') return 'unmet';
  try {
    const answer: unknown = await handler(request, obligation);
    if (answer === true) return 'met';
    return answer === 'pending' ? 'pending' : 'unmet';
  } catch {
    return 'unmet';
  }
}

function unmet({ name, covenant }: Obligation): Verdict {
  return denied('obligation_unmet', `${name} is required first and was not met`, { covenant });
}
