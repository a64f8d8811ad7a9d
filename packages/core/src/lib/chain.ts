import type { CovenantDocument } from '../types.js';
import type { Context } from './context.js';
import type { Facts } from './facts.js';
import { lineBefore } from './lines.js';
import { MAX_CHAIN } from './structure.js';

export interface Climb {
  /** The covenant itself, with its line. */
  readonly leaf: Facts;
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
export async function climb(document: Facts, context: Context): Promise<Climb> {
  const ancestors: Facts[] = [];
  const leaf = await inLine(document, context);
  let vouched = false;
  let child = leaf;
  for (let id = leaf.document?.parent; id !== undefined; id = child.document?.parent) {
    const stop = (problem: string): Climb => ({ leaf, ancestors, problem, vouched: false });
    if (ancestors.length + 1 >= MAX_CHAIN) return stop(`the chain is longer than ${MAX_CHAIN}`);
    if (!context.lookups.canResolve)
      return stop(`the parent ${id} cannot be looked up: no resolver was given`);
    const found = await context.lookups.find(id);
    if (found === undefined) return stop(`the parent ${id} was not found`);
    const problem = ancestorProblem(id, found.facts);
    if (problem !== undefined) return stop(problem);
    const parent = await inLine(found.facts, context);
    const forbidden = linkProblem(child as Link, sinceFirst(parent) as Link);
    if (forbidden !== undefined) return stop(forbidden);
    ancestors.unshift(parent);
    vouched = found.vouched;
    child = parent;
  }
  return { leaf, ancestors, vouched };
}

async function inLine(facts: Facts, context: Context): Promise<Facts> {
  if (facts.document?.reissues === undefined || facts.line !== undefined || facts.problems.size > 0)
    return facts;
  const line = await lineBefore(facts, context);
  return line.length === 0 ? facts : { ...facts, line };
}

/** A reissue is the same promise: what stood under the first of its line stands under it. */
function sinceFirst(facts: Facts): Facts {
  const first = facts.line?.[0];
  return first === undefined ? facts : { ...facts, start: Math.min(first.start, facts.start) };
}

/** Says which covenant was issued by neither the beneficiary of its parent nor a successor of that key, if one was. */
export async function heirProblem(links: readonly Facts[], context: Context): Promise<string | undefined> {
  for (let i = 1; i < links.length; i++) {
    const [parent, child] = [links[i - 1], links[i]] as [Link, Link];
    if (child.document.issuer.id === parent.document.beneficiary.id) continue;
    const problem = await issuerProblem(child.document, parent.document, context.continuities);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What forbids the issuer of `child` to delegate from `parent`; undefined when nothing does. */
export async function issuerProblem(
  child: Pick<CovenantDocument, 'issuer'>,
  parent: Pick<CovenantDocument, 'beneficiary'>,
  continuities: Context['continuities'],
): Promise<string | undefined> {
  const { id } = parent.beneficiary;
  if (await continuities.joins(id, child.issuer.id)) return undefined;
  return `the issuer is not the beneficiary of the parent${await continuities.report([id])}`;
}

function ancestorProblem(id: string, parent: Facts): string | undefined {
  const [failed] = parent.problems;
  if (failed !== undefined) return `the parent ${id} fails ${failed[0]}: ${failed[1]}`;
  return parent.document?.id === id
    ? undefined
    : `the parent ${id} was asked for, another covenant was found`;
}

type Link = { document: Omit<CovenantDocument, 'proof'>; start: number; end: number };

/** What forbids `child` to stand under `parent`, whoever issued it; both are of sound structure. */
export function linkProblem(child: Link, parent: Link): string | undefined {
  const { document: of } = child;
  const { document: under } = parent;
  const allowed = under.delegation?.maxDepth ?? 0;
  if (allowed < 1) return 'the parent does not allow delegation';
  const asked = of.delegation?.maxDepth ?? 0;
  if (asked >= allowed)
    return `delegation.maxDepth is ${asked}, under a parent's ${allowed} it must be smaller`;
  if (child.start < parent.start) return 'it becomes active before its parent does';
  if (child.end > parent.end) return 'it ends after its parent does';
  return undefined;
}
