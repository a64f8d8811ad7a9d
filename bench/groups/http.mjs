import { once } from 'node:events';
import { createMonitor, MemorySink } from '@stele/sdk';
import { steleFastify, steleMiddleware } from '@stele/sdk/adapters';
import express from 'express';
import fastify from 'fastify';
import { shareAndCost } from '../lib/bars.mjs';
import { HttpLoad } from '../lib/http-load.mjs';
import { covenant, parties, rules, verified } from '../lib/samples.mjs';

export const title = 'HTTP';

/** Twenty statements, of which the last permits what is asked for here. */
const RULES = `${rules(19)}\npermit http.get on '/orders/**'`;
const PATH = '/orders/1042';

export async function* tables({ smoke }) {
  const load = new HttpLoad();
  const monitor = await guarding();
  const servers = await Promise.all([
    expressServer(),
    expressServer(steleMiddleware({ monitor })),
    fastifyServer(),
    fastifyServer({ monitor }),
  ]);
  const requests = smoke ? 64 : 640;
  const candidate = (name, server, bar) => ({
    name,
    each: requests,
    run: () => load.ask(server.address().port, PATH, requests),
    ...(bar && { bar }),
  });
  const [bareExpress, guardedExpress, bareFastify, guardedFastify] = servers;
  const table = (name, candidates) => ({
    title: `A request answered by ${name}`,
    note: 'A GET that is answered with a little JSON, over the loopback interface: 64 connections that stay open, one request at a time on each, from another process that writes to plain sockets. Guarded by 20 statements; decision and outcome are recorded in memory.',
    sliceMs: 200,
    rounds: 21,
    candidates,
  });
  yield table('Express', [
    candidate('Express', bareExpress),
    candidate('Express, steleMiddleware', guardedExpress, shareAndCost(0.75, 'Express')),
  ]);
  yield table('Fastify', [
    candidate('Fastify', bareFastify),
    candidate('Fastify, steleFastify', guardedFastify, shareAndCost(0.5, 'Fastify')),
  ]);
  await load.end();
  for (const server of servers) server.close();
}

async function guarding() {
  const keys = await parties();
  return createMonitor({
    covenant: await verified(await covenant(keys, RULES)),
    trust: [keys.owner.did],
    sink: new MemorySink(),
  });
}

const order = (id) => ({ id, state: 'open', items: [{ sku: 'A-7', count: 2 }], total: 41.5 });

async function expressServer(guard) {
  const app = express();
  if (guard !== undefined) app.use(guard);
  app.get('/orders/:id', (request, response) => response.json(order(request.params.id)));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return lasting(server);
}

async function fastifyServer(options) {
  const app = fastify();
  if (options !== undefined) await app.register(steleFastify, options);
  app.get('/orders/:id', async (request) => order(request.params.id));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return lasting(app.server);
}

/** Its connections stay open from one slice to the next. */
function lasting(server) {
  server.keepAliveTimeout = 0;
  return server;
}
