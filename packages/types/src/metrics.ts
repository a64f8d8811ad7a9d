/** The names under which Stele reports measurements, whatever library collects them. Stable across releases. */
export const METRICS = Object.freeze({
  /** Time to verify one covenant, in milliseconds. Histogram. */
  covenantVerifyLatencyMs: 'stele.covenant.verify.latency_ms',
  /** Time to evaluate one policy, in milliseconds. Histogram. */
  cclEvaluateLatencyMs: 'stele.ccl.evaluate.latency_ms',
  /** Time to read one document from a store, in milliseconds. Histogram. */
  storeReadLatencyMs: 'stele.store.read.latency_ms',
  /** Actions denied. Counter. */
  enforcementDenyCount: 'stele.enforcement.deny.count',
  /** Days since the active key was made. Gauge. */
  keyRotationAgeDays: 'stele.key.rotation.age_days',
} as const);

/** One of the metric names. */
export type MetricName = (typeof METRICS)[keyof typeof METRICS];
