/** The lines of the deployment guide, exactly as they stand there, against the built package. */
import type { RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { runModule } from '../../../../test/support/readme.js';
import { ask, closeServers, serve } from './http-support.js';

const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

afterEach(closeServers);

const prelude = (constraints: string) => `
import { buildCovenant, generateKeyPair, MemoryStore } from '@stele/sdk';
const owner = await generateKeyPair();
const agent = await generateKeyPair();
const constraints = ${JSON.stringify(constraints)};
const covenant = await buildCovenant({ beneficiary: { id: agent.did }, constraints, signer: owner });
const store = new MemoryStore();
await store.put(covenant);
`;

it.each(['express', 'connect'])('steleMiddleware guards an application of %s', async (framework) => {
  const { app } = await runModule(
    `${prelude("permit http.get on '/orders/*'")}
import framework from '${framework}';
export const app = framework();

import { steleMiddleware } from '@stele/sdk/adapters';

app.use(steleMiddleware({ covenant, store }));

app.use((_request, response) => response.end('ran'));
`,
    packageFolder,
  );
  const port = await serve(app as RequestListener);
  expect(await ask(port, '/orders/1')).toMatchObject({ status: 200, text: 'ran' });
  const denied = await ask(port, '/orders/1', 'DELETE');
  expect(denied.status).toBe(403);
  expect(JSON.parse(denied.text)).toMatchObject({ code: 'no_matching_permit' });
});

it.each(['ai6', 'ai7'])('withStele guards a tool of %s', async (sdk) => {
  const module = await runModule(
    `${prelude("permit tool.unnamed on ** when args.city = 'Bern'")}
import { tool } from '${sdk}';
import { z } from 'zod';
const myTool = tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => 'sunny in ' + city });

import { withStele } from '@stele/sdk/adapters';

const guardedTool = withStele(myTool, { covenant, store });

export const ask = (city) => guardedTool.execute({ city }, { toolCallId: '1', messages: [] });
`,
    packageFolder,
  );
  const asked = module.ask as (city: string) => Promise<string>;
  expect(await asked('Bern')).toBe('sunny in Bern');
  await expect(asked('Rome')).rejects.toMatchObject({ code: 'no_matching_permit' });
});
