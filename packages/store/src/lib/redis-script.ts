import { createHash } from 'node:crypto';

/** A Lua script. It runs as one step: nobody sees a half of it, and nothing else runs meanwhile. */
export class RedisScript {
  readonly text: string;
  /** By which a server knows it once it has seen it. */
  readonly sha1: string;

  constructor(text: string) {
    this.text = text.trim();
    this.sha1 = createHash('sha1').update(this.text).digest('hex');
  }
}

/** Writes, reads, and leaves no trace. KEYS: one that nobody uses. */
export const PROBE_SCRIPT = new RedisScript(`
redis.call('SET', KEYS[1], ARGV[1], 'EX', 60)
local kept = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return { kept == ARGV[1] and 'yes' or 'no' }
`);
