/** What a keeper of revocation lists holds, as a value: every list that is taken in gives a new one. */
import {
  documentDigest,
  type KeyStatus,
  type ListedKey,
  type RevocationListDocument,
  verifyRevocationList,
} from '@stele/core';
import type { JsonObject, JsonValue } from '@stele/crypto';
import { KeeperError } from '../errors.js';
import { type Format, onlyArray } from './kept.js';

/** As many as a verification looks at, and of how many issuers. */
const MAX_LISTS = 64;
const MAX_ISSUERS = 64;

/** What is kept of one issuer. */
export interface IssuerLists {
  /** The highest number ever seen of it; 0 if every list was refused for another reason than its age. */
  readonly highest: number;
  /** Its newest list; two of one number if it contradicted itself; none if all were refused. */
  readonly newest: readonly RevocationListDocument[];
  /** Lists that name something more: what was revoked does not come back. */
  readonly others: readonly RevocationListDocument[];
}

/** By did:key of the issuer. */
export type ListsKept = ReadonlyMap<string, IssuerLists>;

const NOTHING: IssuerLists = { highest: 0, newest: [], others: [] };

export const listsOf = (kept: ListsKept, issuer: string): IssuerLists => kept.get(issuer) ?? NOTHING;

/** With a list as the newest of its issuer; its number is the highest seen, or the same once more. */
export function withNewest(kept: ListsKept, list: RevocationListDocument): ListsKept {
  const { newest, others } = listsOf(kept, list.issuer);
  const rivals = newest.filter(({ number }) => number === list.number);
  if (rivals.some((rival) => saysTheSame(rival, list)) || rivals.length > 1) return kept;
  const first = [...rivals, list];
  const rest = namingMore([...newest, ...others], first);
  return withIssuer(kept, list.issuer, { highest: list.number, newest: first, others: rest });
}

/** With a list for what it names alone. One that is merely stale was the newest once, and no older one counts any more. */
export function withRefused(kept: ListsKept, list: RevocationListDocument, wasStale: boolean): ListsKept {
  const lists = listsOf(kept, list.issuer);
  const { newest, highest } = lists;
  const others = namingMore([...lists.others, list], newest);
  const seen = wasStale ? Math.max(highest, list.number) : highest;
  if (others.length === lists.others.length && seen === highest) return kept;
  return withIssuer(kept, list.issuer, { highest: seen, newest, others });
}

/** Whether another list of this number was taken in before, be it a refused one. */
export function contradicts(kept: ListsKept, list: RevocationListDocument): boolean {
  const { newest, others } = listsOf(kept, list.issuer);
  const rivals = [...newest, ...others].filter(({ number }) => number === list.number);
  return rivals.some((rival) => !saysTheSame(rival, list));
}

function withIssuer(kept: ListsKept, issuer: string, lists: IssuerLists): ListsKept {
  const next = new Map(kept).set(issuer, lists);
  const count = [...next.values()].reduce(
    (sum, { newest, others }) => sum + newest.length + others.length,
    0,
  );
  if (next.size > MAX_ISSUERS || count > MAX_LISTS)
    throw new KeeperError('keeper_full', `there is room for ${MAX_LISTS} revocation lists`);
  return next;
}

/** The proof may differ: it says when it was made. */
function saysTheSame(one: RevocationListDocument, other: RevocationListDocument): boolean {
  const content = ({ proof: _, ...rest }: RevocationListDocument) => documentDigest(rest);
  return content(one) === content(other);
}

/** Those of some lists that name something which neither `first` nor one before them names. */
function namingMore(
  lists: readonly RevocationListDocument[],
  first: readonly RevocationListDocument[],
): RevocationListDocument[] {
  const named = new Set(first.flatMap(entriesOf));
  return lists.filter((list) => {
    if (first.includes(list)) return false;
    const more = entriesOf(list).filter((entry) => !named.has(entry));
    for (const entry of more) named.add(entry);
    return more.length > 0;
  });
}

/** Each entry as far as it decides: that a covenant is revoked, that a key is compromised, or since when it is retired. */
function entriesOf({ covenants, keys }: RevocationListDocument): string[] {
  return [...covenants.map(({ covenant }) => covenant), ...keys.map(keyEntry)];
}

const keyEntry = ({ key, status, revokedAt }: ListedKey): string =>
  status === 'retired' ? `${key} ${status} ${revokedAt}` : `${key} ${status}`;

/** What the lists of some issuers say of a key: the worst of it. */
export function listedStatus(
  kept: ListsKept,
  issuers: readonly string[],
  did: string,
): KeyStatus | undefined {
  const lists = issuers.flatMap((issuer) => {
    const { newest, others } = listsOf(kept, issuer);
    return [...newest, ...others];
  });
  const said = lists.flatMap(({ keys }) => keys.filter(({ key }) => key === did)).map(({ status }) => status);
  return said.find((status) => status === 'compromised') ?? said[0];
}

export const LISTS: Format<ListsKept> = {
  kind: 'revocation-lists',
  empty: new Map(),
  write: (kept) => ({ issuers: [...kept].map(([issuer, lists]) => ({ issuer, ...lists })) }),
  read: readKept,
  continues: (kept, earlier) =>
    [...earlier].every(([issuer, before]) => goesOn(listsOf(kept, issuer), before)),
};

/** No number goes down, and what was ever named still is. */
function goesOn(lists: IssuerLists, before: IssuerLists): boolean {
  const named = new Set([...lists.newest, ...lists.others].flatMap(entriesOf));
  const wasNamed = [...before.newest, ...before.others].flatMap(entriesOf);
  return lists.highest >= before.highest && wasNamed.every((entry) => named.has(entry));
}

async function readKept(members: JsonObject): Promise<ListsKept> {
  const kept = new Map<string, IssuerLists>();
  for (const value of onlyArray(members, 'issuers', MAX_ISSUERS)) {
    const { issuer, highest, newest, others, ...more } = value as JsonObject;
    const isHighest = Number.isSafeInteger(highest) && (highest as number) >= 0;
    if (typeof issuer !== 'string' || kept.has(issuer) || !isHighest || Object.keys(more).length > 0)
      throw new TypeError('what is kept of an issuer is not as it must be');
    const lists = {
      highest: highest as number,
      newest: await readLists(newest, issuer),
      others: await readLists(others, issuer),
    };
    const fits = ({ number }: RevocationListDocument) =>
      number <= lists.highest && number === lists.newest[0]?.number;
    if (lists.newest.length > 2 || !lists.newest.every(fits)) throw new TypeError('the numbers do not fit');
    kept.set(issuer, lists);
  }
  return kept;
}

async function readLists(values: JsonValue | undefined, issuer: string): Promise<RevocationListDocument[]> {
  if (!Array.isArray(values) || values.length > MAX_LISTS) throw new TypeError('the lists are no array');
  const lists: RevocationListDocument[] = [];
  for (const value of values) {
    const { list } = await verifyRevocationList(value, { issuers: [] });
    if (list?.issuer !== issuer) throw new TypeError(`a list is not one of ${issuer}`);
    lists.push(list);
  }
  return lists;
}
