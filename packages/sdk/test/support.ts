import { sha256Bytes, toBase58btc } from '@stele/crypto';
import {
  type BuildOptions,
  buildCovenant,
  type CovenantDocument,
  canonicalizeJson,
  covenantId,
  generateKeyPair,
  type KeyPair,
  sign,
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

/** Signs a document anew after a change, as an issuer who writes what no function of ours would; undefined removes a member. */
export async function changed(
  from: CovenantDocument,
  changes: Record<string, unknown>,
  signers: readonly KeyPair[],
): Promise<CovenantDocument> {
  const { proof: _p, id: _i, ...rest } = { ...from, ...changes } as CovenantDocument;
  const content = JSON.parse(JSON.stringify(rest)) as typeof rest;
  const unsigned = { ...content, id: covenantId(content) };
  const proof = await Promise.all(signers.map((signer) => proved(unsigned, signer)));
  return { ...unsigned, proof };
}

async function proved(unsigned: Omit<CovenantDocument, 'proof'>, { did, privateKey }: KeyPair) {
  const config = {
    type: 'DataIntegrityProof',
    cryptosuite: 'eddsa-jcs-2022',
    created: unsigned.createdAt,
    verificationMethod: `${did}#${did.slice('did:key:'.length)}`,
    proofPurpose: 'assertionMethod',
  } as const;
  const input = [config, unsigned].map((part) => sha256Bytes(canonicalizeJson(part)));
  const signature = await sign(Buffer.concat(input), privateKey);
  return { ...config, proofValue: `z${toBase58btc(signature)}` };
}
