// A service on Hono whose callers are agents: `steleHono` guards what is registered after it.
import { steleHono } from '@stele/sdk/adapters/hono';
import { Hono } from 'hono';
import { bank, governed, HTTP_RULES } from './bank.mjs';
import { visit } from './visitor.mjs';

const app = new Hono();
app.use(steleHono({ monitor: await governed(HTTP_RULES) }));
app.get('/accounts/:account', (c) => c.text(bank.balance(c.req.param())));
app.post('/payments/:size', (c) => c.text(bank.pay({ to: 'ann', amount: 20 })));

await visit((path, init) => app.request(path, init));
