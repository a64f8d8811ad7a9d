/** What is known of keys, from whoever was asked and from the revocation lists that count. */
import { publicKeyFromDid, toHex } from '@stele/crypto';
import type { ListedKey } from '../types.js';
import { messageOf } from './facts.js';
import { parseTime } from './time.js';

/** What is known of a signing key. A `compromised` key signs for nothing, a `retired` one only with evidence. */
export type KeyStatus = 'active' | 'retiring' | 'retired' | 'compromised';

/** A status with its time. */
export interface TimedKeyStatus {
  readonly status: KeyStatus;
  /** Since when. Without it nothing can prove that a retired key signed before it retired. */
  readonly since?: Date;
}

/** Looks a key up by its public key in hex; undefined for a key of which nothing is known. */
export type KeyLookup = (
  publicKeyHex: string,
) => KeyStatus | TimedKeyStatus | undefined | Promise<KeyStatus | TimedKeyStatus | undefined>;

export type Standing =
  | { readonly kind: 'good' }
  /** `at` in milliseconds since 1970; undefined where nobody said when. */
  | { readonly kind: 'retired'; readonly at?: number; readonly message: string }
  | { readonly kind: 'compromised' | 'unknown'; readonly message: string };

const GOOD = Promise.resolve<Standing>({ kind: 'good' });

export class KeyStandings {
  /** Knows of no key. It keeps nothing, so that all can share it. */
  static readonly none = new KeyStandings();

  readonly #lookup: KeyLookup | undefined;
  readonly #listed: ((did: string) => Promise<readonly ListedKey[]>) | undefined;
  readonly #known = new Map<string, Promise<Standing>>();
  #failure: string | undefined;

  /** @param listed the entries of a key on the lists that have the right to name it */
  constructor(lookup?: KeyLookup, listed?: (did: string) => Promise<readonly ListedKey[]>) {
    this.#lookup = lookup;
    this.#listed = listed;
  }

  /** The standing of a key, asked for once. Never rejects: what cannot be known is `unknown`. */
  of(did: string): Promise<Standing> {
    if (this.#lookup === undefined && this.#listed === undefined) return GOOD;
    const known = this.#known.get(did);
    if (known !== undefined) return known;
    const standing = this.#judged(did);
    this.#known.set(did, standing);
    return standing;
  }

  /** Why what was found out of keys may be too little: of one that was asked for it is not known how it stands. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Why nothing that a key ever signed may be relied on; undefined for one that is good or merely retired. */
  async doubt(did: string): Promise<string | undefined> {
    const standing = await this.of(did);
    return standing.kind === 'good' || standing.kind === 'retired' ? undefined : standing.message;
  }

  async #judged(did: string): Promise<Standing> {
    const standing = await this.#judge(did).catch(
      (error: unknown): Standing => ({
        kind: 'unknown',
        message: `the status of a key is not known: ${messageOf(error)}`,
      }),
    );
    if (standing.kind === 'unknown') this.#failure ??= standing.message;
    return standing;
  }

  async #judge(did: string): Promise<Standing> {
    const publicKeyHex = toHex(publicKeyFromDid(did));
    const said = ((await this.#listed?.(did)) ?? []).map(({ status, revokedAt }): Standing => {
      const message = `the key ${publicKeyHex} is ${status}, a revocation list says`;
      return status === 'retired'
        ? { kind: status, at: parseTime(revokedAt) as number, message }
        : { kind: status, message };
    });
    if (this.#lookup !== undefined) said.push(read(await this.#lookup(publicKeyHex), publicKeyHex));
    return worst(said);
  }
}

function read(answer: unknown, publicKeyHex: string): Standing {
  if (answer === undefined) return { kind: 'good' };
  const isTimed = typeof answer === 'object' && answer !== null;
  const status: unknown = isTimed ? (answer as Partial<TimedKeyStatus>).status : answer;
  const since: unknown = isTimed ? (answer as Partial<TimedKeyStatus>).since : undefined;
  const message = `the key ${publicKeyHex} is ${String(status).slice(0, 64)}`;
  if (status === 'active' || status === 'retiring') return { kind: 'good' };
  if (status === 'compromised') return { kind: 'compromised', message };
  if (status !== 'retired') return { kind: 'unknown', message };
  const at = since instanceof Date ? since.getTime() : Number.NaN;
  return { kind: 'retired', message, ...(Number.isNaN(at) ? {} : { at }) };
}

/**
 * Of several answers the one that trusts least: of several times of retirement the first, and none where one is not told.
 * Otherwise a list by the retired key itself could give the time that evidence lacks.
 */
function worst(said: readonly Standing[]): Standing {
  const of = (kind: Standing['kind']) => said.filter((standing) => standing.kind === kind);
  const [bad] = [...of('compromised'), ...of('unknown')];
  if (bad !== undefined) return bad;
  const retirements = said.filter((standing) => standing.kind === 'retired');
  const timeless = retirements.find(({ at }) => at === undefined);
  const [first] = retirements.sort((one, other) => (one.at ?? 0) - (other.at ?? 0));
  return timeless ?? first ?? { kind: 'good' };
}
