/** What a monitor or a client is told of keys over time, made ready for every verification. */
import {
  type Asked,
  type FindEvidence,
  type FindReissues,
  type RevocationLists,
  type VerifyOptions,
  verifyKeyContinuity,
  verifyRevocationList,
} from '@stele/core';
import type { CovenantStore } from '@stele/store';
import { reissuesIn, remembered } from './reissues-in.js';

/** A value that is read once, a function that is asked at each decision, or a keeper. */
export type Source<T> = Asked<T> | { readonly current: () => T | Promise<T> };

/** Finds evidence; what has `record` as well is told of the documents that a client issues and verifies. */
export interface EvidenceSource {
  readonly find: FindEvidence;
  readonly record?: (documents: readonly object[]) => Promise<void>;
}

/** What is known of keys beyond what a covenant says. */
export interface KeysOverTime {
  /** What is known of a signing key. */
  keyStatus?: VerifyOptions['keyStatus'];
  /** Revocation lists and whose they must be: the lists, a function, or a `RevocationListKeeper`. */
  revocationLists?: Source<RevocationLists>;
  /** Denies, `revocation_unknown`, unless every list issuer has a list that holds now and was not rolled back. */
  requireRevocationList?: boolean;
  /** Statements of continuity between keys: an array, a function, or a `ContinuityKeeper`. */
  continuity?: Source<readonly unknown[]>;
  /** Trusts the successors of the trust anchors, too. */
  followContinuity?: boolean;
  /** Finds evidence of signatures by keys that are retired now: a function, or an `EvidenceKeeper`. */
  evidence?: FindEvidence | EvidenceSource;
  /** Finds reissues of a covenant by its id. Not given: in the store, where one could count at all. */
  reissues?: FindReissues;
}

type Told = Pick<VerifyOptions, keyof KeysOverTime>;

/** The options in the form that `verifyCovenant` takes; keepers and functions are asked at each verification. */
export function told(keys: KeysOverTime, store: CovenantStore | undefined): Told {
  const { keyStatus, revocationLists, continuity, evidence } = keys;
  const { requireRevocationList, followContinuity } = keys;
  // A reissue counts by continuity, or by an anchor where a key is in doubt. Otherwise none need be looked for.
  const canCount = [keyStatus, revocationLists, continuity].some((each) => each !== undefined);
  const reissues = keys.reissues ?? (canCount && store !== undefined ? reissuesIn(store) : undefined);
  return {
    ...(keyStatus === undefined ? {} : { keyStatus }),
    ...(revocationLists === undefined ? {} : { revocationLists: asked(revocationLists) }),
    ...(requireRevocationList === undefined ? {} : { requireRevocationList }),
    ...(continuity === undefined ? {} : { continuity: asked(continuity) }),
    ...(followContinuity === undefined ? {} : { followContinuity }),
    ...(evidence === undefined ? {} : { evidence: finding(evidence) }),
    ...(reissues === undefined ? {} : { reissues }),
  };
}

/**
 * The same for a monitor: the signatures of given values are verified once, and the store is searched once a second at
 * most, so that decisions do not pay for it.
 */
export async function toldOnce(
  keys: KeysOverTime,
  store: CovenantStore | undefined,
  clock: () => number,
): Promise<Told> {
  const ready = told(keys, store);
  const { revocationLists, continuity, reissues } = ready;
  return {
    ...ready,
    ...(reissues === undefined || keys.reissues !== undefined
      ? {}
      : { reissues: remembered(reissues, clock) }),
    ...(isLists(revocationLists) ? { revocationLists: await verifiedLists(revocationLists) } : {}),
    ...(isStatements(continuity) ? { continuity: await Promise.all(continuity.map(verifiedStatement)) } : {}),
  };
}

/** The present value of a source. */
export async function presentValue<T>(source: Source<T>): Promise<T> {
  const ready = asked(source);
  return typeof ready === 'function' ? (ready as () => T | Promise<T>)() : ready;
}

function asked<T>(source: Source<T>): Asked<T> {
  const keeper = source as { readonly current?: () => T | Promise<T> } | null;
  return typeof keeper?.current === 'function'
    ? () => keeper.current?.() as T | Promise<T>
    : (source as Asked<T>);
}

function finding(evidence: FindEvidence | EvidenceSource): FindEvidence {
  return typeof evidence === 'function' ? evidence : (query) => evidence.find(query);
}

/** More than a verification takes are left as they are: it denies, and none is looked at. */
const MAX_LISTS = 64;
const MAX_STATEMENTS = 1_024;

function isLists(value: Asked<RevocationLists> | undefined): value is RevocationLists {
  if (typeof value !== 'object' || !Array.isArray(value?.lists)) return false;
  const { lists, refused = [] } = value;
  return Array.isArray(refused) && lists.length + refused.length <= MAX_LISTS;
}

function isStatements(value: Asked<readonly unknown[]> | undefined): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= MAX_STATEMENTS;
}

async function verifiedLists(given: RevocationLists): Promise<RevocationLists> {
  const { lists, refused } = given;
  return {
    ...given,
    lists: await Promise.all(lists.map(verifiedList)),
    ...(refused === undefined ? {} : { refused: await Promise.all(refused.map(verifiedList)) }),
  };
}

/** The copy that is recognised, where it is authentic; whether it is in force is asked at each decision. */
async function verifiedList(value: unknown): Promise<unknown> {
  return (await verifyRevocationList(value, { issuers: [] })).list ?? value;
}

async function verifiedStatement(value: unknown): Promise<unknown> {
  const { valid, continuity } = await verifyKeyContinuity(value);
  return valid ? continuity : value;
}
