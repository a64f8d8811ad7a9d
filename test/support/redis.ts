/** A Redis to test with: `STELE_REDIS`, or the one of this machine. Every test works under a prefix of its own. */
import { spawnSync } from 'node:child_process';
import { listens } from './postgres.js';

export const redisUrl = process.env.STELE_REDIS ?? 'redis://127.0.0.1:6379';

/** False where there is none. Use as `describe.skipIf(!haveRedis)`. */
export const haveRedis: boolean = await listens(redisUrl);

/** False where the program is missing, of which a test starts one of its own to kill it. Use as `describe.skipIf(!haveRedisServer)`. */
export const haveRedisServer: boolean = spawnSync('redis-server', ['--version']).status === 0;
