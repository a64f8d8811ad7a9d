import { MAX_MESSAGE, type Message, type RequestId } from './messages.js';
import type { McpSdk, Transport } from './sdk.js';

/** How long an answer may come after the end of the response that should have held it, in milliseconds. */
const GRACE_MS = 1_000;

/**
 * An upstream server over streamable HTTP. The SDK's transport goes on when a server does not answer any more; here that is the
 * end of the connection, as it is when a process ends. A single message is bounded.
 */
export class HttpUpstream implements Transport {
  onmessage?: (message: Message) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #inner: Transport;
  readonly #unanswered = new Set<RequestId>();
  #isClosed = false;

  constructor({ StreamableHTTPClientTransport }: Pick<McpSdk, 'StreamableHTTPClientTransport'>, url: URL) {
    this.#inner = new StreamableHTTPClientTransport(url, {
      fetch: (input, init) => this.#fetch(input, init),
    });
    this.#inner.onmessage = (message) => {
      if (message.method === undefined && message.id !== undefined) this.#unanswered.delete(message.id);
      this.onmessage?.(message);
    };
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => {
      // What was under way is aborted when the connection is closed.
      if (!this.#isClosed) this.onerror?.(error);
    };
  }

  start(): Promise<void> {
    return this.#inner.start();
  }

  async send(message: Message): Promise<void> {
    const { id, method, params } = message;
    if (method !== undefined && id !== undefined) this.#unanswered.add(id);
    if (method === 'notifications/cancelled') this.#unanswered.delete(params?.requestId as RequestId);
    await this.#inner.send(message);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#inner.close();
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion?.(version);
  }

  async #fetch(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
    const isPost = init?.method === 'POST';
    const response = await fetch(input, init).catch((error: unknown) => {
      if (isPost) this.#lost();
      throw error;
    });
    // 404: the server knows the session no more.
    if (isPost && response.status === 404) this.#lost();
    if (response.body === null) return response;
    const id = isPost ? idOf(init?.body) : undefined;
    const { status, statusText, headers } = response;
    const meter = new Meter(/^text\/event-stream\b/i.test(headers.get('content-type') ?? ''));
    const body = ReadableStream.from(this.#bounded(response.body, meter, id));
    return new Response(body, { status, statusText, headers });
  }

  async *#bounded(body: ReadableStream<Uint8Array>, meter: Meter, id: RequestId | undefined) {
    try {
      for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
        if (meter.read(chunk) > MAX_MESSAGE) throw new Error(`a message has more than ${MAX_MESSAGE} bytes`);
        yield chunk;
      }
    } catch (error) {
      if (id !== undefined) this.#lost();
      throw error;
    }
    if (id !== undefined)
      setTimeout(() => {
        if (this.#unanswered.has(id)) this.#lost();
      }, GRACE_MS).unref();
  }

  #lost(): void {
    void this.close();
  }
}

/** The request that a body holds: what the transport sends is one message of ours. */
function idOf(body: unknown): RequestId | undefined {
  const { id, method } = JSON.parse(String(body)) as Message;
  return method === undefined ? undefined : id;
}

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Counts the bytes of a message: of the whole body, or of the present event, which an empty line ends. */
class Meter {
  #bytes = 0;
  #isLineEmpty = true;

  constructor(private readonly ofEvents: boolean) {}

  /** @returns the most bytes that a message had by now */
  read(chunk: Uint8Array): number {
    if (!this.ofEvents) {
      this.#bytes += chunk.length;
      return this.#bytes;
    }
    let most = this.#bytes;
    for (const byte of chunk) {
      this.#bytes++;
      if (byte === NEWLINE && this.#isLineEmpty) this.#bytes = 0;
      if (byte === NEWLINE) this.#isLineEmpty = true;
      else if (byte !== RETURN) this.#isLineEmpty = false;
      if (this.#bytes > most) most = this.#bytes;
    }
    return most;
  }
}
