import {
  type KeyLookup,
  type RevocationListCheck,
  type RevocationListDocument,
  type RevocationLists,
  verifyRevocationList,
} from '@stele/core';
import { didFromPublicKey, fromHex, isEd25519Did, toSigner } from '@stele/crypto';
import { KeeperError, type KeeperErrorCode } from '../errors.js';
import { type KeeperOptions, Kept } from './kept.js';
import {
  contradicts,
  LISTS,
  type ListsKept,
  listedStatus,
  listsOf,
  withNewest,
  withRefused,
} from './lists-kept.js';
import { listAfter, type NextListOptions } from './next-list.js';

export interface RevocationListKeeperOptions extends KeeperOptions {
  /** did:keys of the list issuers that are gone by, 1 to 32. */
  readonly issuers: readonly string[];
  /** What is known of their keys. */
  readonly keyStatus?: KeyLookup;
  /** How far a list may be dated in the future, in milliseconds; 60,000 when not given. */
  readonly clockSkewMs?: number;
}

const MAX_ISSUERS = 32;

const CODES: Readonly<Record<NonNullable<RevocationListCheck['code']>, KeeperErrorCode>> = {
  malformed: 'list_malformed',
  not_signed: 'list_not_signed',
  unknown_issuer: 'list_unknown_issuer',
  issuer_key_in_doubt: 'list_issuer_key_in_doubt',
  from_the_future: 'list_from_the_future',
  stale: 'list_stale',
  rolled_back: 'list_rolled_back',
  unavailable: 'keeper_unavailable',
};

/**
 * Revocation lists of several issuers side by side, with the highest number ever seen of each: the `revocationLists` of a
 * client or monitor. They survive restarts, and any number of processes may share them.
 *
 * A list that is authentic and refused is kept for what it names, since that is revoked all the same.
 */
export class RevocationListKeeper {
  readonly #kept: Kept<ListsKept>;
  readonly #issuers: readonly string[];
  readonly #keyStatus: KeyLookup | undefined;
  readonly #skew: { readonly clockSkewMs?: number };

  /** @throws TypeError, RangeError for options of the wrong type */
  constructor({ issuers, keyStatus, clockSkewMs, ...options }: RevocationListKeeperOptions) {
    if (!Array.isArray(issuers) || issuers.length === 0 || issuers.length > MAX_ISSUERS)
      throw new TypeError(`issuers must be an array of 1 to ${MAX_ISSUERS} did:keys`);
    if (!issuers.every((did) => isEd25519Did(did)))
      throw new TypeError('each issuer must be a did:key of Ed25519');
    this.#kept = new Kept(options, LISTS);
    this.#issuers = Object.freeze([...issuers]);
    this.#keyStatus = keyStatus;
    this.#skew = clockSkewMs === undefined ? {} : { clockSkewMs };
  }

  /**
   * Takes a list in: it counts from the next decision on, here, and in other processes once they look again.
   * @param textOrDocument the document, or its text or bytes
   * @returns the list, as the newest of its issuer
   * @throws KeeperError `list_…`: the list is not the newest. What it names counts all the same, unless it is
   *   `list_malformed`, `list_not_signed` or `list_unknown_issuer`. Others say that nothing was kept
   */
  async import(textOrDocument: unknown): Promise<RevocationListDocument> {
    const { code, reason, list } = await verifyRevocationList(textOrDocument, { issuers: this.#issuers });
    if (list === undefined || code === 'unknown_issuer') throw refusal(code, reason);
    let refused: KeeperError | undefined;
    await this.#kept.change(async (kept) => {
      const check = await this.#check(list, kept);
      refused = check.valid ? contradiction(list, kept) : refusal(check.code, check.reason);
      return check.valid ? withNewest(kept, list) : withRefused(kept, list, check.code === 'stale');
    });
    if (refused !== undefined) throw refused;
    return list;
  }

  /**
   * The newest list of an issuer, to be handed on; undefined if there is none, or two that contradict each other.
   * @throws KeeperError
   */
  async export(issuer: string): Promise<RevocationListDocument | undefined> {
    const { newest } = listsOf(await this.#kept.value(), issuer);
    return newest.length === 1 ? newest[0] : undefined;
  }

  /**
   * Signs the next list of an issuer that is gone by here, with the next number and everything that its lists ever named, and takes
   * it in; all in one step, so that of two processes each makes a list of its own number.
   * @throws KeeperError, CovenantError as `nextRevocationList`; `list_unknown_issuer` for another signer
   */
  async issue(options: Omit<NextListOptions, 'previous'>): Promise<RevocationListDocument> {
    const did = toSigner(options.signer).keyId.split('#')[0] as string;
    if (!this.#issuers.includes(did)) throw refusal('unknown_issuer', `${did} is not among the list issuers`);
    const now = options.now ?? new Date(this.#kept.now());
    let issued: RevocationListDocument | undefined;
    await this.#kept.change(async (kept) => {
      const { highest, newest, others } = listsOf(kept, did);
      const before = [...newest, ...others];
      const number = Math.max(highest, ...before.map((list) => list.number)) + 1;
      const made = await listAfter(before, number, { ...options, now });
      const { valid, code, reason, list } = await this.#check(made, kept);
      if (!valid || list === undefined) throw refusal(code, reason);
      issued = list;
      return withNewest(kept, list);
    });
    return issued as RevocationListDocument;
  }

  /**
   * The lists as `verifyCovenant` takes them; their signatures are not verified again.
   * @throws KeeperError; a monitor or client then denies
   */
  async current(): Promise<RevocationLists> {
    const kept = await this.#kept.value();
    const all = this.#issuers.map((issuer) => listsOf(kept, issuer));
    return {
      issuers: this.#issuers,
      lists: all.flatMap(({ newest }) => newest),
      refused: all.flatMap(({ others }) => others),
      highestSeen: (issuer) => highestSeen(kept, issuer),
    };
  }

  #check(list: RevocationListDocument, kept: ListsKept): Promise<RevocationListCheck> {
    return verifyRevocationList(list, {
      issuers: this.#issuers,
      now: new Date(this.#kept.now()),
      ...this.#skew,
      highestSeen: (issuer) => highestSeen(kept, issuer),
      keyStatus: (publicKeyHex) => this.#statusOf(publicKeyHex, kept),
    });
  }

  /** What the lists kept say of a key, or else what the host says. Listed, it makes no list, as what it may be listed. */
  async #statusOf(publicKeyHex: string, kept: ListsKept): Promise<Awaited<ReturnType<KeyLookup>>> {
    const listed = listedStatus(kept, this.#issuers, didFromPublicKey(fromHex(publicKeyHex)));
    return listed ?? this.#keyStatus?.(publicKeyHex);
  }
}

function highestSeen(kept: ListsKept, issuer: string): number | undefined {
  const { highest } = listsOf(kept, issuer);
  return highest === 0 ? undefined : highest;
}

function refusal(code: RevocationListCheck['code'] = 'malformed', reason = 'it is no list'): KeeperError {
  return new KeeperError(CODES[code], `the revocation list was refused: ${reason}`);
}

function contradiction(list: RevocationListDocument, kept: ListsKept): KeeperError | undefined {
  if (!contradicts(kept, list)) return undefined;
  const { number, issuer } = list;
  return new KeeperError('list_contradicted', `there are two revocation lists ${number} of ${issuer}`, {
    hint: 'Neither is relied on. Ask the issuer for a list with a higher number.',
  });
}
