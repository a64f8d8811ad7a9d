/** What `list`, `iterate` and `count` were asked for, checked once. */
import type { CovenantDocument } from '@stele/core';
import type { CovenantFilter, ListOptions } from '../covenant-store.js';
import { StoreError } from '../errors.js';
import { isRecordId } from './ids.js';

const FILTERS = ['issuer', 'beneficiary', 'parent'] as const;
const PAGING = ['limit', 'cursor'] as const;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** Whether a covenant is among those asked for. */
export type Matches = (document: CovenantDocument) => boolean;

/**
 * The test that a filter stands for, or undefined for a filter that lets everything pass.
 * @throws TypeError for an unknown member: a misspelt filter must not list everything
 */
export function matcher(filter: CovenantFilter, others: readonly string[] = []): Matches | undefined {
  if (typeof filter !== 'object' || filter === null) throw new TypeError('filter must be an object');
  for (const name of Object.keys(filter)) {
    if (![...FILTERS, ...others].includes(name))
      throw new TypeError(`filter has no member ${JSON.stringify(name)}`);
  }
  const { issuer, beneficiary, parent } = filter;
  for (const value of [issuer, beneficiary, parent]) {
    if (value !== undefined && typeof value !== 'string')
      throw new TypeError('filter members must be strings');
  }
  if (issuer === undefined && beneficiary === undefined && parent === undefined) return undefined;
  return (document) =>
    (issuer === undefined || document.issuer?.id === issuer) &&
    (beneficiary === undefined || document.beneficiary?.id === beneficiary) &&
    (parent === undefined || document.parent === parent);
}

/** @throws TypeError, RangeError (`limit`), StoreError `invalid_cursor` */
export function page(options: ListOptions): { matches: Matches | undefined; limit: number; after: string } {
  const matches = matcher(options, PAGING);
  const { limit = DEFAULT_LIMIT, cursor } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new RangeError(`limit must be an integer from 1 to ${MAX_LIMIT}`);
  }
  if (cursor !== undefined && !isRecordId('covenant', cursor)) {
    throw new StoreError('invalid_cursor', 'the cursor was not made by this store', {
      hint: 'begin without a cursor',
    });
  }
  return { matches, limit, after: cursor ?? '' };
}
