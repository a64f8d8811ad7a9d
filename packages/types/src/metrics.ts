/** What one metric measures, and when an operator ought to look. */
export interface MetricInfo {
  /** Stable across releases. */
  readonly name: string;
  readonly instrument: 'histogram' | 'counter' | 'gauge';
  /** In the notation of UCUM: `ms`, `d`; `{…}` for a count of things. */
  readonly unit: string;
  /** What is measured, one sentence. */
  readonly meaning: string;
  /** Its labels, each with the values that it can have: always few, never an id or anything of a request. */
  readonly labels: Readonly<Record<string, string>>;
  /** The guide's threshold, or a first one of ours: what is right for a host is measured there. */
  readonly alert: string;
}

const operations = {
  read: '`get`, `get_batch`, `get_revocations`, `has`, `list` or `count`',
  write: '`put`, `put_batch`, `put_revocation`, `delete`, `delete_batch` or `transaction`',
};

const table = {
  covenantVerifyLatencyMs: {
    name: 'stele.covenant.verify.latency_ms',
    instrument: 'histogram',
    unit: 'ms',
    meaning: 'Time to verify one covenant with its chain.',
    labels: {
      scope:
        '`whole`, or `standing`: what revocation and key status can change is looked at again, where there is any to ask for',
    },
    alert: 'P99 > 100 ms',
  },
  cclEvaluateLatencyMs: {
    name: 'stele.ccl.evaluate.latency_ms',
    instrument: 'histogram',
    unit: 'ms',
    meaning: 'Time to evaluate one policy for one request.',
    labels: {},
    alert: 'P99 > 50 ms',
  },
  storeReadLatencyMs: {
    name: 'stele.store.read.latency_ms',
    instrument: 'histogram',
    unit: 'ms',
    meaning: 'Time of one read of a store, whether it succeeded or not.',
    labels: { operation: operations.read },
    alert: 'P99 > 200 ms',
  },
  enforcementDenyCount: {
    name: 'stele.enforcement.deny.count',
    instrument: 'counter',
    unit: '{decision}',
    meaning: 'Requests that were denied. One that waits for an obligation is not denied.',
    labels: {
      code: 'a [decision code](codes.md)',
      severity: '`critical`, `high`, `medium` or `low`',
    },
    alert: 'spike > 10 × baseline',
  },
  keyRotationAgeDays: {
    name: 'stele.key.rotation.age_days',
    instrument: 'gauge',
    unit: 'd',
    meaning: 'Days since the active key was made; of several managers for one use, the oldest key.',
    labels: { use: 'what the keys are for, as the host named it: `covenant`, …' },
    alert: '> 90 days',
  },
  keyRotationDue: {
    name: 'stele.key.rotation.due',
    instrument: 'gauge',
    unit: '1',
    meaning: '1 when the active key has reached the age at which its own policy wants it rotated, else 0.',
    labels: { use: 'as above' },
    alert: '1 for more than a day',
  },
  decisionCount: {
    name: 'stele.decision.count',
    instrument: 'counter',
    unit: '{decision}',
    meaning: 'Decisions of monitors, of every kind.',
    labels: { code: 'a [decision code](codes.md)', effect: '`permit`, `pending` or `deny`' },
    alert:
      'any `record_failed`, `limit_unavailable`, `revocation_unknown` or `clock_suspect`; `pending` that only grows',
  },
  decisionLatencyMs: {
    name: 'stele.decision.latency_ms',
    instrument: 'histogram',
    unit: 'ms',
    meaning: 'Time of one whole decision, its record included where one is waited for.',
    labels: {
      effect: '`permit`, `pending` or `deny`',
      obligations: '`yes` where handlers had to meet some, who may have asked a person; else `no`',
    },
    alert: 'P99 > 250 ms where `obligations` is `no`',
  },
  limitChargeLatencyMs: {
    name: 'stele.limit.charge.latency_ms',
    instrument: 'histogram',
    unit: 'ms',
    meaning: 'Time to charge the limits of one request; its count by `answer` gives the refusals.',
    labels: { answer: '`granted`, `refused` or `failed`' },
    alert: 'P99 > 100 ms; any `failed`',
  },
  recordWriteLatencyMs: {
    name: 'stele.record.write.latency_ms',
    instrument: 'histogram',
    unit: 'ms',
    meaning: 'Time until one entry of the record is durable.',
    labels: { kind: '`decision` or `outcome`' },
    alert: 'P99 > 250 ms',
  },
  recordErrorCount: {
    name: 'stele.record.error.count',
    instrument: 'counter',
    unit: '{entry}',
    meaning: 'Entries that the sink refused or could not write. A permit whose entry fails is a denial.',
    labels: { kind: '`decision` or `outcome`' },
    alert: 'any',
  },
  recordLostCount: {
    name: 'stele.record.lost.count',
    instrument: 'counter',
    unit: '{entry}',
    meaning:
      'Entries of denials and outcomes that were never written, as the next entry that was written tells.',
    labels: {},
    alert: 'any',
  },
  actionOutcomeCount: {
    name: 'stele.action.outcome.count',
    instrument: 'counter',
    unit: '{action}',
    meaning: 'What became of permitted actions.',
    labels: { outcome: '`done`, `failed`, `not_performed` or `unknown`' },
    alert: '`unknown` > 5 % of all',
  },
  storeWriteLatencyMs: {
    name: 'stele.store.write.latency_ms',
    instrument: 'histogram',
    unit: 'ms',
    meaning: 'Time of one write to a store, whether it succeeded or not.',
    labels: { operation: operations.write },
    alert: 'P99 > 500 ms',
  },
  storeErrorCount: {
    name: 'stele.store.error.count',
    instrument: 'counter',
    unit: '{operation}',
    meaning: 'Reads and writes of a store that failed.',
    labels: {
      operation: 'one of those above',
      code: 'the code of the `StoreError`; `other` for any other error',
    },
    alert: 'any `record_corrupt` or `store_corrupt`; `store_unavailable` > 1 % of operations',
  },
} as const satisfies Record<string, MetricInfo>;

/** Which metric, by its short name in code. */
export type MetricKey = keyof typeof table;

/** Every metric with type, unit, labels and alert threshold. Frozen. */
export const METRIC_TABLE: Readonly<Record<MetricKey, MetricInfo>> = Object.freeze(
  Object.fromEntries(
    Object.entries(table).map(([key, info]) => [
      key,
      Object.freeze({ ...info, labels: Object.freeze(info.labels) }),
    ]),
  ) as Record<MetricKey, MetricInfo>,
);

/** The names under which Stele reports measurements, whatever library collects them. Stable across releases. */
export const METRICS = Object.freeze(
  Object.fromEntries(Object.entries(table).map(([key, { name }]) => [key, name])) as {
    readonly [Key in MetricKey]: (typeof table)[Key]['name'];
  },
);

/** One of the metric names. */
export type MetricName = (typeof METRICS)[MetricKey];
