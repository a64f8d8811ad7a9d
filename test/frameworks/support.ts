import {
  buildCovenant,
  createMonitor,
  generateKeyPair,
  MemoryLimits,
  MemorySink,
  type Monitor,
} from '@stele/sdk';

/** A monitor of a fresh covenant, with what it recorded. */
export async function governed(
  constraints: string,
  tools?: Readonly<Record<string, string>>,
): Promise<{ monitor: Monitor; sink: MemorySink }> {
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
  const monitor = await createMonitor({
    covenant,
    trust: [owner.did],
    agent: agent.did,
    sink,
    limits: new MemoryLimits(),
  });
  return { monitor, sink };
}

/** What was decided, and what became of it, in order. */
export const recorded = ({ entries }: MemorySink): string[] =>
  entries.map((entry) =>
    entry.kind === 'decision' ? `${entry.action} ${entry.decision}` : `outcome ${entry.outcome}`,
  );
