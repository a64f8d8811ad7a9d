import { generateKeyPair, type KeyPair } from '@stele/crypto';
import { buildCovenant, type CheckName, type CovenantDocument, type Verification } from '../src/index.js';

export const HOUR = 3_600_000;
/** A moment in whole seconds, so that written times and compared times agree. */
export const NOW = new Date('2026-11-21T03:00:00Z');
export const at = (ms: number): Date => new Date(NOW.getTime() + ms);

export const agentDid = (keys: KeyPair) => ({ id: keys.did });

export async function keys<const N extends number>(count: N): Promise<KeyPair[]> {
  return Promise.all(Array.from({ length: count }, () => generateKeyPair()));
}

export interface Family {
  readonly owner: KeyPair;
  readonly manager: KeyPair;
  readonly agent: KeyPair;
  readonly root: CovenantDocument;
  readonly child: CovenantDocument;
}

/** An owner's covenant for a manager, who passes part of it on to an agent. */
export async function family(): Promise<Family> {
  const [owner, manager, agent] = (await keys(3)) as [KeyPair, KeyPair, KeyPair];
  const root = await buildCovenant({
    beneficiary: { id: manager.did },
    constraints: "permit orders.* on '/orders/**'\n",
    delegation: { maxDepth: 1 },
    expiresAt: at(24 * HOUR),
    signer: owner,
    now: NOW,
  });
  const child = await buildCovenant({
    beneficiary: { id: agent.did },
    constraints: "permit orders.read on '/orders/**'\n",
    parent: root,
    expiresAt: at(HOUR),
    signer: manager,
    now: NOW,
  });
  return { owner, manager, agent, root, child };
}

/** The names of the checks that failed and make the covenant invalid. */
export function failed(verification: Verification): CheckName[] {
  return verification.checks
    .filter((check) => !check.passed && check.warning !== true)
    .map((check) => check.name);
}
