import {
  type BuildOptions,
  buildCovenant,
  type CovenantDocument,
  generateKeyPair,
  type KeyPair,
} from '../src/index.js';

export const HOUR = 3_600_000;
export const NOW = Date.parse('2026-11-21T03:00:00Z');

/** A clock that stands still until it is moved. */
export class Clock {
  now = NOW;
  readonly read = (): number => this.now;
  advance(ms: number): void {
    this.now += ms;
  }
}

export interface Cast {
  readonly owner: KeyPair;
  readonly manager: KeyPair;
  readonly agent: KeyPair;
  /** A covenant of the owner for the agent. */
  covenant(constraints: string, changes?: Partial<BuildOptions>): Promise<CovenantDocument>;
  /** A covenant of the owner for the manager, and one of the manager for the agent under it. */
  chain(
    root: string,
    leaf: string,
    changes?: { root?: Partial<BuildOptions>; leaf?: Partial<BuildOptions> },
  ): Promise<[CovenantDocument, CovenantDocument]>;
}

export async function cast(): Promise<Cast> {
  const [owner, manager, agent] = [await generateKeyPair(), await generateKeyPair(), await generateKeyPair()];
  const now = new Date(NOW);
  const covenant: Cast['covenant'] = (constraints, changes = {}) =>
    buildCovenant({ beneficiary: { id: agent.did }, constraints, signer: owner, now, ...changes });
  return {
    owner,
    manager,
    agent,
    covenant,
    chain: async (root, leaf, changes = {}) => {
      const parent = await covenant(root, {
        beneficiary: { id: manager.did },
        delegation: { maxDepth: 1 },
        ...changes.root,
      });
      return [parent, await covenant(leaf, { signer: manager, parent, allowWider: true, ...changes.leaf })];
    },
  };
}
