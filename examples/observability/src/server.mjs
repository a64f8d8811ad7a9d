/** One small HTTP server for what an orchestrator and Prometheus ask: `/healthz`, `/readyz`, `/health`, `/metrics`. */
import { createServer } from 'node:http';
import { expressHealth } from '@stele/sdk';
import { startAgent } from './agent.mjs';
import { startTelemetry } from './telemetry.mjs';

/** Starts all of it on the loopback address. @param {number} port 0 for any that is free */
export async function start(port = 0) {
  const telemetry = startTelemetry();
  const agent = await startAgent();
  const { store, keys } = agent;
  const health = expressHealth({ store, keyManager: keys, version: process.env.APP_VERSION });
  const server = createServer((request, response) =>
    health(request, response, () => {
      if (request.url === '/metrics') return telemetry.scrape(request, response);
      response.writeHead(404).end();
    }),
  );
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    monitor: agent.monitor,
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await agent.close();
      await telemetry.close();
    },
  };
}
