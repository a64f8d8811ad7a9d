import {
  buildCovenant,
  createMonitor,
  generateKeyPair,
  MemoryLimits,
  MemorySink,
  MemoryStore,
  type Monitor,
  signApproval,
} from '@stele/sdk';

export interface Awaiting {
  readonly monitor: Monitor;
  readonly sink: MemorySink;
  /** Signs the only request that is open. */
  sign(verdict?: 'approve' | 'deny'): Promise<string>;
  /** How many are open. */
  open(): Promise<number>;
}

/** A monitor of a fresh covenant whose `require human.approval` one person may meet. */
export async function awaiting(constraints: string, waitMs = 0): Promise<Awaiting> {
  const [owner, agent, anna] = [await generateKeyPair(), await generateKeyPair(), await generateKeyPair()];
  const covenant = await buildCovenant({
    issuer: {},
    beneficiary: { id: agent.did },
    constraints,
    approvers: { 'human.approval': { keys: [anna.did], threshold: 1 } },
    signer: owner,
  });
  const sink = new MemorySink();
  const store = new MemoryStore();
  const monitor = await createMonitor({
    covenant,
    trust: [owner.did],
    agent: agent.did,
    store,
    sink,
    limits: new MemoryLimits(),
    approvals: { audience: 'test', waitMs },
  });
  const opened = async () => (await store.approvals.list({ state: 'open' })).items;
  return {
    monitor,
    sink,
    sign: async (verdict = 'approve') => {
      const [only, ...more] = await opened();
      if (only === undefined || more.length > 0) throw new Error(`${more.length + (only ? 1 : 0)} are open`);
      await store.approvals.sign(await signApproval(only.request, { verdict, signer: anna }));
      return only.request.id;
    },
    open: async () => (await opened()).length,
  };
}
