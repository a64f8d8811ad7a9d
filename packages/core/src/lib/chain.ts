import type { CovenantDocument } from '../types.js';
import { establish, type Facts } from './facts.js';
import { MAX_CHAIN } from './structure.js';
import { verdictOf } from './verified.js';

/** Finds a covenant by its id, in a store or anywhere else; undefined when it is not there. */
export type Resolve = (id: string) => CovenantDocument | undefined | Promise<CovenantDocument | undefined>;

export interface Climb {
  /** The ancestors that were found, the root first; the covenant itself is not among them. */
  readonly ancestors: readonly Facts[];
  /** What is wrong with the chain, if anything is. */
  readonly problem?: string;
  /** True when a lookup failed: the chain may be sound. */
  readonly unavailable?: true;
  /** True when the root is one that the host had verified itself and handed over as such. */
  readonly vouched: boolean;
}

/**
 * Follows `parent` up to the root. Ids are hashes of content that holds the parent's id, so a chain cannot have a
 * cycle; its length is bounded all the same.
 */
export async function climb(leaf: Facts, resolve: Resolve | undefined): Promise<Climb> {
  const ancestors: Facts[] = [];
  let vouched = false;
  let child = leaf;
  for (let id = leaf.document?.parent; id !== undefined; id = child.document?.parent) {
    const stop = (problem: string): Climb => ({ ancestors, problem, vouched: false });
    if (ancestors.length + 1 >= MAX_CHAIN) return stop(`the chain is longer than ${MAX_CHAIN}`);
    if (resolve === undefined) return stop(`the parent ${id} cannot be looked up: no resolver was given`);
    const found = await resolve(id);
    if (found === undefined || found === null) return stop(`the parent ${id} was not found`);
    const verdict = verdictOf(found);
    const parent = verdict?.links.at(-1) ?? (await establish(found));
    const problem = ancestorProblem(id, parent) ?? linkProblem(child as Link, parent as Link);
    if (problem !== undefined) return stop(problem);
    ancestors.unshift(parent);
    vouched = verdict !== undefined;
    child = parent;
  }
  return { ancestors, vouched };
}

function ancestorProblem(id: string, parent: Facts): string | undefined {
  const [failed] = parent.problems;
  if (failed !== undefined) return `the parent ${id} fails ${failed[0]}: ${failed[1]}`;
  return parent.document?.id === id
    ? undefined
    : `the parent ${id} was asked for, another covenant was found`;
}

type Link = { document: Omit<CovenantDocument, 'proof'>; start: number; end: number };

/** What forbids `child` to stand under `parent`, both of sound structure; undefined when nothing does. */
export function linkProblem(child: Link, parent: Link): string | undefined {
  const { document: of } = child;
  const { document: under } = parent;
  if (of.issuer.id !== under.beneficiary.id) return 'the issuer is not the beneficiary of the parent';
  const allowed = under.delegation?.maxDepth ?? 0;
  if (allowed < 1) return 'the parent does not allow delegation';
  const asked = of.delegation?.maxDepth ?? 0;
  if (asked >= allowed)
    return `delegation.maxDepth is ${asked}, under a parent's ${allowed} it must be smaller`;
  if (child.start < parent.start) return 'it becomes active before its parent does';
  if (child.end > parent.end) return 'it ends after its parent does';
  return undefined;
}
