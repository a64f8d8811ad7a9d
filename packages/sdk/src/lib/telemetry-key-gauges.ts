/** The ages of the keys that the host asked to have observed. */
import type { Meter, ObservableResult } from '@opentelemetry/api';
import { METRIC_TABLE } from '@stele/types/metrics';

/** What is read of a key manager. */
export interface ObservedKeys {
  readonly use?: string;
  readonly ageDays: number;
  needsRotation(): boolean;
}

interface KeyAge {
  readonly days: number;
  readonly due: boolean;
}

const MAX_MANAGERS = 100;

const managers = new Set<ObservedKeys>();

/**
 * Takes a manager into the gauges.
 * @returns takes it out again
 * @throws RangeError for more than 100 at a time
 */
export function keepManager(manager: ObservedKeys): () => void {
  if (managers.size >= MAX_MANAGERS && !managers.has(manager))
    throw new RangeError(`at most ${MAX_MANAGERS} key managers are observed`);
  managers.add(manager);
  return () => void managers.delete(manager);
}

/** Adds the two gauges to a meter, which reads them when it collects. */
export function addKeyGauges(meter: Meter): void {
  const add = (
    { name, meaning, unit }: (typeof METRIC_TABLE)['keyRotationAgeDays'],
    value: (age: KeyAge) => number,
  ) => {
    const gauge = meter.createObservableGauge(name, { description: meaning, unit });
    gauge.addCallback((result: ObservableResult) => {
      for (const [use, age] of oldest()) result.observe(value(age), { use });
    });
  };
  add(METRIC_TABLE.keyRotationAgeDays, ({ days }) => days);
  add(METRIC_TABLE.keyRotationDue, ({ due }) => (due ? 1 : 0));
}

/** The oldest active key of each use: two managers must not overwrite one another. */
function oldest(): Map<string, KeyAge> {
  const ages = new Map<string, KeyAge>();
  for (const manager of managers) {
    const age = ageOf(manager);
    if (age === undefined) continue;
    const { use = 'covenant' } = manager;
    const known = ages.get(use) ?? age;
    ages.set(use, { days: Math.max(known.days, age.days), due: known.due || age.due });
  }
  return ages;
}

/** A manager without a key has no age: it is absent rather than young. */
function ageOf(manager: ObservedKeys): KeyAge | undefined {
  try {
    return { days: manager.ageDays, due: manager.needsRotation() };
  } catch {
    return undefined;
  }
}
