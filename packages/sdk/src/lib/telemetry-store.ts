/** A store whose reads and writes are timed, and whose failures are counted. */
import type { CovenantStore } from '@stele/store';
import { isSteleError } from '@stele/types/errors';
import { type Instruments, instruments } from './telemetry.js';

const READS: ReadonlyMap<string, string> = new Map([
  ['get', 'get'],
  ['getBatch', 'get_batch'],
  ['getRevocations', 'get_revocations'],
  ['has', 'has'],
  ['list', 'list'],
  ['count', 'count'],
]);

const WRITES: ReadonlyMap<string, string> = new Map([
  ['put', 'put'],
  ['putBatch', 'put_batch'],
  ['putRevocation', 'put_revocation'],
  ['delete', 'delete'],
  ['deleteBatch', 'delete_batch'],
  ['transaction', 'transaction'],
]);

/** A label must have few values, and a store of someone else may throw any code. */
const CODES: ReadonlySet<string> = new Set([
  'document_refused',
  'revocation_refused',
  'revocation_limit',
  'record_corrupt',
  'store_corrupt',
  'store_unavailable',
  'store_version',
  'store_closed',
  'key_unavailable',
  'sqlite_unavailable',
  'invalid_cursor',
  'unsupported',
  'transaction_conflict',
  'watch_expired',
]);

type Method = (...given: unknown[]) => unknown;

/** What is handed out, by the store that it observes, and by itself: nothing is measured twice. */
const observers = new WeakMap<object, object>();

/**
 * The same store, measured: `stele.store.read.latency_ms`, `stele.store.write.latency_ms`, `stele.store.error.count`.
 * Everything else of it passes through. A store that is observed already is returned as it is; monitors and clients
 * observe theirs by themselves. Walking with `iterate` and `watch` is not timed, since it takes as long as its reader.
 */
export function observeStore<Store extends CovenantStore>(store: Store): Store {
  const known = observers.get(store);
  if (known !== undefined) return known as Store;
  const methods = new Map<PropertyKey, { readonly bare: unknown; readonly observed: Method }>();
  // Over an empty heir, not over the store: the methods of one that is frozen could not be replaced.
  const observer = new Proxy(Object.create(store) as Store, {
    get(_, name) {
      // Read from the store itself, whose private fields no heir has.
      const bare: unknown = Reflect.get(store, name, store);
      if (typeof bare !== 'function' || name === 'constructor') return bare;
      const kept = methods.get(name);
      if (kept?.bare === bare) return kept.observed;
      const observed = observedMethod(bare.bind(store) as Method, name);
      methods.set(name, { bare, observed });
      return observed;
    },
  });
  observers.set(store, observer);
  observers.set(observer, observer);
  return observer;
}

function observedMethod(method: Method, name: PropertyKey): Method {
  const operation = READS.get(String(name)) ?? WRITES.get(String(name));
  if (operation === undefined) return method;
  const latency = READS.has(String(name)) ? 'storeReadLatencyMs' : 'storeWriteLatencyMs';
  return (...given) => {
    const measures = instruments();
    if (measures === undefined) return method(...given);
    return timed(async () => method(...given), operation, measures[latency], measures);
  };
}

async function timed(
  run: () => Promise<unknown>,
  operation: string,
  latency: Instruments['storeReadLatencyMs'],
  measures: Instruments,
): Promise<unknown> {
  const start = performance.now();
  try {
    return await run();
  } catch (error) {
    measures.storeErrorCount(1, { operation, code: codeOf(error) });
    throw error;
  } finally {
    latency(performance.now() - start, { operation });
  }
}

const codeOf = (error: unknown): string =>
  isSteleError(error) && CODES.has(error.code) ? error.code : 'other';
