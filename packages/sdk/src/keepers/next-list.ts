/** The next revocation list of a signer: what its lists named before, and what has been revoked since. */
import {
  buildRevocationList,
  type CovenantDocument,
  checkRevocation,
  type ListedCovenant,
  type ListedKey,
  type RevocationDocument,
  type RevocationListDocument,
  verifyRevocationList,
} from '@stele/core';
import {
  didFromPublicKey,
  fromHex,
  type KeyDescription,
  type KeyManager,
  type KeyPair,
  type Signer,
  toSigner,
} from '@stele/crypto';
import type { CovenantStore } from '@stele/store';
import { KeeperError } from '../errors.js';

const MAX_CHAIN = 16;

export interface NextListOptions {
  /** Signs the list. A key of its own is best: whoever has it can revoke everything, and can hide nothing that was revoked. */
  signer: KeyPair | Signer;
  /** When the list is too old to be relied on. */
  nextUpdate: Date;
  /** The list before, of the same signer; not given: this is the first. */
  previous?: RevocationListDocument;
  /** Its revoked keys are named as compromised, its retired ones as retired. */
  manager?: Pick<KeyManager, 'history' | 'getRevocationList'>;
  /** Its covenants that were revoked by their issuers, their ancestors' issuers, the manager's keys or the signer are named. */
  store?: CovenantStore;
  /** What is to be named besides. */
  covenants?: readonly ListedCovenant[];
  keys?: readonly ListedKey[];
  /** The time of issue; the present when not given. */
  now?: Date;
}

/**
 * Signs the next revocation list of a signer, with the next number and everything that the one before named.
 * @throws KeeperError `list_malformed`, `list_not_signed`, `list_unknown_issuer` for a previous list that is not one of the
 *   signer's; CovenantError `list_malformed` for more than a list holds, `signing_failed`; StoreError
 */
export async function nextRevocationList(options: NextListOptions): Promise<RevocationListDocument> {
  const { previous, signer } = options;
  if (previous === undefined) return listAfter([], 1, options);
  const did = toSigner(signer).keyId.split('#')[0] as string;
  const { list, code, reason } = await verifyRevocationList(previous, { issuers: [did] });
  if (list?.issuer === did) return listAfter([list], list.number + 1, options);
  const known = code === 'not_signed' || code === 'unknown_issuer' ? code : 'malformed';
  throw new KeeperError(`list_${known}`, `the list before cannot be followed: ${reason}`);
}

/** The list of a number after some others, of which nothing is left out. */
export async function listAfter(
  before: readonly RevocationListDocument[],
  number: number,
  { signer, nextUpdate, manager, store, now, ...more }: NextListOptions,
): Promise<RevocationListDocument> {
  const did = toSigner(signer).keyId.split('#')[0] as string;
  const own = new Set([did, ...(manager?.history.map((key) => key.did) ?? [])]);
  const covenants = [
    ...before.flatMap((list) => list.covenants),
    ...(more.covenants ?? []),
    ...(store === undefined ? [] : await revokedIn(store, own)),
  ];
  const keys = [
    ...before.flatMap((list) => list.keys),
    ...(more.keys ?? []),
    ...(manager === undefined ? [] : keysOf(manager)),
  ];
  return buildRevocationList({
    number,
    nextUpdate,
    covenants: distinct(covenants, ({ covenant }) => covenant),
    keys: distinct(worstFirst(keys), ({ key }) => key),
    signer,
    ...(now === undefined ? {} : { now }),
  });
}

function keysOf(manager: Pick<KeyManager, 'history' | 'getRevocationList'>): ListedKey[] {
  const revoked = manager.getRevocationList().map(({ publicKeyHex, reason, revokedAt }): ListedKey => {
    return { key: didFromPublicKey(fromHex(publicKeyHex)), status: 'compromised', reason, revokedAt };
  });
  const retired = manager.history.flatMap((key): ListedKey[] => {
    const revokedAt = endOf(key);
    return revokedAt === undefined ? [] : [{ key: key.did, status: 'retired', reason: 'rotated', revokedAt }];
  });
  return [...revoked, ...retired];
}

/** When a retired key ceased to verify: at the end of its overlap, or before, when it was retired early. */
function endOf({ state, verifiesUntil, retiredAt }: KeyDescription): string | undefined {
  if (state !== 'retired') return undefined;
  const ends = [verifiesUntil, retiredAt].filter((time) => time !== undefined);
  return ends.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}

/** Compromised before retired, and of several retirements the earliest: nothing that was said is taken back. */
function worstFirst(keys: readonly ListedKey[]): ListedKey[] {
  const of = (status: ListedKey['status']) => keys.filter((entry) => entry.status === status);
  const retired = of('retired').sort((a, b) => Date.parse(a.revokedAt) - Date.parse(b.revokedAt));
  return [...of('compromised'), ...retired];
}

function distinct<T>(entries: readonly T[], nameOf: (entry: T) => string): T[] {
  const byName = new Map<string, T>();
  for (const entry of entries) if (!byName.has(nameOf(entry))) byName.set(nameOf(entry), entry);
  return [...byName.values()];
}

/** A revocation by a party without the right must not gain it by being listed. */
async function revokedIn(store: CovenantStore, own: ReadonlySet<string>): Promise<ListedCovenant[]> {
  const revoked: ListedCovenant[] = [];
  for await (const covenant of store.iterate()) {
    const revocations = await store.getRevocations(covenant.id);
    if (revocations.length === 0) continue;
    const authorised = new Set([...own, ...(await issuersAbove(covenant, store))]);
    const counting = await firstBy(authorised, revocations);
    if (counting === undefined) continue;
    const { reason, revokedAt } = counting;
    revoked.push({ covenant: covenant.id, reason, revokedAt });
  }
  return revoked;
}

async function issuersAbove(covenant: CovenantDocument, store: CovenantStore): Promise<string[]> {
  const issuers: string[] = [];
  let of: CovenantDocument | undefined = covenant;
  for (let depth = 0; of !== undefined && depth < MAX_CHAIN; depth++) {
    issuers.push(of.issuer.id);
    of = of.parent === undefined ? undefined : await store.get(of.parent);
  }
  return issuers;
}

async function firstBy(
  authorised: ReadonlySet<string>,
  revocations: readonly RevocationDocument[],
): Promise<RevocationDocument | undefined> {
  for (const revocation of revocations) {
    const signers = [revocation.proof]
      .flat()
      .map(({ verificationMethod }) => verificationMethod.split('#')[0]);
    if (!signers.some((did) => authorised.has(did as string))) continue;
    if ((await checkRevocation(revocation)).valid) return revocation;
  }
  return undefined;
}
