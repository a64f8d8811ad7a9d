import { AuditError } from './errors.js';
import { parseLeaf } from './lib/leaf.js';
import type { Leaf } from './lib/leaf-types.js';
import { hashLeaf, verifyInclusion } from './lib/merkle.js';
import { type LogProof, parseProof } from './lib/proof-file.js';
import { headOf, notProvenBy, type Problem } from './lib/report.js';
import { unlessRefused } from './lib/unless.js';
import { type SignedCheckpoint, Trust, type TrustOptions } from './lib/verifying-keys.js';

/** What verifying the proof of one entry found. */
export interface ProofReport {
  readonly valid: boolean;
  /** As the checkpoint says; empty where there is none that can be read. */
  readonly origin: string;
  readonly size: number;
  /** The root that the checkpoint signs, 64 hex digits. */
  readonly root: string;
  readonly index?: number;
  /** 64 hex digits. */
  readonly leafHash?: string;
  /** The entry; only where the proof is valid. */
  readonly entry?: Leaf;
  /** The names of the witnesses whose signatures were verified. */
  readonly witnesses: readonly string[];
  readonly problem?: Problem;
  readonly proves: readonly string[];
  readonly doesNotProve: readonly string[];
}

/**
 * Verifies the proof of one entry (C2SP tlog-proof@v1, the entry in `extra`), offline.
 * @param proof the text of a `.tlog-proof` file
 * @returns what was found. Whatever the proof is, it never throws for it
 * @throws TypeError, RangeError for options that are none; AuditError `note_malformed` and CryptoError for keys that are none
 */
export async function verifyProof(proof: string | Uint8Array, options: TrustOptions): Promise<ProofReport> {
  if (typeof proof !== 'string' && !(proof instanceof Uint8Array))
    throw new TypeError('a proof is a string or a Uint8Array');
  const trust = new Trust(options);
  const parsed = await unlessRefused(async () => parseProof(proof));
  if (parsed instanceof AuditError) {
    return reportOf({ witnesses: [], problem: { code: 'proof_malformed', message: parsed.message } });
  }
  const head = await trust.openWitnessed(parsed.checkpoint, 'the checkpoint of the proof');
  return head.problem === undefined ? judge(parsed, head) : reportOf(head);
}

type Opened = Extract<SignedCheckpoint, { problem?: undefined }>;

async function judge({ index, hashes, extra }: LogProof, head: Opened): Promise<ProofReport> {
  const invalid = (message: string) =>
    reportOf({ ...head, problem: { code: 'proof_invalid', index, message } });
  const { checkpoint } = head;
  if (extra === undefined) return invalid('the proof does not carry its entry');
  const leafHash = hashLeaf(extra);
  if (!verifyInclusion({ ...checkpoint, index, leafHash, hashes })) {
    return invalid(
      `the entry is not number ${index} of the log with ${checkpoint.size} entries that was signed`,
    );
  }
  const entry = await unlessRefused(async () => parseLeaf(extra, index));
  if (entry instanceof AuditError)
    return reportOf({ ...head, problem: { code: 'entry_malformed', index, message: entry.message } });
  return { ...reportOf(head, index), index, leafHash: Buffer.from(leafHash).toString('hex'), entry };
}

function reportOf(
  { checkpoint, witnesses, problem }: Pick<SignedCheckpoint, 'checkpoint' | 'witnesses' | 'problem'>,
  index?: number,
): ProofReport {
  const head = headOf(checkpoint);
  const saw = witnesses.length === 0 ? '' : `, and the witnesses ${witnesses.join(', ')} with them`;
  const all = { from: 0, to: head.size, size: head.size, since: [], witnesses };
  return {
    valid: index !== undefined,
    ...head,
    witnesses,
    ...(problem && { problem }),
    proves:
      index === undefined
        ? []
        : [
            `This is entry ${index} of the log “${head.origin}”, as the holder of its key signed it with the checkpoint of ${head.size} entries${saw}.`,
          ],
    doesNotProve: [
      ...notProvenBy(all),
      'Anything about the other entries of the log, or that its key had not been retired: only the whole log says that.',
    ],
  };
}
