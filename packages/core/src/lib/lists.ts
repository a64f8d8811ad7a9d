/** Revocation lists: reading one, and what several of them, side by side, say. */
import { toHex } from '@stele/crypto';
import type { ListedCovenant, ListedKey, RevocationListDocument } from '../types.js';
import type { Continuities } from './continuities.js';
import { messageOf } from './facts.js';
import type { KeyStandings } from './key-standings.js';
import { hashDocument } from './proof.js';
import { proofProblem, readSigned } from './signed.js';
import { listProblem, MAX_LIST_BYTES } from './structure.js';
import { parseTime } from './time.js';

const MAX_LISTS = 64;

/** The highest number that this verifier has ever seen of an issuer's lists; undefined if it has seen none. */
export type HighestSeen = (issuer: string) => number | undefined | Promise<number | undefined>;

/** The lists that a verifier has, and whose lists it goes by. */
export interface RevocationLists {
  /** did:keys of the list issuers; what their lists name is revoked, whoever issued it. */
  readonly issuers: readonly string[];
  /** Lists, of these issuers and of others, in any order; the result of `verifyRevocationList` is not verified again. */
  readonly lists: readonly unknown[];
  /** Lists that were refused as the newest of their issuers. What they name is revoked; they say nothing else. */
  readonly refused?: readonly unknown[];
  /** What was persisted of the numbers seen. A list below it does not count as the newest. */
  readonly highestSeen?: HighestSeen;
}

/** A list whose signature verifies, with its entries by name. */
export interface SignedList {
  readonly document: RevocationListDocument;
  readonly covenants: ReadonlyMap<string, ListedCovenant>;
  readonly keys: ReadonlyMap<string, ListedKey>;
}

/** Lists that were verified before, by the frozen copy that was handed out. */
const verifiedLists = new WeakMap<object, SignedList>();

export interface ReadList {
  readonly code?: 'malformed' | 'not_signed';
  readonly problem?: string;
  readonly document?: RevocationListDocument;
  readonly list?: SignedList;
}

/** Reads a list and verifies its signature, once for one frozen copy. Never throws. */
export async function readList(value: unknown): Promise<ReadList> {
  const known = typeof value === 'object' && value !== null ? verifiedLists.get(value) : undefined;
  if (known !== undefined) return { document: known.document, list: known };
  const document = readSigned<RevocationListDocument>(value, listProblem, MAX_LIST_BYTES);
  if (typeof document === 'string') return { code: 'malformed', problem: document };
  const problem = await proofProblem(document);
  if (problem !== undefined) return { code: 'not_signed', problem, document };
  const list: SignedList = {
    document,
    covenants: new Map(document.covenants.map((entry) => [entry.covenant, entry])),
    keys: new Map(document.keys.map((entry) => [entry.key, entry])),
  };
  verifiedLists.set(document, list);
  return { document, list };
}

export interface Freshness {
  readonly code: 'from_the_future' | 'stale' | 'rolled_back' | 'unavailable';
  readonly problem: string;
}

/** Why a list cannot be relied on as the newest of its issuer; undefined when it can. Never rejects. */
export async function staleness(
  { issuer, number, issuedAt, nextUpdate }: RevocationListDocument,
  time: { readonly now: number; readonly skew: number },
  highestSeen: HighestSeen | undefined,
): Promise<Freshness | undefined> {
  const named = `the revocation list ${number} of ${issuer}`;
  if ((parseTime(issuedAt) as number) > time.now + time.skew)
    return { code: 'from_the_future', problem: `${named} was issued in the future, at ${issuedAt}` };
  // No skew: the signer chose when its silence is to be taken for an attack.
  if (time.now >= (parseTime(nextUpdate) as number))
    return { code: 'stale', problem: `${named} is stale, the next was due at ${nextUpdate}` };
  try {
    const highest: unknown = await highestSeen?.(issuer);
    if (highest !== undefined && !Number.isSafeInteger(highest))
      return { code: 'unavailable', problem: `the highest number seen of ${issuer} is not a whole number` };
    return highest === undefined || number >= (highest as number)
      ? undefined
      : { code: 'rolled_back', problem: `${named} is older than ${highest}, which was seen before` };
  } catch (error) {
    const problem = `the highest number seen of ${issuer} cannot be looked up: ${messageOf(error)}`;
    return { code: 'unavailable', problem };
  }
}

/** What a set of lists says. Entries of every authentic list count, since a revocation counts for ever. */
export class Lists {
  readonly #issuers: ReadonlySet<string>;
  readonly #highestSeen: HighestSeen | undefined;
  readonly #signed: SignedList[] = [];
  /** Those of them that were refused. */
  readonly #refused = new Set<SignedList>();
  /** Why nothing can be said at all, and whose lists are there and do not verify. */
  #unreadable: string | undefined;
  readonly #damaged = new Map<string, string>();

  private constructor(given: RevocationLists | undefined) {
    this.#issuers = new Set(given?.issuers);
    this.#highestSeen = given?.highestSeen;
  }

  static readonly none = new Lists(undefined);

  static async of(given: RevocationLists): Promise<Lists> {
    const lists = new Lists(given);
    const { lists: values, refused = [] } = given;
    if (values.length + refused.length > MAX_LISTS) {
      lists.#unreadable = `there are more than ${MAX_LISTS} revocation lists`;
      return lists;
    }
    for (const value of values) await lists.#add(value, false);
    for (const value of refused) await lists.#add(value, true);
    return lists;
  }

  /** Lists that could not be had: whatever they might name is in doubt. */
  static unavailable(problem: string): Lists {
    const lists = new Lists(undefined);
    lists.#unreadable = problem;
    return lists;
  }

  async #add(value: unknown, wasRefused: boolean): Promise<void> {
    const { list, document, problem } = await readList(value);
    if (list !== undefined) {
      this.#signed.push(list);
      if (wasRefused) this.#refused.add(list);
    } else if (document !== undefined) this.#damaged.set(document.issuer, problem as string);
    else this.#unreadable ??= `a revocation list cannot be read: ${problem}`;
  }

  get isEmpty(): boolean {
    return this.#signed.length === 0 && this.#damaged.size === 0 && this.#unreadable === undefined;
  }

  /** Says which list is there that cannot be read and might revoke, if one is. */
  unreadable(authorised: ReadonlySet<string>): string | undefined {
    if (this.#unreadable !== undefined) return this.#unreadable;
    for (const [issuer, problem] of this.#damaged) {
      if (this.#issuers.has(issuer) || authorised.has(issuer))
        return `a revocation list of ${issuer} cannot be read: ${problem}`;
    }
    return undefined;
  }

  /** The entries of a covenant: those that count, and how many others name it without the right. */
  covenant(id: string, authorised: ReadonlySet<string>) {
    const naming = this.#signed.filter(({ covenants }) => covenants.has(id));
    const counting = naming.filter(({ document: { issuer } }) => this.#mayRevoke(issuer, authorised));
    const [list] = counting;
    return {
      ignored: naming.length - counting.length,
      ...(list === undefined
        ? {}
        : { entry: list.covenants.get(id) as ListedCovenant, by: list.document.issuer }),
    };
  }

  /**
   * The entries of a key on the lists of configured issuers, of anchors, of itself and of its successors. Throws when one
   * of these cannot be read.
   */
  async key(
    did: string,
    anchors: ReadonlySet<string>,
    continuities: Continuities,
  ): Promise<readonly ListedKey[]> {
    const naming = this.#signed.filter(({ keys }) => keys.has(did));
    if (naming.length === 0 && this.#damaged.size === 0 && this.#unreadable === undefined) return [];
    const authorised = new Set([...anchors, ...(await continuities.heirs([did]))]);
    const unreadable = this.unreadable(authorised) ?? continuities.overflow;
    if (unreadable !== undefined) throw new Error(unreadable);
    return naming
      .filter(({ document: { issuer } }) => this.#mayRevoke(issuer, authorised))
      .map(({ keys }) => keys.get(did) as ListedKey);
  }

  #mayRevoke(issuer: string, authorised: ReadonlySet<string>): boolean {
    return this.#issuers.has(issuer) || authorised.has(issuer);
  }

  /** Says why the lists are not complete and up to date, if they are not: each issuer's newest must hold now. */
  async shortfall(
    time: { readonly now: number; readonly skew: number },
    standings: KeyStandings,
  ): Promise<string | undefined> {
    if (this.#unreadable !== undefined) return this.#unreadable;
    if (this.#issuers.size === 0) return 'a revocation list is required and no list issuer is configured';
    for (const issuer of this.#issuers) {
      const problem = await this.#missing(issuer, time, standings);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async #missing(
    issuer: string,
    time: { readonly now: number; readonly skew: number },
    standings: KeyStandings,
  ): Promise<string | undefined> {
    const all = this.#signed.filter((list) => list.document.issuer === issuer);
    const lists = all.filter((list) => !this.#refused.has(list));
    const number = Math.max(...lists.map(({ document }) => document.number));
    const list = lists.find(({ document }) => document.number === number);
    if (list === undefined) return `a revocation list of ${issuer} is required and none is there`;
    // A signer that contradicts itself does so whether or not one of the two was refused.
    const newest = all.filter(({ document }) => document.number === number);
    if (new Set(newest.map(({ document }) => toHex(hashDocument(document)))).size > 1)
      return `there are two revocation lists ${number} of ${issuer}`;
    const standing = await standings.of(issuer);
    // Whoever has a retired key could date a list back, and nothing shows when it was made.
    if (standing.kind !== 'good')
      return `the revocation list of ${issuer} does not count: ${standing.message}`;
    return (await staleness(list.document, time, this.#highestSeen))?.problem;
  }
}
