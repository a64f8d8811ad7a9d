/** Stores to look into, and records that are not what they should be. */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildCovenant,
  type CovenantDocument,
  canonicalizeJson,
  generateKeyPair,
  type KeyPair,
  revokeCovenant,
  sha256,
} from '@stele/sdk';
import type { BackedStore } from '@stele/store';
import type { Folder } from './support.js';

const AGENT = { id: 'https://acme.example/agents/refunds' };

export async function covenants(count: number, signer: KeyPair): Promise<CovenantDocument[]> {
  return Promise.all(
    Array.from({ length: count }, () =>
      buildCovenant({ beneficiary: AGENT, constraints: "permit a on '/**'", signer }),
    ),
  );
}

export const revocationOf = (covenant: CovenantDocument, signer: KeyPair, reason = 'no more') =>
  revokeCovenant(covenant, { reason, signer });

/** Some covenants, two of them revoked, one of these no longer there. */
export async function fill(store: BackedStore, count: number): Promise<CovenantDocument[]> {
  const signer = await generateKeyPair();
  const made = await covenants(count + 1, signer);
  for (let i = 0; i < made.length; i += 50) await store.putBatch(made.slice(i, i + 50));
  const [first, gone] = made as [CovenantDocument, CovenantDocument];
  for (const each of [first, gone]) await store.putRevocation(await revocationOf(each, signer));
  await store.delete(gone.id);
  return made.filter((each) => each !== gone);
}

/** Puts a covenant into a store without asking whether it is one; its id is made to fit. */
export async function plantCovenant({ backend }: BackedStore, content: object, proof: unknown) {
  const text = canonicalizeJson(content);
  const id = `urn:stele:covenant:${sha256(text)}`;
  const proofs = canonicalizeJson(proof);
  const bytes = new TextEncoder().encode(`stele-record/1 ${sha256(proofs)}\n${text}\n${proofs}`);
  await backend.write([{ kind: 'covenant', id, expected: undefined, next: { bytes, tokens: [] } }]);
  return id;
}

/** The files of the records of a FileStore. */
export function recordFiles(path: string, kind: 'covenants' | 'revocations' | 'approvals'): string[] {
  return readdirSync(join(path, kind), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

export const newKey = (folder: Folder, name: string): string => folder.writeSecret(name, randomBytes(32));
