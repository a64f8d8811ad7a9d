/** How something fares, from best to worst. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** What was found out about one part of the process. */
export interface HealthFinding {
  readonly status: HealthStatus;
  /** Why it is not healthy; stable across releases. */
  readonly code?: string;
  /** What was measured. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/** One part of the process in a report. */
export interface HealthComponent extends HealthFinding {
  readonly name: string;
  /** How long it took to find out, in milliseconds. */
  readonly latencyMs: number;
  /** The message of the error underneath, cut and escaped; only where `verbose` asks for it. */
  readonly detail?: string;
}

export const HEALTHY: HealthFinding = Object.freeze({ status: 'healthy' });

/** The worst of several; of none `healthy`. */
export function worst(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.includes('unhealthy')) return 'unhealthy';
  return statuses.includes('degraded') ? 'degraded' : 'healthy';
}
