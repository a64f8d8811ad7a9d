/** Everything that a store holds, in order of the ids. */
import type { CovenantDocument, Proof, RevocationDocument } from '@stele/core';
import { canonicalizeJson, type StoreError, sha256 } from '@stele/sdk';
import { type ApprovalRecord, type BackedStore, RECORD_KINDS } from '@stele/store';

export type Covenant = CovenantDocument;
export type Kind = 'covenant' | 'revocation' | 'approval';

/** So many requests for approval are in memory at a time. */
const BATCH = 32;

/** A document with the id of its record. */
export interface Entry {
  readonly kind: Kind;
  readonly id: string;
  readonly document: CovenantDocument | RevocationDocument | ApprovalRecord;
}

export interface CovenantEntry extends Entry {
  readonly kind: 'covenant';
  readonly document: CovenantDocument;
}

export interface RevocationEntry extends Entry {
  readonly kind: 'revocation';
  readonly document: RevocationDocument;
}

export interface ApprovalEntry extends Entry {
  readonly kind: 'approval';
  readonly document: ApprovalRecord;
}

/** Told of each record that cannot be read; the walk goes on. */
export type OnCorrupt = (error: StoreError) => void;

export async function* covenantsOf(store: BackedStore, onCorrupt: OnCorrupt): AsyncGenerator<CovenantEntry> {
  for await (const document of store.iterate({ onCorrupt }))
    yield { kind: 'covenant', id: document.id, document };
}

export async function* revocationsOf(
  store: BackedStore,
  onCorrupt: OnCorrupt,
): AsyncGenerator<RevocationEntry> {
  for await (const document of store.iterateRevocations({ onCorrupt })) {
    const id = `${document.covenant}/${sha256(canonicalizeJson(document))}`;
    yield { kind: 'revocation', id, document };
  }
}

export async function* approvalsOf(
  { approvals }: BackedStore,
  onCorrupt: OnCorrupt,
): AsyncGenerator<ApprovalEntry> {
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await approvals.list({ limit: BATCH, cursor, onCorrupt });
    for (const document of page.items) yield { kind: 'approval', id: document.request.id, document };
    cursor = page.nextCursor;
  }
}

/** What two stores have under one id. */
export interface Pair<T> {
  readonly id: string;
  readonly from: T | undefined;
  readonly to: T | undefined;
}

/** Walks two stores side by side, by ids in the same order; one entry of each is in memory. */
export async function* sideBySide<T extends { readonly id: string }>(
  from: AsyncGenerator<T>,
  to: AsyncGenerator<T>,
): AsyncGenerator<Pair<T>> {
  try {
    let [left, right] = [await step(from), await step(to)];
    while (left !== undefined || right !== undefined) {
      const isLeft = left !== undefined && (right === undefined || left.id <= right.id);
      const isRight = right !== undefined && (left === undefined || right.id <= left.id);
      const id = ((isLeft ? left : right) as T).id;
      yield { id, from: isLeft ? left : undefined, to: isRight ? right : undefined };
      if (isLeft) left = await step(from);
      if (isRight) right = await step(to);
    }
  } finally {
    await Promise.all([from.return(undefined), to.return(undefined)]);
  }
}

async function step<T>(walk: AsyncGenerator<T>): Promise<T | undefined> {
  const { done, value } = await walk.next();
  return done ? undefined : value;
}

/** The proofs of a covenant, however they were written. What a store hands out was not verified: they may be anything. */
export function proofsOf({ proof }: Covenant): readonly (Proof | null)[] {
  return Array.isArray(proof) ? proof : [proof];
}

/** How many records there are. */
export async function countAll({ backend }: BackedStore): Promise<number> {
  const counts = await Promise.all(RECORD_KINDS.map((kind) => backend.count(kind)));
  return counts.reduce<number>((sum, each = 0) => sum + each, 0);
}
