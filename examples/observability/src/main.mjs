// Lets an agent work for a moment, and shows what Prometheus would read. With --stay it goes on serving, on port 9464.
import { work } from './agent.mjs';
import { start } from './server.mjs';

const stays = process.argv.includes('--stay');
const { url, monitor, close } = await start(stays ? 9464 : 0);
await work(monitor);

for (const path of ['/healthz', '/readyz', '/health']) {
  const response = await fetch(url + path);
  process.stdout.write(`GET ${path}: ${response.status} ${await response.text()}\n`);
}
const scraped = await (await fetch(`${url}/metrics`)).text();
const isShort = (/** @type {string} */ line) => line.startsWith('stele_') && !/_(bucket|sum)\{/.test(line);
process.stdout.write(
  `\nGET /metrics, without the buckets:\n${scraped.split('\n').filter(isShort).join('\n')}\n`,
);

if (stays) process.stdout.write(`\nServing on ${url}; Ctrl-C ends it.\n`);
else await close();
