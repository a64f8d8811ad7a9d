import { HEALTHY, type HealthComponent, type HealthFinding } from '../component.js';
import { componentOf, type Look } from './components.js';
import { OneAtATime } from './one-at-a-time.js';

/** What is read of a revocation list that was verified, see `verifyRevocationList`. */
export interface ListLike {
  readonly issuer: string;
  readonly number: number;
  readonly issuedAt: string;
  readonly nextUpdate: string;
}

/** The lists that a host goes by, or how to get them. */
export type ListsLike = readonly ListLike[] | (() => readonly ListLike[] | Promise<readonly ListLike[]>);

const MAX_LISTS = 64;
const SKEW_MS = 60_000;
/** The part of its life after which the next list ought to be there. */
const AGING = 0.9;

const asked = new OneAtATime<readonly ListLike[]>();

/** Whether the newest list of each issuer still holds. A list that is due has to be taken for one that is withheld. */
export async function listsComponent(lists: ListsLike, look: Look): Promise<HealthComponent> {
  const answer = await asked.ask(
    lists,
    () => (typeof lists === 'function' ? lists() : lists),
    look.timeoutMs,
  );
  return componentOf('revocation_lists', answer, (all) => listsFinding(all, look.now), look);
}

function listsFinding(lists: readonly ListLike[], now: number): HealthFinding {
  if (!Array.isArray(lists) || lists.length > MAX_LISTS)
    throw new TypeError(`revocationLists must be an array of up to ${MAX_LISTS} lists`);
  if (lists.length === 0) return { status: 'unhealthy', code: 'revocation_list_missing' };
  const newest = newestOfEach(lists);
  const dues = newest.map((list) => Date.parse(list.nextUpdate));
  if (![...dues, ...newest.map((list) => Date.parse(list.issuedAt))].every(Number.isFinite))
    return { status: 'unhealthy', code: 'revocation_list_malformed' };
  const facts = { issuers: newest.length, nextUpdate: new Date(Math.min(...dues)).toISOString() };
  const life = newest.map(({ issuedAt, nextUpdate }) =>
    lifeOf(Date.parse(issuedAt), Date.parse(nextUpdate), now),
  );
  if (life.some((part) => part >= 1)) return { status: 'unhealthy', code: 'revocation_list_stale', facts };
  if (newest.some(({ issuedAt }) => Date.parse(issuedAt) > now + SKEW_MS))
    return { status: 'unhealthy', code: 'revocation_list_from_the_future', facts };
  if (life.some((part) => part >= AGING)) return { status: 'degraded', code: 'revocation_list_aging', facts };
  return { ...HEALTHY, facts };
}

/** An older list of an issuer says nothing any more once a newer one is there. */
function newestOfEach(lists: readonly ListLike[]): ListLike[] {
  const newest = new Map<string, ListLike>();
  for (const list of lists) {
    const known = newest.get(list.issuer);
    if (known === undefined || list.number > known.number) newest.set(list.issuer, list);
  }
  return [...newest.values()];
}

/** How much of the time for which a list was made has passed: 1 when the next is due. */
function lifeOf(issuedAt: number, nextUpdate: number, now: number): number {
  return now >= nextUpdate ? 1 : (now - issuedAt) / (nextUpdate - issuedAt);
}
