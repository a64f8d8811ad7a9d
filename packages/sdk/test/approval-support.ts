/** A covenant whose refunds need approval, those who give it, and a monitor that asks for it. */
import { type ApprovalStore, MemoryStore } from '@stele/store';
import {
  type ApprovalDocument,
  type BuildOptions,
  type CovenantDocument,
  createMonitor,
  type Decision,
  generateKeyPair,
  type KeyPair,
  MemoryLimits,
  MemorySink,
  type Monitor,
  type MonitorOptions,
  signApproval,
} from '../src/index.js';
import { type Cast, Clock, cast } from './support.js';

export const AUDIENCE = 'acme.example/bank';
export const RULES = [
  'permit refund on /orders/** when args.amount <= 1000',
  'permit look on **',
  'require human.approval for refund on /orders/** when args.amount > 10',
  'limit refund 3 per day',
].join('\n');

export const refund = (amount = 50, order = '7') => ({
  action: 'refund',
  resource: `/orders/${order}`,
  context: { args: { amount }, session: { user: 'anna' } },
});

export interface Scene {
  readonly c: Cast;
  readonly anna: KeyPair;
  readonly bert: KeyPair;
  readonly clock: Clock;
  readonly store: MemoryStore;
  readonly approvals: ApprovalStore;
  readonly sink: MemorySink;
  readonly covenant: CovenantDocument;
  readonly problems: unknown[];
  /** Options that are given to `monitor` change those of the scene. */
  monitor(
    changes?: Partial<MonitorOptions>,
    approvals?: Partial<MonitorOptions['approvals']>,
  ): Promise<Monitor>;
  /** Signs the request of a decision, and puts what was signed into the store. */
  answer(decision: Decision, by: KeyPair, verdict?: 'approve' | 'deny'): Promise<ApprovalDocument>;
  /** The kinds of the events in the log, and of one kind the events. */
  events(): string[];
}

export async function scene(changes: Partial<BuildOptions> & { rules?: string } = {}): Promise<Scene> {
  const { rules = RULES, ...more } = changes;
  const c = await cast();
  const [anna, bert] = [await generateKeyPair(), await generateKeyPair()];
  const covenant = await c.covenant(rules, {
    approvers: { 'human.approval': { keys: [anna.did], threshold: 1 } },
    ...more,
  });
  const clock = new Clock();
  const store = new MemoryStore();
  const approvals = store.approvals;
  const sink = new MemorySink();
  const problems: unknown[] = [];
  const base: MonitorOptions = {
    covenant,
    trust: [c.owner.did],
    store,
    sink,
    clock: clock.read,
    limits: new MemoryLimits({ clock: clock.read }),
  };
  const settings = { audience: AUDIENCE, onProblem: (error: unknown) => void problems.push(error) };
  return {
    c,
    anna,
    bert,
    clock,
    store,
    approvals,
    sink,
    covenant,
    problems,
    monitor: (given = {}, asked = {}) =>
      createMonitor({ ...base, ...given, approvals: { ...settings, ...asked } }),
    answer: async (decision, signer, verdict = 'approve') => {
      const record = await approvals.get(decision.approval?.id as string);
      if (record === undefined) throw new Error('no such request');
      const document = await signApproval(record.request, { verdict, signer, now: new Date(clock.now) });
      await approvals.sign(document);
      return document;
    },
    events: () => sink.events.map(({ kind }) => kind),
  };
}

export const codes = (decisions: readonly Decision[]): string[] => [
  ...new Set(decisions.map(({ code }) => code)),
];
