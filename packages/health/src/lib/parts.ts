/** The components that a host can hand over, each looked at with its own time-out. */
import { HEALTHY, type HealthComponent, type HealthFinding } from '../component.js';
import { componentOf, type Look, rounded } from './components.js';
import { OneAtATime } from './one-at-a-time.js';
import { type ProbedStore, probeKind, probeStore } from './store-probe.js';

/** What is read of a key manager, such as `KeyManager`. */
export interface KeysLike {
  readonly use?: string;
  readonly ageDays: number;
  readonly activeKey?: { readonly state: string };
  needsRotation(): boolean;
}

/** What an audit log tells of itself. */
export interface AuditLike {
  lag(): AuditLag | Promise<AuditLag>;
}

/** How far behind the evidence is. */
export interface AuditLag {
  /** Entries that no signed checkpoint covers yet. */
  readonly entries: number;
  /** How long the oldest of them has been waiting, in milliseconds; 0 when there is none. */
  readonly ageMs: number;
}

/** What is asked of a ledger of limits, such as `SqliteLimits`. */
export interface LimitsLike {
  /** Writes something, reads it back, and leaves no trace. */
  probe?(): Promise<void>;
  reserve(
    charges: readonly { key: string; amount: number; cost: number; periodMs: number }[],
  ): Promise<{ readonly ok: boolean; readonly id?: string }>;
  release(id: string): Promise<void>;
}

/**
 * A look of the host's own. It says how it fares; `true` or nothing is healthy, `false` unhealthy. What it throws is
 * unhealthy, too.
 */
export type HealthCheck = () =>
  | HealthFinding
  | boolean
  | undefined
  | Promise<HealthFinding | boolean | undefined>;

const keys = new OneAtATime<HealthFinding>();
const audits = new OneAtATime<AuditLag>();
const ledgers = new OneAtATime<void>();
const checks = new OneAtATime<unknown>();

/** Whether the store can be written and read, and how fast. */
export async function storeComponent(
  store: ProbedStore,
  thresholdMs: number,
  look: Look,
): Promise<HealthComponent> {
  const answer = await probeStore(store, look.timeoutMs);
  const isSlow = answer.latencyMs > thresholdMs;
  const judge = (): HealthFinding => (isSlow ? { status: 'degraded', code: 'store_slow' } : HEALTHY);
  return { ...componentOf('store', answer, judge, look), facts: { probe: probeKind(store), thresholdMs } };
}

/** Whether the active key is good, and its age against the policy of its manager. */
export async function keysComponent(manager: KeysLike, look: Look): Promise<HealthComponent> {
  const answer = await keys.ask(manager, () => keysFinding(manager), look.timeoutMs);
  const name = manager.use === undefined ? 'keys' : `keys.${manager.use}`;
  return componentOf(name, answer, (finding) => finding, look);
}

function keysFinding(manager: KeysLike): HealthFinding {
  const facts = { ageDays: rounded(manager.ageDays) };
  if (manager.activeKey?.state === 'revoked') return { status: 'unhealthy', code: 'key_revoked', facts };
  if (manager.needsRotation()) return { status: 'degraded', code: 'key_rotation_due', facts };
  return { ...HEALTHY, facts };
}

/** How far the evidence is behind. */
export async function auditComponent(
  audit: AuditLike,
  thresholdMs: number,
  look: Look,
): Promise<HealthComponent> {
  const answer = await audits.ask(audit, () => audit.lag(), look.timeoutMs);
  const judge = ({ entries, ageMs }: AuditLag): HealthFinding => {
    if (!(entries >= 0 && ageMs >= 0)) throw new TypeError('lag() must give { entries, ageMs }');
    const facts = { entries, ageMs, thresholdMs };
    return ageMs > thresholdMs ? { status: 'degraded', code: 'audit_lagging', facts } : { ...HEALTHY, facts };
  };
  return componentOf('audit', answer, judge, look);
}

/** Whether limits can be charged: a charge of nothing, taken back at once, unless the ledger has a probe of its own. */
export async function limitsComponent(limits: LimitsLike, look: Look): Promise<HealthComponent> {
  const charge = async () => {
    if (limits.probe !== undefined) return limits.probe();
    const { id } = await limits.reserve([{ key: 'stele.health', amount: 1, cost: 0, periodMs: 1_000 }]);
    if (id === undefined) throw new Error('the ledger refused a charge of nothing');
    await limits.release(id);
  };
  return componentOf('limits', await ledgers.ask(limits, charge, look.timeoutMs), () => HEALTHY, look);
}

/** A look of the host's own. */
export async function checkComponent(name: string, check: HealthCheck, look: Look): Promise<HealthComponent> {
  return componentOf(name, await checks.ask(check, check, look.timeoutMs), ownFinding, look);
}

function ownFinding(answer: unknown): HealthFinding {
  if (answer === undefined || answer === true) return HEALTHY;
  if (answer === false) return { status: 'unhealthy', code: 'check_failed' };
  const { status, code, facts } = answer as HealthFinding;
  if (status !== 'healthy' && status !== 'degraded' && status !== 'unhealthy')
    throw new TypeError('a check answers with a status, true, false or nothing');
  return { status, ...(code === undefined ? {} : { code }), ...(facts === undefined ? {} : { facts }) };
}
