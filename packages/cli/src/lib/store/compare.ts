/** Whether two stores hold the same. */
import { canonicalizeJson } from '@stele/sdk';
import type { ApprovalRecord, BackedStore } from '@stele/store';
import {
  approvalsOf,
  type Covenant,
  covenantsOf,
  type Entry,
  type OnCorrupt,
  type Pair,
  proofsOf,
  revocationsOf,
  sideBySide,
} from './walk.js';

export type Difference = 'only_in_source' | 'only_in_target' | 'states_differ' | 'proofs_differ';

export interface CompareHooks {
  readonly onDifference: (entry: Pick<Entry, 'kind' | 'id'>, difference: Difference) => void;
  /** Told of records that cannot be read; neither store is equal to anything with one. */
  readonly onCorruptFrom: OnCorrupt;
  readonly onCorruptTo: OnCorrupt;
  readonly onProgress: (done: number) => void;
}

/** Walks both stores anew and compares every document in canonical form; proofs are a set, in no order. */
export async function compareStores(from: BackedStore, to: BackedStore, hooks: CompareHooks): Promise<void> {
  const { onCorruptFrom, onCorruptTo } = hooks;
  const kinds: AsyncGenerator<Pair<Entry>>[] = [
    sideBySide<Entry>(revocationsOf(from, onCorruptFrom), revocationsOf(to, onCorruptTo)),
    sideBySide<Entry>(approvalsOf(from, onCorruptFrom), approvalsOf(to, onCorruptTo)),
    sideBySide<Entry>(covenantsOf(from, onCorruptFrom), covenantsOf(to, onCorruptTo)),
  ];
  let done = 0;
  for (const pairs of kinds)
    for await (const pair of pairs) {
      const difference = differenceOf(pair);
      if (difference !== undefined) hooks.onDifference((pair.from ?? pair.to) as Entry, difference);
      hooks.onProgress(++done);
    }
}

function differenceOf({ from, to }: Pair<Entry>): Difference | undefined {
  if (to === undefined) return 'only_in_source';
  if (from === undefined) return 'only_in_target';
  if (from.kind === 'approval' && stateOf(from) !== stateOf(to)) return 'states_differ';
  return canonicalOf(from) === canonicalOf(to) ? undefined : 'proofs_differ';
}

const stateOf = ({ document }: Entry) => (document as ApprovalRecord).state;

function canonicalOf({ kind, document }: Entry): string {
  if (kind === 'revocation') return canonicalizeJson(document);
  if (kind === 'approval') {
    const { request, approval, denial } = document as ApprovalRecord;
    return canonicalizeJson([
      request.id,
      ...[approval, denial].map((each) => sortedProofs(each?.proof ?? [])),
    ]);
  }
  const covenant = document as Covenant;
  return canonicalizeJson({ ...covenant, proof: sortedProofs(proofsOf(covenant)) });
}

const sortedProofs = (proofs: readonly unknown[]): string[] =>
  proofs.map((proof) => canonicalizeJson(proof)).sort();
