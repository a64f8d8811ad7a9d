/** Who may approve a request, and what those who have signed make of it. */
import { type ApprovalDocument, type Approvers, type KeyDoubt, verifyApproval } from '@stele/core';
import type { ApprovalRecord } from '@stele/store';
import type { Obligation } from '../decision.js';
import type { Governing } from './governing.js';

/** An obligation with the keys that count for it now. */
export interface Quorum {
  readonly obligation: Obligation;
  readonly keys: ReadonlySet<string>;
  readonly threshold: number;
}

/** Why an obligation cannot be met by signatures. */
export interface Refusal {
  readonly kind: 'refused';
  readonly obligation: Obligation;
  readonly reason: string;
  readonly detail?: string;
  readonly retryable?: boolean;
}

/** Those whom the covenant that states an obligation names for it, else those whom the host names. */
export function approversOf(
  { name, covenant }: Obligation,
  { links }: Governing,
  ofHost: Readonly<Record<string, Approvers>>,
): Approvers | undefined {
  const { approvers = {} } = links.find(({ document }) => document.id === covenant)?.document ?? {};
  // Own members only: an obligation may be named after something that every object inherits.
  if (Object.hasOwn(approvers, name)) return approvers[name];
  return Object.hasOwn(ofHost, name) ? ofHost[name] : undefined;
}

/**
 * The keys that count, for each obligation.
 * @param never who may not approve, whoever names them: the agent, those it was delegated through, whoever asked
 * @param doubts what is the matter with keys
 */
export function quorums(
  named: readonly (readonly [Obligation, Approvers])[],
  never: ReadonlySet<string>,
  doubts: ReadonlyMap<string, KeyDoubt>,
): readonly Quorum[] | Refusal {
  const all: Quorum[] = [];
  for (const [obligation, approvers] of named) {
    const keys = approvers.keys.filter((key) => !never.has(key) && !doubts.has(key));
    const { threshold } = approvers;
    if (keys.length < threshold) return tooFew(obligation, approvers, doubts);
    all.push({ obligation, keys: new Set(keys), threshold });
  }
  return all;
}

function tooFew(
  obligation: Obligation,
  { keys, threshold }: Approvers,
  doubts: ReadonlyMap<string, KeyDoubt>,
): Refusal {
  const found = keys.flatMap((key) => doubts.get(key) ?? []);
  return {
    kind: 'refused',
    obligation,
    reason: `${obligation.name} is required first, and too few are left who may give it`,
    detail: [`${threshold} must approve`, ...found.map(({ message }) => message)].join('; '),
    // Keys of which nothing could be found out may turn out to be good.
    retryable: found.some(({ unavailable }) => unavailable === true),
  };
}

/** What has been signed for a request. */
export type Answer =
  | { readonly kind: 'open' }
  | { readonly kind: 'denied'; readonly by: readonly string[] }
  | { readonly kind: 'approved'; readonly by: readonly string[] };

/**
 * A single denial by one who may approve prevails over all approvals.
 * @param onProblem told of a document in the store that does not verify; it counts for nothing
 */
export async function answerOf(
  { request, approval, denial }: ApprovalRecord,
  all: readonly Quorum[],
  { now, clockSkewMs, onProblem }: { now: number; clockSkewMs: number; onProblem: (error: unknown) => void },
): Promise<Answer> {
  async function signersOf(document: ApprovalDocument | undefined, verdict: 'approve' | 'deny') {
    if (document === undefined) return [];
    const found = await verifyApproval(document, { request, now: new Date(now), clockSkewMs });
    if (found.valid) return found.document.verdict === verdict ? found.signers : [];
    onProblem(new Error(`what was signed for ${request.id} does not count: ${found.reason}`));
    return [];
  }
  const may = (key: string) => all.some(({ keys }) => keys.has(key));
  const against = (await signersOf(denial, 'deny')).filter(may);
  if (against.length > 0) return { kind: 'denied', by: against };
  const by = [...new Set(await signersOf(approval, 'approve'))].filter(may);
  const isMet = ({ keys, threshold }: Quorum) => by.filter((key) => keys.has(key)).length >= threshold;
  return all.every(isMet) ? { kind: 'approved', by } : { kind: 'open' };
}
