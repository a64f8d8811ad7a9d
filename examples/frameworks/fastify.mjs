// A service on Fastify whose callers are agents: `steleFastify` is registered before the plugins that have routes.
import { steleFastify } from '@stele/sdk/adapters/fastify';
import Fastify from 'fastify';
import { bank, governed, HTTP_RULES } from './bank.mjs';
import { visit } from './visitor.mjs';

const app = Fastify();
await app.register(steleFastify, { monitor: await governed(HTTP_RULES) });
app.get('/accounts/:account', async ({ params }) => bank.balance(params));
app.post('/payments/:size', async () => bank.pay({ to: 'ann', amount: 20 }));

const origin = await app.listen({ port: 0, host: '127.0.0.1' });
await visit((path, init) => fetch(new URL(path, origin), init));
await app.close();
