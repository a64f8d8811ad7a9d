/** What a process does with a store, one write after the other, and what must be there after each. */
import assert from 'node:assert/strict';
import type { CovenantDocument, RevocationDocument } from '@stele/core';
import { canonicalizeJson } from '@stele/crypto';
import type { BackedStore, StoreWithBackend } from '../../src/index.js';

/** A store that tells all it holds. */
export type WholeStore = StoreWithBackend & Pick<BackedStore, 'iterateRevocations'>;

/** One write: a put, a batch, a deletion, a revocation, or a transaction of several of these. Plain JSON. */
export interface Step {
  readonly puts?: readonly CovenantDocument[];
  readonly deletes?: readonly string[];
  readonly revocation?: RevocationDocument;
}

export async function perform(store: WholeStore, step: Step): Promise<void> {
  const { puts = [], deletes = [], revocation } = step;
  const [put] = puts;
  if (Object.keys(step).length > 1) {
    await store.transaction(async (tx) => {
      for (const covenant of puts) await tx.put(covenant);
      for (const id of deletes) await tx.delete(id);
      if (revocation !== undefined) await tx.putRevocation(revocation);
    });
  } else if (revocation !== undefined) await store.putRevocation(revocation);
  else if (deletes.length > 0) await store.deleteBatch(deletes);
  else if (puts.length === 1 && put !== undefined) await store.put(put);
  else await store.putBatch(puts);
}

/** The documents of a store, whole, in no order that matters. */
type State = ReadonlySet<string>;

/** What is there before the first step, and after each. */
export function statesOf(steps: readonly Step[]): State[] {
  const covenants = new Map<string, string>();
  const revocations = new Set<string>();
  const state = () => new Set([...covenants.values(), ...revocations]);
  return [
    state(),
    ...steps.map(({ puts = [], deletes = [], revocation }) => {
      for (const covenant of puts) covenants.set(covenant.id, canonicalizeJson(covenant));
      for (const id of deletes) covenants.delete(id);
      if (revocation !== undefined) revocations.add(canonicalizeJson(revocation));
      return state();
    }),
  ];
}

async function stateOf(store: WholeStore): Promise<State> {
  const found = new Set<string>();
  const issuers = new Map<string, number>();
  for await (const covenant of store.iterate()) {
    found.add(canonicalizeJson(covenant));
    issuers.set(covenant.issuer.id, (issuers.get(covenant.issuer.id) ?? 0) + 1);
  }
  // The index tells of the same.
  for (const [issuer, count] of issuers) assert.equal(await store.count({ issuer }), count);
  for await (const revocation of store.iterateRevocations()) found.add(canonicalizeJson(revocation));
  return found;
}

/**
 * Asserts that a store that can be written to has all of so many steps, and the next one as a whole or not at all.
 * @returns how many it has
 */
export async function assertSteps(
  store: WholeStore,
  states: readonly State[],
  done: number,
): Promise<number> {
  // In files the next write finishes what was begun, and a probe is one.
  await store.probe();
  const found = await stateOf(store);
  const at = [done, done + 1].find((n) => states[n] !== undefined && isSame(states[n], found));
  assert.notEqual(at, undefined, `${found.size} documents, after ${done} of ${states.length - 1} steps`);
  return at as number;
}

/** Asserts that a store that cannot be written to can be read: what was to stay is there, and nothing else but what was to come. */
export async function assertReadable(
  store: WholeStore,
  states: readonly State[],
  done: number,
): Promise<void> {
  const found = await stateOf(store);
  const [before, after] = [states[done] as State, states[done + 1] ?? (states[done] as State)];
  for (const text of before) assert.ok(found.has(text) || !after.has(text), 'a document is lost');
  for (const text of found) assert.ok(before.has(text) || after.has(text), 'a document came back');
}

const isSame = (a: State, b: State): boolean => a.size === b.size && [...a].every((text) => b.has(text));
