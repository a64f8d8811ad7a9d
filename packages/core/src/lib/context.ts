/** All that a verification is told besides the document. */
import { Continuities } from './continuities.js';
import { messageOf } from './facts.js';
import { type KeyLookup, KeyStandings } from './key-standings.js';
import { Lists, type RevocationLists } from './lists.js';
import { type FindReissues, Lookups, type Resolve } from './lookups.js';
import { timing } from './time.js';

/** What proves that a signature existed at a time. A kind that is not known here proves nothing. */
export interface SignatureEvidence {
  /**
   * `record`: the verifier's own record of these exact bytes, of a moment when it verified them. `witnessed`: a log held
   * their digest under a checkpoint that enough of the configured witnesses had cosigned.
   */
  readonly kind: 'record' | 'witnessed';
  /** When the record was made, by the verifier's own clock; or the latest moment of those cosignatures. */
  readonly at: Date;
}

/** What evidence is asked for. */
export interface EvidenceQuery {
  /** SHA-256, in hex, of the canonical form of the whole document, its proofs included (`documentDigest`). */
  readonly digest: string;
  /** The retired key whose signature is in question. */
  readonly publicKeyHex: string;
  /** The moment before which the signature must have existed. */
  readonly retiredAt: Date;
}

export type FindEvidence = (
  query: EvidenceQuery,
) => SignatureEvidence | undefined | Promise<SignatureEvidence | undefined>;

/** A value, or a function that is asked for it at each verification. What hangs on it is denied when that fails. */
export type Asked<T> = T | (() => T | Promise<T>);

export interface VerifyOptions {
  /**
   * did:keys that are trusted to issue, or to stand at the root of a chain. Not given: a document that the host hands
   * over itself is vouched for by the host; a chain that had to be fetched is not accepted. An empty list trusts nobody.
   */
  trust?: readonly string[];
  /** The time to verify at; the present when not given. */
  now?: Date;
  /** How far the clocks of issuer and verifier may differ, in milliseconds; 60,000 when not given. */
  clockSkewMs?: number;
  /** Finds a parent by id. A chain whose parent cannot be found is invalid, never taken for a root. */
  resolve?: Resolve;
  /** Finds what is there of revocations for a covenant id. If it throws, the covenant is not relied on. */
  revocations?: (id: string) => readonly unknown[] | Promise<readonly unknown[]>;
  /** did:keys whose countersignatures this verifier demands besides those that the document itself names. */
  countersigners?: readonly string[];
  /** What is known of a key, by its public key in hex; undefined for a key of which nothing is known. */
  keyStatus?: KeyLookup;
  /** Finds evidence that a signature by a key that is retired now existed before. Without it such a signature does not count. */
  evidence?: FindEvidence;
  /** Statements of continuity, of any keys, in any order: who may act as the successor of a key. At most 1,024. */
  continuity?: Asked<readonly unknown[]>;
  /** Trusts the successors of the trust anchors, too. Only `true` does. */
  followContinuity?: boolean;
  /** Finds reissues of a covenant: one can stand in for an ancestor whose key signs for nothing any more. */
  reissues?: FindReissues;
  /** The revocation lists that are there, and the list issuers. */
  revocationLists?: Asked<RevocationLists>;
  /** Denies unless the newest list of every list issuer is there, is not older than one seen before, and holds now. */
  requireRevocationList?: boolean;
}

/** The options, made ready. */
export interface Context {
  readonly now: number;
  readonly skew: number;
  readonly options: VerifyOptions;
  /** The trust anchors and, where they are to be followed, their successors; undefined when none were given. */
  readonly anchors: ReadonlySet<string> | undefined;
  /** Those of them, and of whoever followed them in any way, who may revoke. */
  readonly revokers: ReadonlySet<string>;
  readonly standings: KeyStandings;
  readonly continuities: Continuities;
  readonly lists: Lists;
  readonly lookups: Lookups;
  /** Why the revocation lists that are required cannot be relied on. */
  readonly shortfall: string | undefined;
}

/** @throws TypeError or RangeError for options of the wrong type */
export async function contextOf(options: VerifyOptions): Promise<Context> {
  checkTypes(options);
  const time = timing(options);
  const { trust, continuity, keyStatus, revocationLists, resolve, reissues } = options;
  // Nothing is made where there is nothing: a monitor comes this way at each decision.
  const lists = revocationLists === undefined ? Lists.none : await listsOf(revocationLists);
  const standings: KeyStandings =
    keyStatus === undefined && lists.isEmpty
      ? KeyStandings.none
      : new KeyStandings(keyStatus, (did) => lists.key(did, revokers, continuities));
  const continuities =
    continuity === undefined ? Continuities.none : await continuitiesOf(continuity, standings);
  const lookups =
    resolve === undefined && reissues === undefined ? Lookups.none : new Lookups(resolve, reissues);
  const given = new Set(trust);
  const follows = options.followContinuity === true;
  // A right to revoke may go to all who ever followed: what a thief could do with it is to revoke what was stolen.
  const revokers = follows ? await continuities.heirs(given) : given;
  const anchors = follows ? await followed(given, continuities) : given;
  const shortfall =
    options.requireRevocationList === true ? await lists.shortfall(time, standings) : undefined;
  return {
    now: time.now,
    skew: time.skew,
    options,
    standings,
    continuities,
    lists,
    lookups,
    revokers,
    anchors: trust === undefined ? undefined : anchors,
    shortfall,
  };
}

async function followed(anchors: ReadonlySet<string>, continuities: Continuities): Promise<Set<string>> {
  const all = new Set<string>();
  for (const did of anchors) for (const key of (await continuities.follow(did)).keys) all.add(key);
  return all;
}

async function listsOf(asked: Asked<RevocationLists>): Promise<Lists> {
  if (typeof asked !== 'function') return Lists.of(asked);
  try {
    const given: unknown = await asked();
    checkLists(given);
    return await Lists.of(given);
  } catch (error) {
    return Lists.unavailable(`the revocation lists cannot be looked up: ${messageOf(error)}`);
  }
}

async function continuitiesOf(
  asked: Asked<readonly unknown[]>,
  standings: KeyStandings,
): Promise<Continuities> {
  if (typeof asked !== 'function') return Continuities.of(asked, standings);
  try {
    const given: unknown = await asked();
    mustBeArray('continuity', given ?? null);
    return Continuities.of(given as readonly unknown[], standings);
  } catch (error) {
    return Continuities.unavailable(`the statements of continuity cannot be looked up: ${messageOf(error)}`);
  }
}

/** @throws TypeError for options of the wrong type */
export function checkTypes(options: VerifyOptions): void {
  mustBeArray('trust', options.trust);
  mustBeArray('countersigners', options.countersigners);
  if (typeof options.continuity !== 'function') mustBeArray('continuity', options.continuity);
  mustBeBoolean('followContinuity', options.followContinuity);
  mustBeBoolean('requireRevocationList', options.requireRevocationList);
  const { revocationLists } = options;
  if (revocationLists !== undefined && typeof revocationLists !== 'function') checkLists(revocationLists);
}

function checkLists(value: unknown): asserts value is RevocationLists {
  const { issuers = null, lists = null, refused } = (value ?? {}) as Partial<RevocationLists>;
  mustBeArray('revocationLists.issuers', issuers);
  mustBeArray('revocationLists.lists', lists);
  mustBeArray('revocationLists.refused', refused);
}

function mustBeArray(name: string, value: unknown): void {
  if (value !== undefined && !Array.isArray(value)) throw new TypeError(`${name} must be an array`);
}

function mustBeBoolean(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean`);
}
