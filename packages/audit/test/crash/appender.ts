/**
 * Appends from 64 callers at a time until it is killed. Says each receipt when, and only when, the log has acknowledged it.
 * Usage: appender <backend> <place> <head> <private key, hex>
 */
import { writeSync } from 'node:fs';
import { keyPairFromPrivateKey } from '@stele/crypto';
import { AuditLog, FileHeadKeeper, type LogEntry } from '../../src/index.js';
import { decision } from '../support/plain-entries.js';
import { BACKENDS, type BackendKind } from './backends.js';

const CALLERS = 64;
const [kind, place = '', head = '', privateKey = ''] = process.argv.slice(2);
const log = await AuditLog.open(BACKENDS[kind as BackendKind](place), {
  signer: await keyPairFromPrivateKey(Buffer.from(privateKey, 'hex')),
  origin: 'example.org/crash',
  heads: new FileHeadKeeper(head),
  // So that instants of every kind come often.
  checkpointIntervalMs: 40,
});

async function append(entry: LogEntry): Promise<number> {
  const { index, leafHash } = await log.append(entry);
  writeSync(1, `${index} ${leafHash}\n`);
  return index;
}

/** Every third entry is a permit, and of every second of them the outcome is told. */
async function caller(n: number): Promise<void> {
  for (let i = n; ; i++) {
    if (i % 3 !== 0) await append(decision({ decision: 'deny', code: 'denied_by_rule' }));
    else {
      const of = await append(decision());
      if (i % 2 === 0)
        await append({ v: 1, kind: 'outcome', time: new Date().toISOString(), of, outcome: 'done' });
    }
  }
}

await Promise.all(Array.from({ length: CALLERS }, (_, n) => caller(n)));
