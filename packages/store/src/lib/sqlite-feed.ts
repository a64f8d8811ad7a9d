import { StoreError } from '../errors.js';
import type { RecordChange, RecordKind } from '../record-backend.js';
import type { ChangeSource } from './change-feed.js';
import type { Statements } from './sqlite-records.js';

/** The table of changes, which every process appends to that uses the database. */
export class SqliteFeed implements ChangeSource {
  readonly epoch: string;
  readonly #run: <T>(read: (statements: Statements) => T) => T;
  readonly open: () => boolean;

  constructor(run: <T>(read: (statements: Statements) => T) => T, open: () => boolean) {
    this.#run = run;
    this.open = open;
    const row = run(({ epoch }) => epoch.get()) as { epoch: string } | undefined;
    if (row === undefined) {
      throw new StoreError('store_corrupt', 'the table of the feed is empty', {
        hint: 'restore the database',
      });
    }
    this.epoch = row.epoch;
  }

  latest(): number {
    return (this.#run(({ latest }) => latest.get()) as { place: number }).place;
  }

  since(place: number): readonly Omit<RecordChange, 'token'>[] | undefined {
    const rows = this.#run(({ since }) => since.all(place)) as {
      place: number;
      kind: RecordKind;
      id: string;
      deleted: number;
    }[];
    if (rows.some((row, i) => row.place !== place + 1 + i)) return undefined;
    return rows.map(({ kind, id, deleted }) => ({ kind, id, deleted: deleted === 1 }));
  }
}
