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
