import {
  INVALID_REQUEST,
  isParams,
  isToken,
  METHOD_NOT_FOUND,
  type Params,
  Passing,
  progressTokenOf,
  type RequestId,
  RpcError,
  takes,
} from './messages.js';
import { type Incoming, Peer } from './peer.js';
import type { Transport } from './sdk.js';
import type { ToolGate } from './tool-gate.js';
import { ToolLister } from './tool-list.js';

export interface SessionOptions {
  readonly gate: ToolGate;
  readonly toolsOnly: boolean;
  /** Told of what goes wrong, for standard error. */
  readonly onProblem: (error: unknown) => void;
}

export type EndedBy = 'client' | 'upstream';

/** How long what is under way may take to be answered when one side is gone, in milliseconds. */
const LAST_WORDS_MS = 2_000;

/**
 * One client and the upstream server that it speaks to. Everything goes through message by message; of tools the client sees
 * and calls what the gate lets through.
 */
export class Session {
  /** Which side ended it. Everything is closed by then. */
  readonly ended: Promise<EndedBy>;
  readonly #gate: ToolGate;
  readonly #passing: Passing;
  readonly #client: Peer;
  readonly #upstream: Peer;
  readonly #tools: ToolLister;
  /** The request of the client that a token of progress belongs to. */
  readonly #progress = new Map<RequestId, RequestId>();
  /** Tokens of requests that the upstream server waits for. */
  readonly #upstreamProgress = new Set<RequestId>();
  #capabilities: Params | undefined;
  #isEnding = false;
  #end!: (by: EndedBy) => void;

  private constructor(
    client: Transport,
    upstream: Transport,
    { gate, toolsOnly, onProblem }: SessionOptions,
  ) {
    this.#gate = gate;
    this.#passing = new Passing(toolsOnly);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#client = new Peer(client, {
      request: (incoming) => this.#ofClient(incoming),
      notification: (method, params) => this.#toldByClient(method, params),
      closed: () => void this.#close('client'),
      problem: onProblem,
    });
    this.#upstream = new Peer(upstream, {
      request: (incoming) => this.#ofUpstream(incoming),
      notification: (method, params) => this.#toldByUpstream(method, params),
      closed: () => void this.#close('upstream'),
      problem: onProblem,
    });
    this.#tools = new ToolLister((params) => this.#upstream.request('tools/list', params));
  }

  /** Connects the upstream server first: nothing is read of the client before there is somebody to ask. */
  static async open(client: Transport, upstream: Transport, options: SessionOptions): Promise<Session> {
    const session = new Session(client, upstream, options);
    await upstream.start();
    await client.start();
    return session;
  }

  /** Ends it, as the client would. */
  async close(): Promise<void> {
    await this.#close('client');
  }

  async #close(by: EndedBy): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    // Those who wait are told that there will be no answer, before the connection goes.
    if (by === 'upstream') await Promise.race([this.#client.settled(), lastWords()]);
    await this.#upstream.transport.close().catch(() => undefined);
    await Promise.race([this.#client.settled(), lastWords()]);
    await this.#client.transport.close().catch(() => undefined);
    this.#end(by);
  }

  async #ofClient(incoming: Incoming): Promise<unknown> {
    const { method, params, signal } = incoming;
    if (method === 'initialize') return this.#initialize(incoming);
    if (method === 'tools/list') return this.#gate.shown(await this.#forward(incoming, params));
    if (method === 'tools/call')
      return this.#gate.call(params, {
        signal,
        tools: this.#tools,
        run: (judged, either) => this.#forward({ ...incoming, signal: either }, judged),
        ask: (message) => this.#asked(message, incoming),
      });
    if (!this.#passing.mayAsk(method)) throw unknownMethod();
    return this.#forward(incoming, params);
  }

  /** Whether the client's user says that it is worth another look. Of a client that takes no questions nobody is asked. */
  async #asked(message: string, { id, signal }: Incoming): Promise<boolean> {
    const method = 'elicitation/create';
    const question = { message, requestedSchema: { type: 'object', properties: {} } };
    if (this.#capabilities === undefined || !takes(this.#capabilities, method, question)) return false;
    const answer = await this.#client.request(method, question, { signal, relatedTo: id });
    return isParams(answer) && answer.action === 'accept';
  }

  /** Both sides learn of the other what the gateway lets through, and no more. */
  async #initialize(incoming: Incoming): Promise<unknown> {
    if (this.#capabilities !== undefined)
      throw new RpcError(INVALID_REQUEST, 'the session is initialized already');
    const capabilities = this.#passing.ofClient(incoming.params.capabilities);
    this.#capabilities = capabilities;
    const result = await this.#forward(incoming, { ...incoming.params, capabilities });
    if (!isParams(result)) return result;
    const { protocolVersion, instructions, ...rest } = result;
    if (typeof protocolVersion === 'string') this.#upstream.transport.setProtocolVersion?.(protocolVersion);
    return {
      ...rest,
      protocolVersion,
      // They speak of everything that the server has.
      ...(instructions === undefined || this.#passing.toolsOnly ? {} : { instructions }),
      capabilities: this.#passing.ofServer(result.capabilities),
    };
  }

  async #forward({ id, method, signal }: Incoming, params: Params): Promise<unknown> {
    const token = progressTokenOf(params);
    if (token !== undefined) this.#progress.set(token, id);
    try {
      return await this.#upstream.request(method, params, { signal });
    } finally {
      if (token !== undefined && this.#progress.get(token) === id) this.#progress.delete(token);
    }
  }

  async #ofUpstream({ method, params, signal }: Incoming): Promise<unknown> {
    if (this.#capabilities === undefined || !takes(this.#capabilities, method, params)) throw unknownMethod();
    const token = progressTokenOf(params);
    if (token !== undefined) this.#upstreamProgress.add(token);
    try {
      return await this.#client.request(method, params, { signal, relatedTo: this.#client.newest });
    } finally {
      if (token !== undefined) this.#upstreamProgress.delete(token);
    }
  }

  #toldByClient(method: string, params: Params): void {
    const passes =
      method === 'notifications/initialized' ||
      (method === 'notifications/roots/list_changed' && this.#capabilities?.roots !== undefined) ||
      (method === 'notifications/progress' &&
        isToken(params.progressToken) &&
        this.#upstreamProgress.has(params.progressToken));
    if (passes) this.#upstream.notify(method, params);
  }

  /** Progress is told of requests that were let through, and while they are under way. */
  #toldByUpstream(method: string, params: Params): void {
    if (method === 'notifications/progress') {
      const { progressToken: token } = params;
      const of = isToken(token) ? this.#progress.get(token) : undefined;
      if (of !== undefined) this.#client.notify(method, params, of);
    } else if (this.#passing.mayTell(method)) this.#client.notify(method, params);
  }
}

const unknownMethod = () => new RpcError(METHOD_NOT_FOUND, 'Method not found');

const lastWords = () => new Promise<void>((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref());
