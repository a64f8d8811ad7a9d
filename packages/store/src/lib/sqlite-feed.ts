import { StoreError } from '../errors.js';
import type { RecordChange, RecordKind } from '../record-backend.js';
import type { ChangeSource } from './change-feed.js';
import type { Statements } from './sqlite-records.js';

/** The records as the changes that they are: every process appends to them that uses the database. */
export class SqliteFeed implements ChangeSource {
  readonly epoch: string;
  readonly #run: <T>(read: (statements: Statements) => T) => T;
  readonly open: () => boolean;
  /** A place is so much less than the number of a row. */
  readonly #shift: number;
  /** Rows with higher numbers are changes. */
  readonly #base: number;

  constructor(run: <T>(read: (statements: Statements) => T) => T, open: () => boolean) {
    this.#run = run;
    this.open = open;
    const row = run(({ feed }) => feed.get()) as { epoch: string; shift: number; base: number } | undefined;
    if (row === undefined) {
      throw new StoreError('store_corrupt', 'the table of the feed is empty', {
        hint: 'restore the database',
      });
    }
    this.epoch = row.epoch;
    this.#shift = row.shift;
    this.#base = row.base;
  }

  latest(): number {
    const { number } = this.#run(({ latest }) => latest.get()) as { number: number };
    return number - this.#shift;
  }

  since(place: number): readonly Omit<RecordChange, 'token'>[] | undefined {
    const number = place + this.#shift;
    if (number < this.#base) return undefined;
    const rows = this.#run(({ since }) => since.all(number)) as {
      number: number;
      kind: RecordKind;
      id: string;
      gone: number | null;
    }[];
    if (rows.some((row, i) => row.number !== number + 1 + i)) return undefined;
    return rows.map(({ kind, id, gone }) => ({ kind, id, deleted: gone === 1 }));
  }
}
