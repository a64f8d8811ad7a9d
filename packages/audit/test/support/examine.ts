/** What must be true of a log whatever became of its writers. */
import assert from 'node:assert/strict';
import type { KeyPair } from '@stele/crypto';
import type { AuditLog } from '../../src/index.js';
import { readCheckpoint } from '../../src/lib/checkpoint.js';
import { hashLeaf } from '../../src/lib/merkle.js';
import { decodeBundle } from '../../src/lib/tiles.js';
import { verifyLog } from '../../src/verify-log.js';

interface Leaf {
  readonly seq: number;
  readonly kind: string;
  readonly decision?: string;
  readonly of?: number;
  readonly outcome?: string;
}

/**
 * Asserts that a log verifies, that everything which was acknowledged is there, and that each permit has one outcome.
 * @returns how many entries it has, and how many outcomes are unknown
 */
export async function examine(
  log: AuditLog,
  signer: KeyPair,
  acknowledged: ReadonlyMap<number, string>,
): Promise<{ size: number; unknown: number }> {
  const report = await verifyLog(log, { keys: [signer] });
  assert.equal(report.valid, true, JSON.stringify(report));
  const { size } = readCheckpoint((await log.reader.checkpoint()) ?? '');
  const leaves = await leavesOf(log, size);
  for (const [index, hash] of acknowledged) {
    assert.equal(Buffer.from(hashLeaf(leaves[index] ?? Buffer.of())).toString('hex'), hash, `entry ${index}`);
  }
  const entries = leaves.map((leaf) => JSON.parse(Buffer.from(leaf).toString()) as Leaf);
  const settled = entries.flatMap(({ of }) => (of === undefined ? [] : [of])).sort((a, b) => a - b);
  const permits = entries.flatMap(({ seq, decision }) => (decision === 'permit' ? [seq] : []));
  assert.deepEqual(settled, permits, 'each permit has one outcome');
  return { size, unknown: entries.filter(({ outcome }) => outcome === 'unknown').length };
}

async function leavesOf(log: AuditLog, size: number): Promise<Uint8Array[]> {
  const leaves: Uint8Array[] = [];
  for (let index = 0; leaves.length < size; index++) {
    const width = Math.min(256, size - leaves.length);
    const bundle = await log.reader.entries(index, width);
    assert.ok(bundle, `bundle ${index}`);
    leaves.push(...decodeBundle(bundle, width));
  }
  return leaves;
}
