import type { ActionRequest, Obligation } from '../decision.js';
import type { Judged } from './charging.js';
import type { Governing } from './governing.js';
import type { Snapshot } from './request.js';
import { decidedBy, denied, type Verdict } from './verdict.js';

/**
 * Sees to it that an obligation is met, for example by asking a person. `'pending'` says that it is awaited: the request
 * is not permitted now and may be made again. Anything but `true` and `'pending'`, and a throw, leaves it unmet.
 */
export type ObligationHandler = (
  request: ActionRequest,
  obligation: Obligation,
) => boolean | 'pending' | Promise<boolean | 'pending'>;

const NONE: readonly never[] = Object.freeze([]);

/** Every obligation that applies, over all covenants. */
export function obligationsOf(judged: readonly Judged[]): readonly Obligation[] {
  // Of most requests nothing is required.
  if (!judged.some(({ evaluation }) => evaluation.obligations.length > 0)) return NONE;
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
  governing: Governing,
): Promise<Verdict | undefined> {
  const pending: Obligation[] = [];
  for (const obligation of obligations) {
    const answer = await meet(obligation, handlers, request);
    if (answer === 'unmet') return unmet(obligation, governing);
    if (answer === 'pending') pending.push(obligation);
  }
  if (pending.length === 0) return undefined;
  const [first] = pending as [Obligation];
  return {
    ...denied('obligation_pending', `${first.name} is awaited`),
    ...required(first, governing),
    pending,
  };
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

/** The verdict on an obligation that nothing will meet, with the reason. */
export const unmet = (
  obligation: Obligation,
  governing: Governing,
  reason = `${obligation.name} is required first and was not met`,
  more: Parameters<typeof denied>[2] = {},
): Verdict => ({ ...denied('obligation_unmet', reason, more), ...required(obligation, governing) });

/** The verdict on the first obligation that has no handler, if there is one. */
export function unhandled(
  obligations: readonly Obligation[],
  handlers: Readonly<Record<string, ObligationHandler>>,
  governing: Governing,
): Verdict | undefined {
  const without = obligations.find(
    ({ name }) => !Object.hasOwn(handlers, name) || typeof handlers[name] !== 'function',
  );
  return without && unmet(without, governing);
}

/** The line that requires it. */
export const required = ({ covenant, line }: Obligation, governing: Governing) =>
  decidedBy({ covenant, line, kind: 'require' }, governing);
