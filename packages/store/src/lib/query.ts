/** What `list`, `iterate` and `count` were asked for, checked once. */
import type { CovenantDocument } from '@stele/core';
import type { CovenantFilter, IterateOptions, ListOptions } from '../covenant-store.js';
import { StoreError } from '../errors.js';
import { isRecordId } from './ids.js';
import { INDEXED, tokenOf, valuesOf } from './tokens.js';

const TIMES = ['createdAfter', 'createdBefore', 'activeAt'] as const;
const PAGING = ['limit', 'cursor'];
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** Whether a covenant is among those asked for. */
export type Matches = (document: CovenantDocument) => boolean;

/** A filter, taken apart. */
export interface Query {
  /** What an index can find them by. */
  readonly token: string | undefined;
  /** The test that the whole filter stands for; undefined where everything passes. */
  readonly matches: Matches | undefined;
  /** Whether the token alone says it all. */
  readonly indexed: boolean;
}

/**
 * Reads a filter.
 * @throws TypeError for an unknown member: a misspelt filter must not list everything
 */
export function query(filter: CovenantFilter, others: readonly string[] = []): Query {
  if (typeof filter !== 'object' || filter === null) throw new TypeError('filter must be an object');
  for (const name of Object.keys(filter)) {
    if (![...INDEXED, ...TIMES, ...others].includes(name))
      throw new TypeError(`filter has no member ${JSON.stringify(name)}`);
  }
  const equalities = INDEXED.flatMap((field) => {
    const value = filter[field];
    if (value === undefined) return [];
    if (typeof value !== 'string') throw new TypeError(`${field} must be a string`);
    return [{ field, value }];
  });
  const tests = [...equalities.map(({ field, value }) => has(field, value)), ...times(filter)];
  const [first] = equalities;
  return {
    token: first && tokenOf(first.field, first.value),
    matches: tests.length === 0 ? undefined : (document) => tests.every((test) => test(document)),
    indexed: equalities.length === tests.length && tests.length <= 1,
  };
}

/** @throws TypeError, as `query` does */
export function walk(options: IterateOptions, others: readonly string[] = []): Query {
  const found = query(options, ['onCorrupt', ...others]);
  if (options.onCorrupt === undefined || typeof options.onCorrupt === 'function') return found;
  throw new TypeError('onCorrupt must be a function');
}

/** @throws TypeError, RangeError (`limit`), StoreError `invalid_cursor` */
export function page(options: ListOptions): Query & { limit: number; after: string } {
  const found = walk(options, PAGING);
  const limit = limitArgument(options.limit);
  const { cursor } = options;
  if (cursor !== undefined && !isRecordId('covenant', cursor)) {
    throw new StoreError('invalid_cursor', 'the cursor was not made by this store', {
      hint: 'begin without a cursor',
    });
  }
  return { ...found, limit, after: cursor ?? '' };
}

/** How many a page holds. @throws RangeError */
export function limitArgument(limit = DEFAULT_LIMIT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new RangeError(`limit must be an integer from 1 to ${MAX_LIMIT}`);
}

const has =
  (field: (typeof INDEXED)[number], value: string): Matches =>
  (document) =>
    valuesOf(document, field).includes(value);

/** A time that is missing or no time is within no bound. */
function times(filter: CovenantFilter): Matches[] {
  const [after, before, at] = TIMES.map((name) => moment(name, filter[name]));
  const tests: Matches[] = [];
  if (after !== undefined) tests.push(({ createdAt }) => Date.parse(createdAt) >= after);
  if (before !== undefined) tests.push(({ createdAt }) => Date.parse(createdAt) < before);
  if (at !== undefined) {
    tests.push(
      ({ createdAt, activatesAt = createdAt, expiresAt }) =>
        Date.parse(activatesAt) <= at && (expiresAt === undefined || at < Date.parse(expiresAt)),
    );
  }
  return tests;
}

function moment(name: string, date: Date | undefined): number | undefined {
  if (date === undefined) return undefined;
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.getTime();
  throw new TypeError(`${name} must be a valid Date`);
}
