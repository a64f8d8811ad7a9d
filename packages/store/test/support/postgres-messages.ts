/** The messages of PostgreSQL's protocol as they pass, and a wire that is cut at one of them. */
import type { Socket } from 'node:net';
import type { FaultyProxy } from '../../../../test/support/proxy.js';

/** A message is a letter, and its length with that of these four bytes; the first of a client has no letter. */
const LENGTH_BYTES = 4;

/** Cuts one direction of one connection into messages. */
class Messages {
  #head = Buffer.alloc(0);
  #missing = 0;
  #letter: number;

  constructor(from: 'client' | 'server') {
    this.#letter = from === 'client' ? 0 : 1;
  }

  /** @returns where in these bytes messages end */
  ends(bytes: Buffer): number[] {
    const ends: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (this.#missing === 0) {
        const take = Math.min(this.#letter + LENGTH_BYTES - this.#head.length, bytes.length - at);
        this.#head = Buffer.concat([this.#head, bytes.subarray(at, at + take)]);
        at += take;
        if (this.#head.length < this.#letter + LENGTH_BYTES) break;
        this.#missing = this.#head.readUInt32BE(this.#letter) - LENGTH_BYTES;
        this.#head = Buffer.alloc(0);
        this.#letter = 1;
      }
      const rest = Math.min(this.#missing, bytes.length - at);
      this.#missing -= rest;
      at += rest;
      if (this.#missing === 0) ends.push(at);
    }
    return ends;
  }
}

/**
 * Lets messages of one side through a proxy until the n-th, all connections together, and cuts the connection there: behind it when it
 * is the client's, before it when it is the server's, which has done by then what it tells.
 */
export class CutWire {
  /** So many messages that side has sent. */
  count = 0;
  /** The connections to the server that were open when it was cut, by their ports. */
  readonly cut = new Set<number>();
  readonly #messages = new Map<Socket, Messages>();

  constructor(proxy: FaultyProxy, side: 'client' | 'server', n: number) {
    const open = new Set<Socket>();
    const doomed = new Set<Socket>();
    proxy.inspect = (bytes, from, server) => {
      open.add(server);
      if (doomed.has(server)) return 0;
      if (from !== side) return bytes.length;
      const messages = this.#messages.get(server) ?? new Messages(side);
      this.#messages.set(server, messages);
      const ends = messages.ends(bytes);
      const place = n - this.count - 1;
      this.count += ends.length;
      if (place < 0 || place >= ends.length) return bytes.length;
      for (const each of open) {
        doomed.add(each);
        this.cut.add(each.localPort as number);
      }
      return side === 'client' ? (ends[place] as number) : (ends[place - 1] ?? 0);
    };
  }
}
