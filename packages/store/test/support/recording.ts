/** What went over a wire, and how a text may stand in it. */
import type { Socket } from 'node:net';
import type { FaultyProxy } from '../../../../test/support/proxy.js';

/** No test sends more; one that does fails. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Everything that goes through a proxy from now on, in both directions. */
export class Recording {
  /** Each direction of each connection by itself, so that nothing is torn apart. */
  readonly #streams = { client: new Map<Socket, Buffer[]>(), server: new Map<Socket, Buffer[]>() };
  #size = 0;

  constructor(proxy: FaultyProxy) {
    proxy.inspect = (bytes, from, server) => {
      this.#size += bytes.length;
      if (this.#size > MOST_BYTES) return 0;
      const stream = this.#streams[from].get(server) ?? [];
      this.#streams[from].set(server, stream);
      stream.push(bytes);
      return bytes.length;
    };
  }

  /** What has gone one way so far. */
  from(side: 'client' | 'server'): Buffer {
    return Buffer.concat([...this.#streams[side].values()].flat());
  }
}

/** The bytes that a text becomes, or that any of which stand for it, in the encodings of databases and their protocols. */
export function formsOf(text: string): Buffer[] {
  const plain = Buffer.from(text);
  const texts = [
    JSON.stringify(text).slice(1, -1),
    plain.toString('hex'),
    plain.toString('hex').toUpperCase(),
    [...plain].join(','),
    [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    ...[0, 1, 2].flatMap((before) => base64Within(plain, before)),
  ];
  const wide = Buffer.from(text, 'utf16le');
  const forms = [plain, wide, Buffer.from(wide).swap16(), ...texts.map((each) => Buffer.from(each))];
  return [...new Map(forms.map((form) => [form.toString('latin1'), form])).values()];
}

/** What is in the base64 of bytes among others, so many of which stand before: the letters that these bytes alone decide. */
function base64Within(bytes: Buffer, before: number): string[] {
  const all = Buffer.concat([Buffer.alloc(before), bytes]);
  const [first, last] = [Math.ceil((before * 4) / 3), Math.floor((all.length * 4) / 3)];
  return (['base64', 'base64url'] as const).map((form) => all.toString(form).slice(first, last));
}
