/** Prefixes, whose keys are deleted after the test file that asked for them. */
import { Redis } from 'ioredis';
import { afterEveryFile } from '../../../../test/support/file-hooks.js';
import { redisUrl } from '../../../../test/support/redis.js';

const run = `stele-test-${process.pid}-${Date.now().toString(36)}`;
let made = 0;
let deleted = 0;

/** A prefix under which there is nothing. */
export const freshPrefix = (): string => `${run}-${made++}`;

/** A connection to look at what was written, and to break it. */
export const inspector = new Redis(redisUrl, { lazyConnect: true });
inspector.on('error', () => {});

afterEveryFile(async () => {
  if (deleted === made) return;
  deleted = made;
  if (inspector.status === 'wait') await inspector.connect().catch(() => {});
  for (
    let cursor = '0', first = true;
    inspector.status === 'ready' && (first || cursor !== '0');
    first = false
  ) {
    const [next, keys] = await inspector.scan(cursor, 'MATCH', `{${run}-*`, 'COUNT', 1000);
    cursor = next;
    if (keys.length > 0) await inspector.unlink(...keys);
  }
});
