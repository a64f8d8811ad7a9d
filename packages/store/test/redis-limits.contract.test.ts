import { describe } from 'vitest';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { RedisLimits } from '../src/redis.js';
import { limitContract } from '../src/testing.js';
import { patient } from './support/patient.js';
import { freshPrefix } from './support/redis.js';

describe.skipIf(!haveRedis)('Redis', () => {
  limitContract(
    'RedisLimits',
    (setup) => new RedisLimits(redisUrl, { ...setup, prefix: freshPrefix() }),
    patient,
  );
});
