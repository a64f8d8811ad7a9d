/** Checked by the compiler alone: a guard changes no type. */
import { dynamicTool as dynamicTool6, generateText as generateText6, tool as tool6 } from 'ai6';
import { MockLanguageModelV3 } from 'ai6/test';
import {
  dynamicTool as dynamicTool7,
  generateText as generateText7,
  streamText as streamText7,
  tool as tool7,
} from 'ai7';
import { MockLanguageModelV4 } from 'ai7/test';
import connect from 'connect';
import express from 'express';
import { z } from 'zod';
import {
  type GuardOptions,
  steleMiddleware,
  steleSignal,
  withStele,
  withSteleTools,
} from '../../src/adapters.js';
import type { CovenantDocument, CovenantStore, Monitor } from '../../src/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type IsAny<T> = 0 extends 1 & T ? true : false;

/** Fails to compile unless both have exactly the same type. */
function same<A>(_a: A): <B>(_b: B) => { to: (is: Equal<A, B>) => void } {
  return () => ({ to: () => {} });
}
function holds<_T extends true>(): void {}

declare const covenant: CovenantDocument;
declare const store: CovenantStore;
declare const monitor: Monitor;
const options: GuardOptions = { covenant, store };
const named = { covenant, store, name: 'x' };
const inputSchema = z.object({ id: z.string() });

export async function toolsOfSix(): Promise<void> {
  const plain = tool6({ inputSchema, execute: async ({ id }) => ({ length: id.length }) });
  const sync = tool6({ inputSchema, execute: ({ id }) => id });
  const yields = tool6({
    inputSchema,
    async *execute({ id }) {
      yield id.length;
    },
  });
  const dynamic = dynamicTool6({ inputSchema, execute: async () => 1 });
  const client = tool6({ inputSchema, outputSchema: z.number() });
  same(withStele(plain, named))(plain).to(true);
  same(withStele(sync, named))(sync).to(true);
  same(withStele(yields, named))(yields).to(true);
  same(withStele(dynamic, named))(dynamic).to(true);
  same(withStele(client, named))(client).to(true);

  const tools = withSteleTools({ plain, sync, dynamic }, options);
  same(tools)({ plain, sync, dynamic }).to(true);
  const { toolResults } = await generateText6({ model: new MockLanguageModelV3(), prompt: 'go', tools });
  for (const result of toolResults) {
    if (result.dynamic === true) continue;
    if (result.toolName === 'plain') holds<Equal<typeof result.output, { length: number }>>();
    if (result.toolName === 'plain') holds<Equal<typeof result.input, { id: string }>>();
    if (result.toolName === 'sync') holds<Equal<typeof result.output, string>>();
    holds<Equal<IsAny<typeof result.output>, false>>();
  }
}

export async function toolsOfSeven(): Promise<void> {
  const plain = tool7({ inputSchema, execute: async ({ id }) => ({ length: id.length }) });
  const yields = tool7({
    inputSchema,
    async *execute({ id }) {
      yield id.length;
    },
  });
  const dynamic = dynamicTool7({ inputSchema, execute: async () => 1 });
  const client = tool7({ inputSchema, outputSchema: z.number() });
  const contextual = tool7({
    inputSchema,
    contextSchema: z.object({ user: z.string() }),
    execute: async (_input, { context }) => context.user,
  });
  same(withStele(plain, named))(plain).to(true);
  same(withStele(yields, named))(yields).to(true);
  same(withStele(dynamic, named))(dynamic).to(true);
  same(withStele(client, named))(client).to(true);
  same(withStele(contextual, named))(contextual).to(true);

  const tools = withSteleTools({ plain, contextual }, options);
  same(tools)({ plain, contextual }).to(true);
  const model = new MockLanguageModelV4();
  const toolsContext = { contextual: { user: 'ann' } };
  const { toolResults } = await generateText7({ model, prompt: 'go', tools, toolsContext });
  for (const result of toolResults) {
    if (result.dynamic === true) continue;
    if (result.toolName === 'plain') holds<Equal<typeof result.output, { length: number }>>();
    if (result.toolName === 'contextual') holds<Equal<typeof result.output, string>>();
  }
  // @ts-expect-error a tool with a contextSchema still needs its context
  streamText7({ model, prompt: 'go', tools });
}

export function optionsOfTools(): void {
  const tool = tool7({ inputSchema, execute: async () => 1 });
  withStele(tool, { monitor, name: 'x' });
  withStele(tool, {
    covenant,
    action: (input) => {
      holds<Equal<typeof input, unknown>>();
      return 'a';
    },
  });
  // @ts-expect-error neither covenant nor monitor
  withStele(tool, { name: 'x' });
  // @ts-expect-error both: it would not be clear whose options count
  withStele(tool, { monitor, covenant });
  // @ts-expect-error the host's facts cannot stand in for the agent's arguments
  withStele(tool, { covenant, context: { args: {} } });
  // @ts-expect-error a set takes its names from its keys
  withSteleTools({ tool }, { covenant, name: 'x' });
  // @ts-expect-error an action is not worked out later
  withStele(tool, { covenant, action: async () => 'a' });
  // @ts-expect-error not a tool
  withStele({ description: 'no schema' }, { covenant });
}

export function http(): void {
  const app = express();
  app.use(steleMiddleware({ covenant, store }));
  app.use('/api', steleMiddleware({ monitor }));
  app.get('/files/:id', steleMiddleware({ covenant }), (request, response) => {
    holds<Equal<typeof request.params.id, string>>();
    holds<Equal<IsAny<typeof request>, false>>();
    const signal = steleSignal(request);
    holds<Equal<typeof signal, AbortSignal>>();
    response.end();
  });
  app.get(
    '/files/:id',
    steleMiddleware({ covenant, resource: (request) => `/${request.originalUrl}` }),
    (request, response) => {
      holds<Equal<typeof request.params.id, string>>();
      response.end();
    },
  );
  const typed = steleMiddleware({
    covenant,
    resource: (request: express.Request<{ id: string }>) => request.params.id,
  });
  app.get('/files/:id', typed, (request, response) => {
    holds<Equal<typeof request.params.id, string>>();
    response.end();
  });
  express.Router().use(steleMiddleware({ covenant }));

  const plain = connect();
  plain.use(steleMiddleware({ covenant, store }));
  plain.use('/api', steleMiddleware({ covenant }));
  plain.use(steleMiddleware({ covenant, context: (request) => ({ session: { at: request.url } }) }));
  plain.use((request, response) => void response.end(steleSignal(request).aborted));
  // @ts-expect-error the id of a request, say, is nothing that a guard knows
  steleSignal('r1');
  // @ts-expect-error neither covenant nor monitor
  steleMiddleware({ store });
}
