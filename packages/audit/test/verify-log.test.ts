import { describe, expect, it } from 'vitest';
import { verifyLog } from '../src/verify-log.js';
import { keyOf, leaves, madeLog, readerOf, vkey } from './support/made-log.js';

describe('verifyLog', () => {
  it.each([0, 1, 2, 255, 256, 257, 511, 512, 513, 700])(
    'finds a log of %i entries as it should be',
    async (size) => {
      const key = await keyOf(1);
      if (size === 0) return;
      const report = await verifyLog(readerOf(await madeLog(leaves(size), key)), { keys: [vkey(key)] });
      expect(report).toMatchObject({ valid: true, size, from: 0, to: size, problems: [] });
    },
  );
});
