/** Every surface that an adapter guards, in one form, so that what must never get around a guard is tried on each of them. */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { DynamicStructuredTool } from '@langchain/core/tools';
import { createTool } from '@mastra/core/tools';
import { Client as Client2, InMemoryTransport as Memory2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport as Memory1 } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer as Server1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpServer as Server2 } from '@modelcontextprotocol/server';
import { tool as functionTool } from '@openai/agents';
import type { Monitor } from '@stele/sdk';
import {
  guardMcpServer,
  SteleCallbackHandler,
  steleFastify,
  steleHono,
  steleHooks,
  steleMiddleware,
  steleToolCall,
  withStele,
  withSteleFunction,
  withSteleMastra,
  withSteleTool,
} from '@stele/sdk/adapters';
import { tool as aiTool } from 'ai7';
import connect from 'connect';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { ToolMessage } from 'langchain';
import { z } from 'zod';

export interface Args {
  amount: number;
}

/** One way to have the tool run. It may fail in any way: what counts is whether the tool ran. */
export type Way = (args: Args, signal?: AbortSignal) => Promise<unknown>;

/** What the tool does. */
export type Run = (args: Args) => unknown;

/** Puts a tool of this name under the guard, and gives every way there is to call it, copies of it among them. */
export type Guard = (monitor: Monitor, name: string, run: Run) => Promise<Record<string, Way>>;

export interface Surface {
  readonly guard: Guard;
  /** The action and the resource of a call. */
  readonly asked: (name: string, amount: number) => readonly [action: string, resource: string];
  /** The framework does not tell the guard that the caller has given up. */
  readonly isDeaf?: boolean;
  /** The framework itself does not take every name. */
  readonly isFussy?: boolean;
}

const schema = z.object({ amount: z.number() });
const asTool: Surface['asked'] = (name) => [name, '/'];
const asPath: Surface['asked'] = (name, amount) => ['http.get', `/${name}/${amount}`];

/** Where the router ignores case. */
const asLowerPath: Surface['asked'] = (name, amount) => asPath(name.toLowerCase(), amount);

const copiesOf = <T extends object>(tool: T): Record<string, T> => ({
  itself: tool,
  spread: { ...tool },
  assigned: Object.assign({}, tool),
  derived: Object.create(tool) as T,
});

const each = <T extends object>(copies: Record<string, T>, way: (tool: T) => Way): Record<string, Way> =>
  Object.fromEntries(Object.entries(copies).map(([name, copy]) => [name, way(copy)]));

type Loose = Record<string, (...args: unknown[]) => Promise<unknown>>;

const vercelAi: Guard = async (monitor, name, run) => {
  const tool = aiTool({ inputSchema: schema, execute: async (args: Args) => run(args) });
  return each(copiesOf(withStele(tool, { monitor, name })), (copy) => async (args, abortSignal) => {
    const options = { toolCallId: 'a', messages: [], ...(abortSignal && { abortSignal }) };
    return (copy as unknown as Loose).execute?.(args, options);
  });
};

const vercelAiStream: Guard = async (monitor, name, run) => {
  const execute = async function* (args: Args) {
    yield await run(args);
  };
  const tool = withStele(aiTool({ inputSchema: schema, execute: execute as never }) as never, {
    monitor,
    name,
  });
  return each(copiesOf(tool as object), (copy) => async (args, abortSignal) => {
    const options = { toolCallId: 'a', messages: [], ...(abortSignal && { abortSignal }) };
    const stream = (copy as { execute(...given: unknown[]): AsyncIterable<unknown> }).execute(args, options);
    for await (const _part of stream);
  });
};

const bareLangchain = (name: string, run: Run) =>
  new DynamicStructuredTool({
    name,
    description: name,
    schema,
    func: async (args: Args) => String(await run(args)),
  });

const langchain: Guard = async (monitor, name, run) => {
  const tool = withSteleTool(bareLangchain(name, run), { monitor }) as unknown as Loose;
  const derived = Object.create(tool) as Loose;
  const call = (args: Args) => ({ type: 'tool_call', id: 'a', name, args });
  const config = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });
  return {
    invoke: async (args, signal) => tool.invoke?.(args, config(signal)),
    call: async (args, signal) => tool.call?.(args, config(signal)),
    _call: async (args, signal) => tool._call?.(args, undefined, config(signal)),
    'invoke with a call': async (args, signal) => tool.invoke?.(call(args), config(signal)),
    'invoke of a derived one': async (args, signal) => derived.invoke?.(args, config(signal)),
    'call of a derived one': async (args, signal) => derived.call?.(args, config(signal)),
    '_call of a spread one': async (args, signal) => ({ ...tool })._call?.(args, undefined, config(signal)),
  };
};

const langchainMiddleware: Guard = async (monitor, name, run) => {
  const hook = steleToolCall(ToolMessage as never, { monitor });
  const tool = { name };
  return {
    wrapToolCall: async (args, signal) =>
      hook({ toolCall: { name, args, id: 'a' }, tool, runtime: { signal } }, async ({ toolCall }) => {
        await run(toolCall.args as Args);
        return { status: 'success' };
      }),
  };
};

const langchainCallbacks: Guard = async (monitor, name, run) => {
  const tool = bareLangchain(name, run) as unknown as Loose;
  const callbacks = [new SteleCallbackHandler(monitor)];
  const config = (signal: AbortSignal | undefined) => ({ callbacks, ...(signal && { signal }) });
  return {
    invoke: async (args, signal) => tool.invoke?.(args, config(signal)),
    call: async (args, signal) => tool.call?.(args, config(signal)),
  };
};

interface Pair {
  server: {
    server: object;
    registerTool(name: string, config: object, run: unknown): unknown;
    connect(t: unknown): Promise<void>;
  };
  client: {
    connect(t: unknown): Promise<void>;
    callTool(params: object, ...rest: unknown[]): Promise<unknown>;
  };
  transports: [unknown, unknown];
  options(signal: AbortSignal | undefined): unknown[];
}

const identity = { name: 'test', version: '1' };
const mcp1 = (): Pair => ({
  server: new Server1(identity) as never,
  client: new Client1(identity) as never,
  transports: Memory1.createLinkedPair(),
  options: (signal) => [undefined, signal && { signal }],
});
const mcp2 = (): Pair => ({
  server: new Server2(identity) as never,
  client: new Client2(identity) as never,
  transports: Memory2.createLinkedPair(),
  options: (signal) => [signal && { signal }],
});

const mcp =
  (make: () => Pair): Guard =>
  async (monitor, name, run) => {
    const { server, client, transports, options } = make();
    const tool = async (args: Args) => ({ content: [{ type: 'text', text: String(await run(args)) }] });
    server.registerTool('first', { inputSchema: schema }, tool);
    guardMcpServer(server, { monitor });
    try {
      server.registerTool(name, { inputSchema: schema }, tool);
    } catch {
      // To the SDK a name such as `toString` is taken. It can be called all the same.
    }
    await Promise.all([server.connect(transports[1]), client.connect(transports[0])]);
    return {
      callTool: (args, signal) => client.callTool({ name, arguments: args }, ...options(signal)),
    };
  };

const openai: Guard = async (monitor, name, run) => {
  const made = functionTool({
    name,
    description: name,
    parameters: schema,
    execute: async (args) => run(args),
  });
  // The SDK rewrites names that no function may have; the name that it gives is the one that is judged.
  const tool = withSteleFunction({ ...made, name }, { monitor });
  return each(
    copiesOf(tool),
    (copy) => async (args, signal) =>
      copy.invoke({} as never, JSON.stringify(args), (signal && { signal }) as never),
  );
};

const claude: Guard = async (monitor, name, run) => {
  const hook = steleHooks({ monitor }).PreToolUse[0]?.hooks[0];
  return {
    PreToolUse: async (args, signal) => {
      const input = { hook_event_name: 'PreToolUse', tool_name: name, tool_input: args };
      // The SDK runs what it sent to the hook, whatever becomes of its object in this process.
      const sent = structuredClone(args);
      const answer = await hook?.(input, crypto.randomUUID(), signal && { signal });
      if (answer?.hookSpecificOutput?.permissionDecision !== 'deny') await run(sent);
    },
  };
};

const mastra: Guard = async (monitor, name, run) => {
  const made = createTool({
    id: name,
    description: name,
    inputSchema: schema,
    execute: async (args) => run(args),
  });
  const tool = withSteleMastra(made, { monitor });
  return each(copiesOf(tool), (copy) => async (args, abortSignal) => {
    const { execute } = copy as unknown as Loose;
    return execute?.(args, abortSignal === undefined ? {} : { abortSignal });
  });
};

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** One request to an application without a socket: a thousand of them are a thousand at once. */
const handled = (app: Listener, path: string, signal: AbortSignal | undefined) =>
  new Promise<void>((resolve) => {
    const request = Object.assign(new IncomingMessage(new Socket().destroy()), { method: 'GET', url: path });
    const response = new ServerResponse(request);
    response.end = (() => {
      resolve();
      return response;
    }) as never;
    signal?.addEventListener('abort', () => {
      response.destroy();
      setImmediate(resolve);
    });
    app(request, response);
  });

const listening =
  (make: (guard: never, handler: Listener) => Listener): Guard =>
  async (monitor, name, run) => {
    const app = make(steleMiddleware({ monitor }) as never, async (request, response) => {
      await run({ amount: Number(request.url?.split('/').at(-1)) });
      response.end();
    });
    return { GET: ({ amount }, signal) => handled(app, `/${name}/${amount}`, signal) };
  };

const expressApp = (guard: never, handler: Listener): Listener =>
  express()
    .use(guard)
    .use(handler as never) as never;
const connectApp = (guard: never, handler: Listener): Listener =>
  connect()
    .use(guard)
    .use(handler as never);

const fastify: Guard = async (monitor, name, run) => {
  const app = Fastify();
  await app.register(steleFastify, { monitor } as never);
  app.get(`/${name}/:amount`, async ({ params }) => {
    await run({ amount: Number((params as { amount: string }).amount) });
    return '';
  });
  await app.ready();
  return {
    GET: ({ amount }, signal) =>
      app.inject({ method: 'GET', url: `/${name}/${amount}`, ...(signal && { signal }) }),
  };
};

const hono: Guard = async (monitor, name, run) => {
  const app = new Hono();
  app.use(steleHono({ monitor }) as never);
  app.get(`/${name}/:amount`, async (c) => {
    await run({ amount: Number(c.req.param('amount')) });
    return c.text('');
  });
  return {
    GET: async ({ amount }, signal) =>
      app.request(new Request(`http://localhost/${name}/${amount}`, signal && { signal })),
  };
};

export const surfaces: readonly (readonly [string, Surface])[] = [
  ['withStele', { guard: vercelAi, asked: asTool }],
  ['withStele around a generator', { guard: vercelAiStream, asked: asTool }],
  ['withSteleTool', { guard: langchain, asked: asTool }],
  ['steleToolCall', { guard: langchainMiddleware, asked: asTool }],
  ['SteleCallbackHandler', { guard: langchainCallbacks, asked: asTool, isDeaf: true }],
  ['guardMcpServer, SDK 1', { guard: mcp(mcp1), asked: asTool, isFussy: true }],
  ['guardMcpServer, SDK 2', { guard: mcp(mcp2), asked: asTool, isFussy: true }],
  ['withSteleFunction', { guard: openai, asked: asTool }],
  ['steleHooks', { guard: claude, asked: asTool }],
  ['withSteleMastra', { guard: mastra, asked: asTool }],
  ['steleMiddleware, Express', { guard: listening(expressApp), asked: asLowerPath }],
  ['steleMiddleware, Connect', { guard: listening(connectApp), asked: asLowerPath }],
  ['steleFastify', { guard: fastify, asked: asPath }],
  ['steleHono', { guard: hono, asked: asPath }],
];
