import { once } from 'node:events';
import {
  buildCovenant,
  createMonitor,
  generateKeyPair,
  MemoryLimits,
  MemorySink,
  MemoryStore,
  type Monitor,
  type MonitorOptions,
  revokeCovenant,
} from '@stele/sdk';
import { expect } from 'vitest';

export interface Governed {
  readonly monitor: Monitor;
  readonly sink: MemorySink;
  revoke(): Promise<void>;
}

/** A monitor of a fresh covenant, with what it recorded. */
export async function governed(
  constraints: string,
  { tools, ...options }: Partial<MonitorOptions> & { tools?: Readonly<Record<string, string>> } = {},
): Promise<Governed> {
  const owner = await generateKeyPair();
  const agent = await generateKeyPair();
  const covenant = await buildCovenant({
    issuer: {},
    beneficiary: { id: agent.did },
    constraints,
    signer: owner,
    ...(tools === undefined ? {} : { metadata: { tools } }),
  });
  const sink = new MemorySink();
  const store = new MemoryStore();
  await store.put(covenant);
  const monitor = await createMonitor({
    covenant,
    store,
    trust: [owner.did],
    agent: agent.did,
    sink,
    limits: new MemoryLimits(),
    ...options,
  });
  const revoke = async () =>
    store.putRevocation(await revokeCovenant(covenant, { signer: owner, reason: 'misused' }));
  return { monitor, sink, revoke };
}

/** What was decided, and what became of it, in order. */
export const recorded = ({ entries }: MemorySink): string[] =>
  entries.map((entry) =>
    entry.kind === 'decision' ? `${entry.action} ${entry.decision}` : `outcome ${entry.outcome}`,
  );

/** The calls of an agent that meets every fate: permitted, denied, awaiting a person, cut by a revocation while it runs. */
export const FATES = [
  { name: 'look', args: { amount: 1 } },
  { name: 'pay', args: { amount: 5000 } },
  { name: 'send', args: { amount: 1 } },
  { name: 'work', args: { amount: 1 } },
] as const;

/** @param prefix what stands before a tool's name in its action */
export async function fates(prefix = '') {
  const rules = ['look', 'send', 'work'].map((name) => `permit ${prefix}${name} on /`);
  rules.push(`permit ${prefix}pay on / when args.amount <= 100`);
  rules.push(`require human.approval for ${prefix}send on /`);
  const { monitor, sink, revoke } = await governed(rules.join('\n'), {
    obligations: { 'human.approval': () => 'pending' },
    revocationMaxAgeMs: 5,
  });
  const ran: string[] = [];

  /** What the tools do: `work` has its own covenant revoked, and goes on until it is told to stop. */
  async function run(name: string, signal: AbortSignal | undefined): Promise<string> {
    ran.push(name);
    if (name !== 'work') return `${name} ran`;
    void revoke();
    await once(signal as AbortSignal, 'abort');
    throw (signal as AbortSignal).reason;
  }

  /** @param told what the model was told of the calls, in order */
  function check(told: readonly unknown[]): void {
    expect(ran).toEqual(['look', 'work']);
    expect(told.map((each) => JSON.stringify(each))).toEqual([
      expect.stringContaining('look ran'),
      expect.stringContaining('[no_matching_permit]'),
      expect.stringContaining('[obligation_pending'),
      expect.stringContaining('the covenant no longer stands'),
    ]);
    const named = (entry: string) => (entry.startsWith('outcome') ? entry : `${prefix}${entry}`);
    expect(recorded(sink)).toEqual(
      ['look permit', 'outcome done', 'pay deny', 'send pending', 'work permit', 'outcome unknown'].map(
        named,
      ),
    );
    expect(sink.events).toMatchObject([{ kind: 'covenant.cut', actions: 1 }]);
  }
  return { monitor, run, check };
}
