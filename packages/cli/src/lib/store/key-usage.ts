/** Which keys the records of an encrypted store are under. */
import type { KeyUsage } from '@stele/sdk';
import { count, table } from '../output.js';

/** As in the JSON: `keyId` is null for records that name none. */
export interface KeyRow {
  readonly keyId: string | null;
  readonly current: boolean;
  readonly records: number;
}

export const keyRows = (usage: readonly KeyUsage[]): KeyRow[] =>
  usage.map(({ keyId = null, current, records }) => ({ keyId, current, records }));

/** The ids say nothing about the keys. */
export function keyTable(rows: readonly KeyRow[]): string {
  const cells = rows.map(({ keyId, current, records }) => [
    `${keyId ?? 'no key'}${current ? ' (current)' : ''}`,
    count(records),
  ]);
  return table(['key', 'records'], cells);
}
