import { type HealthComponent, type HealthStatus, worst } from './component.js';
import type { Look } from './lib/components.js';
import { inRange, objectOf, timeout } from './lib/options.js';
import {
  type AuditLike,
  auditComponent,
  checkComponent,
  type HealthCheck,
  type KeysLike,
  keysComponent,
  type LimitsLike,
  limitsComponent,
  storeComponent,
} from './lib/parts.js';
import { eventLoopComponent, memoryComponent } from './lib/process.js';
import { type ListsLike, listsComponent } from './lib/revocation-lists.js';
import type { ProbedStore } from './lib/store-probe.js';

export interface DeepHealthOptions {
  /** The store, probed as in `readiness`. */
  store: ProbedStore;
  /** What runs here. */
  version?: string | undefined;
  /** A store that takes longer is degraded; in milliseconds, 200 when not given. */
  storeLatencyThresholdMs?: number | undefined;
  /** How long each component may take, in milliseconds, 1 to 60,000; 1,000 when not given. They run side by side. */
  timeoutMs?: number | undefined;
  /** Key managers. A key that is due for rotation is degraded, one that was revoked or is not there unhealthy. */
  keyManager?: KeysLike | readonly KeysLike[] | undefined;
  /** The audit log: how long entries wait for a checkpoint. */
  audit?: AuditLike | undefined;
  /** Entries that wait longer make it degraded; in milliseconds, 10,000 when not given. */
  auditLagThresholdMs?: number | undefined;
  /** The revocation lists that the host goes by, or a function that gives them. One that is due is unhealthy. */
  revocationLists?: ListsLike | undefined;
  /** The ledger of limits. */
  limits?: LimitsLike | undefined;
  /** Looks of the host's own, by name; 32 at most. */
  checks?: Readonly<Record<string, HealthCheck>> | undefined;
  /** The share of its memory limit from which the process is degraded; 0.9 when not given. */
  memoryThreshold?: number | undefined;
  /** An event loop whose timers are later in the 99th percentile is degraded; in milliseconds, 500 when not given. */
  eventLoopThresholdMs?: number | undefined;
  /** Tells the messages of errors, which may name hosts and paths. For operators alone. */
  verbose?: boolean | undefined;
  /** The time in milliseconds since 1970; `Date.now` when not given. */
  clock?: (() => number) | undefined;
}

/** How a process and what it stands on fare. */
export interface HealthReport {
  /** That of the worst component. */
  readonly status: HealthStatus;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  readonly version?: string;
  /** Seconds since the process began. */
  readonly uptimeSeconds: number;
  readonly components: readonly HealthComponent[];
}

const MAX_CHECKS = 32;
const MAX_MANAGERS = 32;
const CHECK_NAME = /^[a-z][a-z0-9_.-]{0,63}$/;

/**
 * A report for dashboards and for people: every component at once, each with its own time-out. What fails or hangs is
 * unhealthy with a code; the text of an error is told only with `verbose`.
 * @throws TypeError or RangeError for options of the wrong type or out of their range; never for what fails
 */
export async function deepHealth(options: DeepHealthOptions): Promise<HealthReport> {
  const look = lookOf(options);
  const components = await Promise.all(looks(options, look));
  return {
    status: worst(components.map(({ status }) => status)),
    timestamp: new Date(look.now).toISOString(),
    ...(options.version === undefined ? {} : { version: options.version }),
    uptimeSeconds: process.uptime(),
    components,
  };
}

/** @throws TypeError, RangeError */
export function lookOf({ timeoutMs, verbose, clock = Date.now }: DeepHealthOptions): Look {
  return { timeoutMs: timeout(timeoutMs), verbose: verbose === true, now: clock() };
}

function looks(options: DeepHealthOptions, look: Look): (HealthComponent | Promise<HealthComponent>)[] {
  const { store, audit, revocationLists, limits } = options;
  const storeMs = threshold('storeLatencyThresholdMs', options.storeLatencyThresholdMs, 200);
  const auditMs = threshold('auditLagThresholdMs', options.auditLagThresholdMs, 10_000);
  const loopMs = threshold('eventLoopThresholdMs', options.eventLoopThresholdMs, 500);
  const memory = inRange('memoryThreshold', options.memoryThreshold ?? 0.9, 0, 1);
  const [managers, checks] = [managersOf(options), checksOf(options)];
  return [
    storeComponent(objectOf('store', store), storeMs, look),
    ...managers.map((manager) => keysComponent(manager, look)),
    ...(audit === undefined ? [] : [auditComponent(audit, auditMs, look)]),
    ...(revocationLists === undefined ? [] : [listsComponent(revocationLists, look)]),
    ...(limits === undefined ? [] : [limitsComponent(limits, look)]),
    ...checks.map(([name, check]) => checkComponent(name, check, look)),
    memoryComponent(memory, look),
    eventLoopComponent(loopMs),
  ];
}

const threshold = (name: string, value: number | undefined, otherwise: number): number =>
  inRange(name, value ?? otherwise, 0, Number.MAX_SAFE_INTEGER);

function managersOf({ keyManager }: DeepHealthOptions): KeysLike[] {
  const managers = keyManager === undefined ? [] : [keyManager].flat();
  if (managers.length > MAX_MANAGERS) throw new RangeError(`at most ${MAX_MANAGERS} key managers`);
  return managers;
}

function checksOf({ checks = {} }: DeepHealthOptions): [string, HealthCheck][] {
  const entries = Object.entries(checks);
  if (entries.length > MAX_CHECKS) throw new RangeError(`at most ${MAX_CHECKS} checks`);
  for (const [name, check] of entries) {
    if (!CHECK_NAME.test(name) || typeof check !== 'function')
      throw new TypeError('checks are functions under names of lower-case letters, digits, _ . and -');
  }
  return entries;
}
