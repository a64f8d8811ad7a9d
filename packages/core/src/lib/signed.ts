/** Reading signed documents of every type but covenants, which have more to be said of them. */
import { parseJson, snapshotJson } from '@stele/crypto';
import type { Proof } from '../types.js';
import { messageOf } from './facts.js';
import { hashDocument, signerOf, verifyProof } from './proof.js';
import { proofsOf } from './structure.js';

/**
 * A deep-frozen copy of a value, or what keeps it from being a document of one type. Text and bytes are read as I-JSON.
 * Never throws.
 * @param problemOf the first thing that is wrong with the structure
 */
export function readSigned<T>(
  value: unknown,
  problemOf: (copy: unknown) => string | undefined,
  maxBytes: number,
): T | string {
  try {
    const isText = typeof value === 'string' || value instanceof Uint8Array;
    const copy = isText ? parseJson(value, { maxBytes }) : snapshotJson(value, { maxBytes });
    return problemOf(copy) ?? (copy as T);
  } catch (error) {
    return messageOf(error);
  }
}

/** Says which proof of a document of sound structure does not verify, if one does not. */
export async function proofProblem(document: {
  readonly proof: Proof | Proof[];
}): Promise<string | undefined> {
  const hash = hashDocument(document);
  for (const proof of proofsOf(document)) {
    if (!(await verifyProof(proof, hash))) return `the proof by ${signerOf(proof)} does not verify`;
  }
  return undefined;
}
