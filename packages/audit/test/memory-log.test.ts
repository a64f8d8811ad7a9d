import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { append, doesNotAppend } from '../src/lib/contract/harness.js';
import { sampleRecord, sampleRecords } from '../src/lib/contract/samples.js';
import { logBackendContract, MemoryLogBackend } from '../src/testing.js';

describe('the contract of a backend', () => {
  it('does not take a shared log that refuses a place of the past for one that is wrongly asked', async () => {
    const backend = Object.assign(new MemoryLogBackend(), { shared: true });
    await backend.open();
    await append(backend, sampleRecords(0, 3));
    backend.append = () => Promise.reject(new Error('it was overtaken'));
    await assert.rejects(doesNotAppend(backend, 2, [sampleRecord(7)]), /overtaken/);
    await doesNotAppend(backend, 4, [sampleRecord(7)]);
  });
});

logBackendContract(
  'a log in memory',
  () => {
    let last: MemoryLogBackend | undefined;
    return {
      backend: () => {
        last = new MemoryLogBackend(last);
        return last;
      },
    };
  },
  { describe, it },
);
