/** A log on a disk that fails, or on a machine that dies, at every single operation, one after the other. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { generateKeyPair, type Signer, toSigner } from '@stele/crypto';
import { describe, it } from 'vitest';
import { AuditError, AuditLog, MemorySubjectKeys, parseCheckpoint, type Receipt } from '../src/index.js';
import { verifyLog } from '../src/verify-log.js';
import { decision } from './support/entries.js';
import { disown, type FaultKind, withFault } from './support/faulty-disk.js';
import { memoryFolder } from './support/folders.js';
import { event, outcome } from './support/samples.js';

const root = memoryFolder();
const keys = toSigner(await generateKeyPair(), 'log');
const origin = 'example.org/log';
/** Every operation, or every so many. */
const STRIDE = Number(process.env.STELE_FAULT_STRIDE ?? 7);
let made = 0;

/** What the world has seen of a log. */
class Witnessed {
  readonly path = join(root, String(made++));
  readonly receipts: Receipt[] = [];
  /** Decisions among them, whose values are kept. */
  readonly decisions: number[] = [];
  readonly #subjects = new MemorySubjectKeys();
  readonly shown: string[] = [];
  readonly #roots = new Map<number, string>();

  /** Signs, and sees to it that no size is signed for two roots. */
  readonly signer: Signer = {
    publicKey: keys.publicKey,
    keyId: keys.keyId,
    sign: async (bytes) => {
      const { size, root: hash } = parseCheckpoint(Buffer.from(bytes).toString());
      const text = Buffer.from(hash).toString('hex');
      assert.equal(this.#roots.get(size) ?? text, text, `two roots of size ${size}`);
      this.#roots.set(size, text);
      return keys.sign(bytes);
    },
  };

  readonly #logs: AuditLog[] = [];

  async open(): Promise<AuditLog> {
    const log = await AuditLog.open(this.path, {
      signer: this.signer,
      origin,
      checkpointIntervalMs: 60_000,
      values: { keys: this.#subjects },
    });
    this.#logs.push(log);
    return log;
  }

  /** Closes what was left open, however that ends. */
  async closeAll(): Promise<void> {
    for (const log of this.#logs.splice(0)) await log.close().catch(() => undefined);
  }

  async append(log: AuditLog, entries: readonly Parameters<AuditLog['append']>[0][]): Promise<void> {
    const results = await Promise.allSettled(entries.map((entry) => log.append(entry)));
    for (const [i, result] of results.entries()) {
      if (result.status === 'rejected') continue;
      this.receipts.push(result.value);
      if (entries[i]?.kind === 'decision') this.decisions.push(result.value.index);
    }
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async show(log: AuditLog): Promise<void> {
    this.shown.push(await log.checkpoint());
  }
}

/** A life with every kind of step: whole tiles and parts of them, permits and outcomes, two openings. */
async function live(seen: Witnessed): Promise<void> {
  const first = await seen.open();
  await seen.append(first, [decision(), decision(), event(1)]);
  await seen.show(first);
  await seen.append(first, [outcome(0), event(2)]);
  await seen.append(
    first,
    Array.from({ length: 254 }, (_, i) => event(i)),
  );
  await seen.show(first);
  await seen.append(first, [event(3)]);
  await first.close();
  const second = await seen.open();
  await seen.append(second, [event(4), decision()]);
  await seen.show(second);
  await seen.append(second, [event(5)]);
}

/** Everything that was promised holds, and the log goes on. */
async function check(seen: Witnessed): Promise<void> {
  const log = await seen.open();
  await seen.append(log, [event(6)]);
  await seen.show(log);
  for (const { index, leafHash } of seen.receipts) {
    const proof = await log.inclusionProof(index);
    assert.equal(Buffer.from(proof.leafHash).toString('hex'), leafHash, `entry ${index}`);
  }
  for (const index of seen.decisions) {
    assert.equal((await log.values(index))?.values.agent, decision().agent, `values of ${index}`);
  }
  const report = await verifyLog(seen.path, { keys: [keys], since: seen.shown });
  assert.deepEqual(report.problems, []);
  await log.close();
  assert.equal((await verifyLog(seen.path, { keys: [keys] })).valid, true);
}

const kinds: FaultKind[] = ['EIO', 'ENOSPC', 'death', 'power'];

describe.each(kinds)('a log whose disk fails with %s', (how) => {
  it('has everything that was acknowledged, and never two roots of one size', async () => {
    // Each kind at other operations, where not all are tried.
    let [at, reached] = [1 + (kinds.indexOf(how) % STRIDE), true];
    for (; reached; at += STRIDE) {
      const seen = new Witnessed();
      const outcome = await withFault({ at, how }, () => live(seen));
      reached = outcome.reached;
      if (outcome.thrown !== undefined) {
        assert.ok(outcome.thrown instanceof AuditError, `${at}: ${(outcome.thrown as Error).stack}`);
      }
      if (how.startsWith('E')) await seen.closeAll();
      disown(seen.path);
      await check(seen).catch((error: unknown) => {
        throw new Error(`${how} at operation ${at}`, { cause: error });
      });
      await seen.closeAll();
    }
    assert.ok(at > 100, `only ${at} operations`);
  }, 300_000);
});
