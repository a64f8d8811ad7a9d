/**
 * Reissues: the same promise under another key. A line is a covenant and its reissues, each of the one before. What
 * makes a reissue is here and nowhere else; a document that merely says so is a covenant of its own.
 */
import { canonicalizeJson } from '@stele/crypto';
import type { CovenantDocument } from '../types.js';
import type { Context } from './context.js';
import type { Facts } from './facts.js';
import { signatureProblem } from './key-status.js';
import { inactive, proofsExpired } from './times.js';

const MAX_LINE = 64;

/** What alone a reissue may have otherwise. `parent` is looked at apart. */
const FREE: ReadonlySet<string> = new Set([
  'id',
  'issuer',
  'createdAt',
  'nonce',
  'reissues',
  'parent',
  'proof',
]);

export type Covenant = Facts & { readonly document: CovenantDocument };

/** The first member that differs although a reissue must leave it as it is; undefined when there is none. */
export function changedMember(reissue: CovenantDocument, original: CovenantDocument): string | undefined {
  const members = new Set([...Object.keys(reissue), ...Object.keys(original)]) as Set<keyof CovenantDocument>;
  for (const name of members) {
    if (!FREE.has(name) && canonical(reissue[name]) !== canonical(original[name])) return name;
  }
  return (reissue.parent === undefined) === (original.parent === undefined) ? undefined : 'parent';
}

const canonical = (value: unknown): string | undefined =>
  value === undefined ? undefined : canonicalizeJson(value);

/**
 * Says why one covenant cannot stand in for another, both sound; undefined when it can. Throws where the status of a key
 * that might join them is not known.
 */
export async function strangeness(
  reissue: Covenant,
  original: Covenant,
  context: Context,
): Promise<string | undefined> {
  const [of, to] = [reissue.document, original.document];
  if (of.reissues !== to.id) return 'it reissues another covenant';
  const changed = changedMember(of, to);
  if (changed !== undefined) return `its ${changed} differs`;
  if (of.parent !== to.parent && !(await isInLine(of.parent as string, to.parent as string, context)))
    return 'its parent is neither the same nor a reissue of it';
  const apart = await unjoined(reissue, to, context);
  const { failure } = context.standings;
  // A reissue that only seems to be none would have its limits counted anew, and would be missed where it was revoked.
  if (apart !== undefined && failure !== undefined) throw new Error(failure);
  return apart;
}

/** Says why the issuer of one covenant has no right to make the promise of another again; undefined when it has. */
async function unjoined(
  reissue: Covenant,
  to: CovenantDocument,
  context: Context,
): Promise<string | undefined> {
  const of = reissue.document;
  if ((await context.standings.doubt(to.issuer.id)) !== undefined) {
    // Whoever took the key could have named any successor.
    return (await hasAnchor(reissue, to.issuer.id, context)) ? undefined : 'no trust anchor has signed it';
  }
  const { continuities } = context;
  if (await continuities.joins(to.issuer.id, of.issuer.id)) return undefined;
  return `its issuer is not joined to the issuer by continuity${await continuities.report([to.issuer.id])}`;
}

async function hasAnchor(reissue: Covenant, lost: string, { anchors, standings }: Context): Promise<boolean> {
  for (const did of reissue.signers) {
    if (did === lost || anchors?.has(did) !== true) continue;
    if ((await standings.of(did)).kind === 'good') return true;
  }
  return false;
}

/** True when the covenant of one id is a reissue, at any remove, of that of another. */
async function isInLine(id: string, firstId: string, context: Context): Promise<boolean> {
  const found = await sound(id, context);
  if (found === undefined) return false;
  const line = await context.lookups.line(id, () => lineBefore(found, context));
  return line.some(({ document }) => document?.id === firstId);
}

async function sound(id: string, { lookups }: Context): Promise<Covenant | undefined> {
  const facts = (await lookups.find(id))?.facts;
  return facts?.problems.size === 0 && facts.document?.id === id ? (facts as Covenant) : undefined;
}

/**
 * Those that a covenant stands in for, the first of its line first; empty for one that is no reissue of anything found.
 * Throws for a line that is too long.
 */
export async function lineBefore(covenant: Facts, context: Context): Promise<Covenant[]> {
  const { overflow } = context.continuities;
  // A line whose beginning cannot be found would have its limits counted anew.
  if (overflow !== undefined && covenant.document?.reissues !== undefined) throw new Error(overflow);
  const line: Covenant[] = [];
  for (let of = covenant as Covenant; of.document.reissues !== undefined; ) {
    const before = await sound(of.document.reissues, context);
    if (before === undefined || (await strangeness(of, before, context)) !== undefined) break;
    // Cut short, it would begin elsewhere, and its limits anew.
    if (line.length >= MAX_LINE) throw tooLong();
    line.unshift(before);
    of = before;
  }
  return line;
}

/** The reissues of a covenant, and theirs, that can stand in for it by their content and their issuers. */
export async function reissuesOf(covenant: Facts, context: Context): Promise<Covenant[]> {
  const line: Covenant[] = [];
  // One covenant may come with several sets of proofs; what follows it is the same.
  const seen = new Set<string>();
  let generation = [covenant as Covenant];
  for (let depth = 0; generation.length > 0; depth++) {
    if (depth > MAX_LINE) throw tooLong();
    const next: Covenant[] = [];
    for (const original of generation) {
      if (seen.has(original.document.id)) continue;
      seen.add(original.document.id);
      for (const reissue of (await context.lookups.reissues(original.document.id)) as Covenant[])
        if ((await strangeness(reissue, original, context)) === undefined) next.push(reissue);
    }
    line.push(...next);
    generation = next;
  }
  return line;
}

const tooLong = () => new Error(`a covenant was reissued more than ${MAX_LINE} times`);

/** The reissues of a covenant that hold now, by time and by keys. Whether they are revoked is asked elsewhere. */
export async function standIns(covenant: Facts, context: Context): Promise<Covenant[]> {
  if (!context.lookups.canFindReissues) return [];
  const holding: Covenant[] = [];
  for (const reissue of await reissuesOf(covenant, context)) {
    if (inactive(reissue, context) !== undefined || proofsExpired(reissue, context)) continue;
    if ((await signatureProblem(reissue, context)) === undefined) holding.push(reissue);
  }
  return holding;
}
