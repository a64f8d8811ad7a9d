import { StoreError } from '../errors.js';
import type { RecordChange } from '../record-backend.js';
import type { Bell } from './bell.js';

/** Where the changes of a medium are read from. Places are counted from 1 without a gap. */
export interface ChangeSource {
  /** Tells this feed from any other. */
  readonly epoch: string;
  /** The place of the latest change; 0 before the first. */
  latest(): number;
  /** Changes after a place in order, not all at once. Undefined where the feed does not reach back so far. */
  since(place: number): readonly Omit<RecordChange, 'token'>[] | undefined;
  /** False after the backend was closed. */
  open(): boolean;
}

const TOKEN = /^([0-9a-f]{32})\.(0|[1-9][0-9]{0,14})$/;

export const changeToken = ({ epoch }: Pick<ChangeSource, 'epoch'>, place: number): string =>
  `${epoch}.${place}`;

/**
 * The changes after a token, then those to come.
 * @param bell rings at every change of this process, and at the end
 * @param pollMs how often to look for changes of other processes; undefined where there are none
 * @throws StoreError `watch_expired`
 */
export async function* readChanges(
  source: ChangeSource,
  after: string,
  { bell, signal, pollMs }: { bell: Bell; signal: AbortSignal; pollMs?: number },
): AsyncGenerator<RecordChange, void, undefined> {
  const { epoch } = source;
  let place = placeOf(source, after);
  while (source.open() && !signal.aborted) {
    const changes = source.since(place);
    if (changes === undefined || source.epoch !== epoch) throw expired();
    for (const { kind, id, deleted } of changes) {
      place++;
      yield { kind, id, deleted, token: changeToken({ epoch }, place) };
      if (signal.aborted) return;
    }
    if (changes.length === 0) await bell.heard(signal, pollMs);
  }
}

function placeOf(source: ChangeSource, token: string): number {
  const [, epoch, digits] = TOKEN.exec(token) ?? [];
  const place = Number(digits);
  if (epoch !== source.epoch || place > source.latest()) throw expired();
  return place;
}

function expired(): StoreError {
  return new StoreError('watch_expired', 'the changes after this token are not known', {
    hint: 'take latestToken(), read everything again, and watch from there',
  });
}
