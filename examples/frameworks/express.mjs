// A service on Express whose callers are agents: `steleMiddleware` lets through what the covenant permits.
import { once } from 'node:events';
import { steleMiddleware } from '@stele/sdk/adapters/express';
import express from 'express';
import { bank, governed, HTTP_RULES } from './bank.mjs';
import { visit } from './visitor.mjs';

const app = express();
app.use(steleMiddleware({ monitor: await governed(HTTP_RULES) }));
app.get('/accounts/:account', (request, response) => {
  response.send(bank.balance(request.params));
});
app.post('/payments/:size', (_request, response) => {
  response.send(bank.pay({ to: 'ann', amount: 20 }));
});

const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;
await visit((path, init) => fetch(new URL(path, origin), init));
server.close();
server.closeAllConnections();
