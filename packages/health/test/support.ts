import { MemoryStore, StoreError } from '@stele/store';
import { SteleError } from '@stele/types/errors';
import type { ProbedStore } from '../src/index.js';

/** What no report may show unless it is asked to. */
export const PRIVATE = 'connect ECONNREFUSED db-7.internal:5432 password=hunter2';

/** A store that is written by its probe. */
export const writable = (): ProbedStore => Object.assign(new MemoryStore(), { probe: async () => {} });

/** A store that can be read, but not written, as on a full or read-only disk. */
export const readOnly = (): ProbedStore =>
  Object.assign(new MemoryStore(), {
    probe: async () => {
      throw new StoreError('store_unavailable', PRIVATE);
    },
  });

/** Time enough for a machine that is busy with other tests. */
export const PATIENT = { timeoutMs: 30_000, storeLatencyThresholdMs: 60_000, eventLoopThresholdMs: 60_000 };

/** Never answers. */
export const never = (): Promise<never> => new Promise(() => {});

/** A store that hangs; `asked` counts how often it was. */
export function hanging(): ProbedStore & { asked: number } {
  const store = {
    asked: 0,
    get: never,
    probe: () => {
      store.asked++;
      return never();
    },
  };
  return store;
}

/** Everything that can be thrown at a health check, with the code that may be told of it. */
export const FAILURES: [unknown, string][] = [
  [new StoreError('store_unavailable', PRIVATE), 'store_unavailable'],
  [new SteleError('of_a_colleague', PRIVATE), 'of_a_colleague'],
  [new SteleError(PRIVATE, PRIVATE), 'check_failed'],
  [Object.assign(new Error(PRIVATE), { code: PRIVATE }), 'check_failed'],
  [PRIVATE, 'check_failed'],
  [null, 'check_failed'],
  [
    {
      get message() {
        throw new Error(PRIVATE);
      },
    },
    'check_failed',
  ],
];
