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
import { SteleError } from '@stele/types/errors';

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
 * @returns rejects with a SteleError `evidence_invalid` for a proof that does not verify, and then the signature does not count
 */
export function logEvidence({ proof, ...trust }: LogEvidenceOptions): FindEvidence {
  return async ({ digest }) => {
    const found = await proof(digest);
    if (found === undefined) return undefined;
    const { valid, problem, entry } = await verifyProof(found, trust);
    if (!valid) throw new SteleError('evidence_invalid', problem?.message ?? 'the proof does not verify');
    if ((entry as { digest?: unknown } | undefined)?.digest !== digest) return undefined;
    return { kind: 'witnessed', at: await momentOf(parseProof(found).checkpoint, trust) };
  };
}

/** When the last of as many witnesses as it takes had seen a checkpoint that was verified. A log is no witness of itself. */
async function momentOf(
  checkpoint: string,
  { origin, keys, witnesses }: Omit<LogEvidenceOptions, 'proof'>,
): Promise<Date> {
  const own = keys.map((key) => toVerifierKey(key, origin).publicKey);
  const seen = (await verifyQuorum(checkpoint, witnesses, own)).map(({ time = Number.NaN }) => time);
  const last = seen.sort((a, b) => a - b)[witnesses.quorum - 1] ?? Number.NaN;
  // A cosignature tells its second: it may be of the last moment in it.
  return new Date(last * 1_000 + 999);
}
