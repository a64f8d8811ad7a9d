import assert from 'node:assert/strict';
import { join } from 'node:path';
import { generateKeyPair } from '@stele/crypto';
import { describe, it } from 'vitest';
import { AuditLog } from '../src/index.js';
import { verifyLog } from '../src/verify-log.js';
import { decision } from './support/entries.js';
import { memoryFolder } from './support/folders.js';
import { event, outcome } from './support/samples.js';

const root = memoryFolder();
let made = 0;
const freshPath = () => join(root, String(made++));
const signer = await generateKeyPair();
const origin = 'example.org/log';

describe('a log in a folder', () => {
  it('appends, signs and verifies', async () => {
    const path = freshPath();
    const log = await AuditLog.open(path, { signer, origin });
    const receipts = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => log.append(i % 2 ? event(i) : decision())),
    );
    assert.deepEqual(
      receipts.map(({ index }) => index),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    await log.append(outcome(0));
    await log.checkpoint();
    const report = await verifyLog(path, { keys: [signer] });
    assert.equal(report.valid, true, JSON.stringify(report));
    assert.deepEqual(log.lag(), { entries: 0, ageMs: 0 });
    await log.close();
    const again = await AuditLog.open(path, { signer, origin });
    assert.equal((await again.entry(1499)).kind, 'outcome');
    assert.equal(again.lag().entries, 0);
    await again.close();
    assert.equal((await verifyLog(path, { keys: [signer] })).valid, true);
  });
});
