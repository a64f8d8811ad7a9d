import { describe, it } from 'vitest';
import { logBackendContract, MemoryLogBackend } from '../src/testing.js';

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
