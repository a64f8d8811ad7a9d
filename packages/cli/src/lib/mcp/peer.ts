import {
  AnsweredError,
  INTERNAL_ERROR,
  type Message,
  type Params,
  type RequestId,
  RpcError,
  UNAVAILABLE,
} from './messages.js';
import type { Transport } from './sdk.js';

/** A request of the other side. */
export interface Incoming {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Params;
  /** Aborted when the other side takes the request back, with the reason that it gave. */
  readonly signal: AbortSignal;
}

export interface PeerHandlers {
  /** Its result is the answer; an RpcError is answered as it is. */
  request(incoming: Incoming): Promise<unknown>;
  notification(method: string, params: Params): void;
  closed(): void;
  /** Told of what goes wrong with no request to answer for it. */
  problem(error: unknown): void;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  /** The request of the other side that this belongs to, so that HTTP finds a stream for it. */
  readonly relatedTo?: RequestId | undefined;
}

/** How many requests of one side may wait for their answer. */
const MAX_PENDING = 1_000;
/** How many messages may wait to be written; beyond, notices are dropped. */
const MAX_UNSENT = 2_000;

interface Asked {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/**
 * One side of a conversation in JSON-RPC. Requests get numbers of our own, and an answer counts only for a request that was
 * sent: nothing is answered before it was asked.
 */
export class Peer {
  readonly #asked = new Map<RequestId, Asked>();
  readonly #answering = new Map<RequestId, AbortController>();
  readonly #work = new Set<Promise<void>>();
  #next = 0;
  #unsent = 0;
  #closed = false;

  constructor(
    readonly transport: Transport,
    private readonly handlers: PeerHandlers,
  ) {
    transport.onmessage = (message) => this.#receive(message);
    transport.onclose = () => this.#end();
    transport.onerror = (error) => handlers.problem(error);
  }

  /** The newest request that is not answered yet. */
  get newest(): RequestId | undefined {
    return [...this.#answering.keys()].at(-1);
  }

  /**
   * Asks the other side, and waits for the answer.
   * @throws AnsweredError for an error as the answer; RpcError where there will be none
   */
  async request(method: string, params: Params, { signal, relatedTo }: AskOptions = {}): Promise<unknown> {
    if (this.#closed) throw gone();
    if (signal?.aborted) throw takenBack();
    if (this.#asked.size >= MAX_PENDING)
      throw new RpcError(UNAVAILABLE, 'too many requests wait for an answer');
    const id = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => this.#asked.set(id, { resolve, reject }));
    const onAbort = () => {
      this.#asked.get(id)?.reject(takenBack());
      const reason = typeof signal?.reason === 'string' ? { reason: signal.reason } : {};
      this.notify('notifications/cancelled', { requestId: id, ...reason }, relatedTo);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#send({ jsonrpc: '2.0', id, method, params }, relatedTo).catch((error: unknown) => {
      this.handlers.problem(error);
      this.#asked.get(id)?.reject(gone());
    });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#asked.delete(id);
    }
  }

  /** Tells the other side. Where it does not keep up, what it need not know is dropped. */
  notify(method: string, params: Params, relatedTo?: RequestId): void {
    if (this.#closed || this.#unsent > MAX_UNSENT) return;
    this.#send({ jsonrpc: '2.0', method, params }, relatedTo).catch((error) => this.handlers.problem(error));
  }

  /** Waits until everything that was asked is answered. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  #receive(message: Message): void {
    const { id, method, params = {} } = message;
    if (method === undefined) this.#answered(message);
    else if (id !== undefined) this.#request({ id, method, params });
    else if (method === 'notifications/cancelled') this.#cancel(params);
    else this.handlers.notification(method, params);
  }

  #answered({ id, result, error }: Message): void {
    const asked = id === undefined ? undefined : this.#asked.get(id);
    if (asked === undefined) return;
    if (error === undefined) asked.resolve(result);
    else asked.reject(new AnsweredError(error.code, error.message, error.data));
  }

  #request({ id, method, params }: Omit<Incoming, 'signal'>): void {
    if (this.#answering.has(id)) {
      this.handlers.problem(new Error('a request has the id of another one'));
      return;
    }
    const controller = new AbortController();
    const isOver = this.#answering.size >= MAX_PENDING;
    if (!isOver) this.#answering.set(id, controller);
    const work = this.#answer({ id, method, params, signal: controller.signal }, isOver).finally(() => {
      if (this.#answering.get(id) === controller) this.#answering.delete(id);
      this.#work.delete(work);
    });
    this.#work.add(work);
  }

  async #answer(incoming: Incoming, isOver: boolean): Promise<void> {
    const { id, method, signal } = incoming;
    const answer = await (async () => {
      try {
        if (isOver) throw new RpcError(UNAVAILABLE, 'too many requests at once');
        return { result: method === 'ping' ? {} : await this.handlers.request(incoming) };
      } catch (error) {
        return { error: this.#errorOf(error, signal) };
      }
    })();
    // What was taken back is not answered.
    if (signal.aborted || this.#closed) return;
    await this.#send({ jsonrpc: '2.0', id, ...answer }).catch((error) => this.handlers.problem(error));
  }

  #errorOf(error: unknown, signal: AbortSignal): NonNullable<Message['error']> {
    if (error instanceof RpcError) {
      const { code, message, data } = error;
      return { code, message, ...(data === undefined ? {} : { data }) };
    }
    if (!signal.aborted) this.handlers.problem(error);
    return { code: INTERNAL_ERROR, message: 'the gateway failed' };
  }

  #cancel({ requestId, reason }: Params): void {
    const text = typeof reason === 'string' ? reason : 'cancelled';
    this.#answering.get(requestId as RequestId)?.abort(text);
  }

  async #send(message: Message, relatedTo?: RequestId): Promise<void> {
    this.#unsent++;
    try {
      await this.transport.send(message, relatedTo === undefined ? {} : { relatedRequestId: relatedTo });
    } finally {
      this.#unsent--;
    }
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const asked of this.#asked.values()) asked.reject(gone());
    for (const controller of this.#answering.values()) controller.abort('the connection is closed');
    this.handlers.closed();
  }
}

const gone = () => new RpcError(UNAVAILABLE, 'the upstream server is gone');
const takenBack = () => new RpcError(UNAVAILABLE, 'the request was taken back');
