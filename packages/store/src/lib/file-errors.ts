import { StoreError } from '../errors.js';

/** Runs a step and gives what the file system throws a code of ours. */
export function attempt<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    throw fileError(cause);
  }
}

/** What a mistake of the caller is stays what it is. */
export function fileError(cause: unknown): unknown {
  if (cause instanceof StoreError || cause instanceof RangeError) return cause;
  const { code } = cause as { code?: unknown };
  return new StoreError('store_unavailable', `the file system refused: ${String(code)}`, {
    cause,
    hint: 'look at the free space, the permissions and the health of the disk',
  });
}
