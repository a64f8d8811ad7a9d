/**
 * Whether a process lives, whether it can serve, and how it fares.
 * @module
 */
export type { HealthComponent, HealthFinding, HealthStatus } from './component.js';
export { type DeepHealthOptions, deepHealth, type HealthReport } from './deep-health.js';
export { expressHealth, fastifyHealth, honoHealth } from './frameworks.js';
export type { HealthPaths, HealthRouteOptions } from './lib/answers.js';
export type { AuditLag, AuditLike, HealthCheck, KeysLike, LimitsLike } from './lib/parts.js';
export type { ListLike, ListsLike } from './lib/revocation-lists.js';
export type { ProbedStore, ProbeKind } from './lib/store-probe.js';
export { type Liveness, liveness } from './liveness.js';
export { type Readiness, type ReadinessOptions, readiness } from './readiness.js';
