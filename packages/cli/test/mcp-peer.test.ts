/** Conversations in JSON-RPC, message by message, with a transport that is only a list. */
import { describe, expect, it } from 'vitest';
import { type Message, type Params, RpcError } from '../src/lib/mcp/messages.js';
import { type Incoming, Peer } from '../src/lib/mcp/peer.js';
import type { Transport } from '../src/lib/mcp/sdk.js';
import { Session } from '../src/lib/mcp/session.js';
import type { ToolGate } from '../src/lib/mcp/tool-gate.js';

type Loose = Partial<Message>;

/** What was sent, and a way to receive. */
class Line implements Transport {
  readonly sent: Loose[] = [];
  readonly related: unknown[] = [];
  closed = false;
  onmessage?: (message: Message) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** What `send` waits for. */
  gate: Promise<void> = Promise.resolve();

  async start() {}
  async send({ jsonrpc: _, ...message }: Message, options?: { relatedRequestId?: unknown }) {
    this.sent.push(message);
    this.related.push(options?.relatedRequestId);
    await this.gate;
  }
  async close() {
    if (this.closed) return;
    this.closed = true;
    this.onclose?.();
  }
  receive(message: Loose) {
    this.onmessage?.({ jsonrpc: '2.0', ...message });
  }
}

/** Lets what waits for no timer run. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function conversation(request: (incoming: Incoming) => Promise<unknown> = async () => ({})) {
  const line = new Line();
  const told: [string, Params][] = [];
  const problems: unknown[] = [];
  const peer = new Peer(line, {
    request,
    notification: (method, params) => told.push([method, params]),
    closed: () => told.push(['closed', {}]),
    problem: (error) => problems.push(error),
  });
  return { line, peer, told, problems };
}

describe('a peer', () => {
  it('takes the first answer to what it asked, and no other', async () => {
    const { line, peer } = conversation();
    line.receive({ id: 0, result: 'before' });
    const answer = peer.request('a', { x: 1 });
    expect(line.sent).toEqual([{ id: 0, method: 'a', params: { x: 1 } }]);
    line.receive({ id: 1, result: 'another' });
    line.receive({ id: '0', result: 'a text' });
    line.receive({ id: 0, result: 'right' });
    line.receive({ id: 0, result: 'late' });
    expect(await answer).toBe('right');
  });

  it('passes on an error as it is', async () => {
    const { line, peer } = conversation();
    const answer = peer.request('a', {});
    line.receive({ id: 0, error: { code: 7, message: 'no', data: { why: 1 } } });
    await expect(answer).rejects.toMatchObject({ code: 7, message: 'no', data: { why: 1 } });
  });

  it('answers, and keeps to itself what failed within', async () => {
    const { line, problems } = conversation(async ({ method }) => {
      if (method === 'rpc') throw new RpcError(-1, 'known');
      if (method === 'bug') throw new Error('secret');
      return { method };
    });
    for (const [id, method] of ['fine', 'rpc', 'bug', 'ping'].entries()) line.receive({ id, method });
    await turn();
    expect(line.sent).toEqual(
      expect.arrayContaining([
        { id: 0, result: { method: 'fine' } },
        { id: 1, error: { code: -1, message: 'known' } },
        { id: 2, error: { code: -32603, message: 'the gateway failed' } },
        { id: 3, result: {} },
      ]),
    );
    expect(problems.length).toBe(1);
  });

  it('does not answer what was taken back, and hands on the reason', async () => {
    let signal: AbortSignal | undefined;
    const { line } = conversation(async (incoming) => {
      signal = incoming.signal;
      await new Promise((resolve) => incoming.signal.addEventListener('abort', resolve));
    });
    line.receive({ id: 'x', method: 'slow' });
    line.receive({ method: 'notifications/cancelled', params: { requestId: 'other' } });
    expect(signal?.aborted).toBe(false);
    line.receive({ method: 'notifications/cancelled', params: { requestId: 'x', reason: 'enough' } });
    await turn();
    expect([signal?.reason, line.sent]).toEqual(['enough', []]);
  });

  it('takes back what it asked, and waits no more', async () => {
    const { line, peer } = conversation();
    const controller = new AbortController();
    const answer = peer.request('a', {}, { signal: controller.signal });
    controller.abort('enough');
    await expect(answer).rejects.toBeInstanceOf(RpcError);
    expect(line.sent.at(-1)).toEqual({
      method: 'notifications/cancelled',
      params: { requestId: 0, reason: 'enough' },
    });
    await expect(peer.request('b', {}, { signal: controller.signal })).rejects.toBeInstanceOf(RpcError);
    expect(line.sent.length).toBe(2);
  });

  it('bounds what waits, on both sides', async () => {
    const { line, peer } = conversation(() => new Promise(() => undefined));
    for (let id = 0; id < 1_001; id++) line.receive({ id, method: 'slow' });
    await turn();
    expect(line.sent).toEqual([{ id: 1_000, error: { code: -32000, message: 'too many requests at once' } }]);
    const asked = Array.from({ length: 1_001 }, () => peer.request('a', {}));
    await expect(asked.at(-1)).rejects.toMatchObject({ code: -32000 });
    line.onclose?.();
    await expect(Promise.all(asked.slice(0, -1))).rejects.toMatchObject({ code: -32000 });
    await Promise.allSettled(asked);
  });

  it('drops notices for a side that does not read', async () => {
    const { line, peer } = conversation();
    line.gate = new Promise(() => undefined);
    for (let i = 0; i < 5_000; i++) peer.notify('n', {});
    expect(line.sent.length).toBe(2_001);
  });

  it('has one request by one id', async () => {
    let asked = 0;
    const { line, problems } = conversation(() => {
      asked++;
      return new Promise(() => undefined);
    });
    line.receive({ id: 1, method: 'a' });
    line.receive({ id: 1, method: 'a' });
    line.receive({ id: '1', method: 'a' });
    expect([asked, problems.length]).toEqual([2, 1]);
  });

  it('says that the other side is gone to whoever waits, and to whoever asks later', async () => {
    const { line, peer, told } = conversation();
    const answer = peer.request('a', {});
    await line.close();
    await expect(answer).rejects.toMatchObject({ code: -32000 });
    await expect(peer.request('b', {})).rejects.toMatchObject({ code: -32000 });
    expect(told).toEqual([['closed', {}]]);
  });
});

describe('a session', () => {
  const gate = { shown: (page: unknown) => page, call: async () => 'judged' } as unknown as ToolGate;

  async function session(capabilities: object = {}, toolsOnly = false) {
    const [client, upstream] = [new Line(), new Line()];
    const opened = await Session.open(client, upstream, { gate, toolsOnly, onProblem: () => undefined });
    client.receive({ id: 'i', method: 'initialize', params: { capabilities, clientInfo: { name: 'c' } } });
    await turn();
    const result = {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {}, tasks: {} },
      instructions: 'Do.',
    };
    upstream.receive({ id: 0, result });
    await turn();
    return { client, upstream, opened };
  }

  it('tells each side what the gateway lets through of the other', async () => {
    const { client, upstream } = await session({ roots: {}, sampling: {}, tasks: {}, experimental: {} });
    expect(upstream.sent[0]?.params).toEqual({
      capabilities: { roots: {}, sampling: {} },
      clientInfo: { name: 'c' },
    });
    const { result } = client.sent[0] as { result: object };
    expect(result).toEqual({
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      instructions: 'Do.',
    });
    client.receive({ id: 'j', method: 'initialize', params: { capabilities: { elicitation: {} } } });
    await turn();
    expect(client.sent[1]?.error?.code).toBe(-32600);
  });

  it('lets no unknown method through, either way', async () => {
    const { client, upstream } = await session({ roots: {} });
    for (const method of ['tasks/result', 'tools/run', 'elicitation/create'])
      client.receive({ id: method, method });
    for (const method of ['tools/call', 'sampling/createMessage', 'x'])
      upstream.receive({ id: method, method });
    client.receive({ method: 'notifications/invented' });
    upstream.receive({ method: 'notifications/invented' });
    client.receive({ method: 'notifications/progress', params: { progressToken: 1 } });
    upstream.receive({ method: 'notifications/progress', params: { progressToken: 1 } });
    await turn();
    const codes = (line: Line) => line.sent.slice(1).map(({ error }) => error?.code);
    expect([codes(client), codes(upstream)]).toEqual([Array(3).fill(-32601), Array(3).fill(-32601)]);
  });

  it('asks the client on the stream of what it waits for, and tells of progress while it lasts', async () => {
    const { client, upstream } = await session({ roots: {} });
    client.receive({ id: 'r', method: 'resources/read', params: { _meta: { progressToken: 'p' } } });
    await turn();
    upstream.receive({ id: 5, method: 'roots/list', params: { _meta: { progressToken: 'q' } } });
    upstream.receive({ method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } });
    client.receive({ method: 'notifications/progress', params: { progressToken: 'q', progress: 1 } });
    expect(client.sent.slice(1).map(({ method }) => method)).toEqual([
      'roots/list',
      'notifications/progress',
    ]);
    expect(client.related.slice(1)).toEqual(['r', 'r']);
    expect(upstream.sent.at(-1)?.method).toBe('notifications/progress');
    client.receive({ id: 0, result: { roots: [] } });
    upstream.receive({ id: 1, result: { contents: [] } });
    await turn();
    expect(upstream.sent.at(-1)).toEqual({ id: 5, result: { roots: [] } });
    expect(client.sent.at(-1)).toEqual({ id: 'r', result: { contents: [] } });
    upstream.receive({ method: 'notifications/progress', params: { progressToken: 'p', progress: 2 } });
    expect(client.sent.length).toBe(4);
  });

  it('ends both sides when one ends, and answers what waits first', async () => {
    const { client, upstream, opened } = await session();
    client.receive({ id: 'r', method: 'resources/read' });
    await turn();
    await upstream.close();
    expect(await opened.ended).toBe('upstream');
    expect(client.sent.at(-1)).toMatchObject({ id: 'r', error: { code: -32000 } });
    expect(client.closed).toBe(true);
    const other = await session();
    await other.client.close();
    expect(await other.opened.ended).toBe('client');
    expect(other.upstream.closed).toBe(true);
  });

  it('passes on nothing but tools where the host says so', async () => {
    const { client, upstream } = await session({}, true);
    expect(client.sent[0]?.result).not.toHaveProperty('instructions');
    client.receive({ id: 'r', method: 'resources/read' });
    upstream.receive({ method: 'notifications/message', params: {} });
    upstream.receive({ method: 'notifications/tools/list_changed' });
    await turn();
    expect(
      client.sent
        .slice(1)
        .map(({ id, method }) => id ?? method)
        .sort(),
    ).toEqual(['notifications/tools/list_changed', 'r']);
    expect(upstream.sent.length).toBe(1);
  });
});
