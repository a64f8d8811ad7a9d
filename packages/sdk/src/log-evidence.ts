/** Evidence by a log: that a document was there while the keys that signed it still counted. */
import {
  type NamedKey,
  parseProof,
  toVerifierKey,
  verifyProof,
  verifyQuorum,
  type WitnessPolicy,
} from '@stele/audit';
import type { FindEvidence } from '@stele/core';
import { parseJson } from '@stele/crypto';

export interface LogEvidenceOptions {
  /**
   * Finds the proof (C2SP tlog-proof, with its entry in `extra`) of an event with such a `digest`, as `covenant.put` has
   * one; undefined when there is none.
   * @param digest SHA-256 of the whole document, 64 hex digits (`documentDigest`)
   */
  proof: (digest: string) => string | Uint8Array | undefined | Promise<string | Uint8Array | undefined>;
  /** Of the log. */
  origin: string;
  /** Of the log, old ones too while proofs are under their checkpoints. */
  keys: readonly NamedKey[];
  /** Whose cosignatures tell the time, and how many of them it takes. A log by itself could say any. */
  witnesses: WitnessPolicy;
}

/**
 * The `evidence` of a client or monitor that stands on a log: the signature of a retired key counts when the log held the
 * document's digest under a checkpoint that enough witnesses had cosigned before the key retired.
 * @returns rejects with an AuditError for a proof that does not verify, and then the signature does not count
 * @throws AuditError `note_malformed` for a key that is none
 */
export function logEvidence({ proof, origin, keys, witnesses }: LogEvidenceOptions): FindEvidence {
  const known = keys.map((key) => toVerifierKey(key, origin));
  const own = known.map(({ publicKey }) => publicKey);
  return async ({ digest }) => {
    const found = await proof(digest);
    if (found === undefined) return undefined;
    const { leaf } = await verifyProof(found, known, origin);
    if ((parseJson(leaf) as { digest?: unknown }).digest !== digest) return undefined;
    const cosignatures = await verifyQuorum(parseProof(found).checkpoint, witnesses, own);
    const seconds = cosignatures.map(({ time = Number.POSITIVE_INFINITY }) => time).sort((a, b) => a - b);
    return { kind: 'inclusion', at: endOf(seconds[witnesses.quorum - 1]) };
  };
}

/** A cosignature tells its second: it may be of the last moment in it. */
const endOf = (second: number | undefined): Date => new Date((second ?? Number.NaN) * 1_000 + 999);
