/**
 * The instruments of Stele, of whatever OpenTelemetry SDK the host has registered. Without one there are none, and asking
 * costs some nanoseconds. Nothing that a host's SDK does can change or fail a decision.
 */
import {
  type Attributes,
  createNoopMeter,
  type Meter,
  type MeterProvider,
  type MetricOptions,
  metrics,
} from '@opentelemetry/api';
import { METRIC_TABLE, type MetricKey } from '@stele/types/metrics';
import { addKeyGauges, keepManager, type ObservedKeys } from './telemetry-key-gauges.js';

/** The name under which Stele asks for meters and tracers. */
export const SCOPE = '@stele/sdk';

/** Takes one measurement: of a histogram the value, of a counter what to add. Never throws. */
type Take = (value: number, labels?: Attributes) => void;

export type Instruments = Readonly<Record<Exclude<MetricKey, 'keyRotationAgeDays' | 'keyRotationDue'>, Take>>;

/** From an evaluation of some microseconds to a store that hangs; with a bound at every threshold of docs/metrics.md. */
const BOUNDS_MS = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 200, 250, 500, 1_000, 2_500, 5_000,
];

// The API hands out no meter that an SDK registered later would fill, so the provider is looked up each time.
let known: { readonly provider: MeterProvider; readonly instruments: Instruments | undefined } | undefined;

/** The instruments of the SDK that is registered now; undefined when there is none. */
export function instruments(): Instruments | undefined {
  const provider = metrics.getMeterProvider();
  if (known?.provider !== provider) known = { provider, instruments: instrumentsOf(provider) };
  return known.instruments;
}

/** The instruments as they were at the last look: for what is measured inside a decision, which begins with one. */
export function lastInstruments(): Instruments | undefined {
  return known?.instruments;
}

/**
 * Reports the age of the active key as `stele.key.rotation.age_days`, and whether its manager wants it rotated as
 * `stele.key.rotation.due`, each time that metrics are collected. A manager that is not initialised yet is left out.
 * @returns ends it; an SDK may go on showing the last value
 * @throws RangeError for more than 100 managers at a time
 */
export function observeKeyManager(manager: ObservedKeys): () => void {
  const end = keepManager(manager);
  instruments(); // no decision need be made for the gauges to be there
  return end;
}

function instrumentsOf(provider: MeterProvider): Instruments | undefined {
  try {
    const meter = provider.getMeter(SCOPE);
    if (meter === createNoopMeter()) return undefined;
    addKeyGauges(meter);
    const keys = Object.keys(METRIC_TABLE) as MetricKey[];
    const all = keys.flatMap((key) => {
      const take = instrumentOf(meter, key);
      return take === undefined ? [] : [[key, take]];
    });
    return Object.fromEntries(all) as Instruments;
  } catch {
    return undefined;
  }
}

function instrumentOf(meter: Meter, key: MetricKey): Take | undefined {
  const { name, instrument, meaning, unit } = METRIC_TABLE[key];
  const options: MetricOptions = { description: meaning, unit };
  if (instrument === 'gauge') return undefined;
  if (instrument === 'counter') {
    const counter = meter.createCounter(name, options);
    return quiet((value, labels) => counter.add(value, labels));
  }
  const advice = { explicitBucketBoundaries: BOUNDS_MS };
  const histogram = meter.createHistogram(name, { ...options, advice });
  return quiet((value, labels) => histogram.record(value, labels));
}

function quiet(take: Take): Take {
  return (value, labels) => {
    try {
      take(value, labels);
    } catch {
      // What is measured goes on.
    }
  };
}
