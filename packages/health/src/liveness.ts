/** What a living process says of itself. */
export interface Liveness {
  readonly alive: true;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  /** Seconds since the process began, with fractions. */
  readonly uptimeSeconds: number;
}

/**
 * That the process runs and answers. It looks at nothing else: a probe that fails makes Kubernetes restart the process,
 * and a restart mends no database.
 */
export function liveness(): Liveness {
  return { alive: true, timestamp: new Date().toISOString(), uptimeSeconds: process.uptime() };
}
