/** The witness over HTTP. */

import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { generateKeyPair, toSigner } from '@stele/crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ListenOptions, Witness } from '../src/index.js';
import { ADD_CHECKPOINT, MAX_REQUEST_BYTES, SIZE_TYPE } from '../src/lib/witness-protocol.js';
import type { Listening } from '../src/lib/witness-server.js';
import { NumberedLog } from './support/logs.js';
import { requestBody, temporaryFolder, witnessOf } from './support/witnesses.js';

let log: NumberedLog;

beforeAll(async () => {
  log = await NumberedLog.make({ size: 20 });
});

async function served(
  run: (server: Listening, witness: Witness, errors: unknown[]) => Promise<void>,
  { folder = temporaryFolder(), ...options }: ListenOptions & { folder?: string } = {},
): Promise<void> {
  const errors: unknown[] = [];
  const witness = await witnessOf([log], { folder, onError: (error) => errors.push(error) });
  const server = await witness.listen(options);
  try {
    await run(server, witness, errors);
  } finally {
    await server.close();
  }
}

const post = (url: string, body: Uint8Array) =>
  fetch(url + ADD_CHECKPOINT, { method: 'POST', body: Buffer.from(body) });

/** Sends raw bytes, and gives what came back when the server has closed. */
function raw(url: string, text: string, { end = false } = {}): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => (end ? socket.end(text) : socket.write(text)));
    let said = '';
    socket.on('data', (bytes) => (said += bytes.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(said));
  });
}

describe('a witness over HTTP', () => {
  it('listens on loopback, and answers as it does without', async () => {
    await served(async ({ url }) => {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
      const good = await post(url, await requestBody(log, 0, 10));
      expect(good.status).toBe(200);
      expect(await good.text()).toMatch(/^— witness\.example\/w1 [A-Za-z0-9+/=]+\n$/);
      const conflict = await post(url, await requestBody(log, 0, 12));
      expect(conflict.status).toBe(409);
      expect(conflict.headers.get('content-type')).toBe(SIZE_TYPE);
      expect(await conflict.text()).toBe('10\n');
      expect((await post(url, Buffer.from('x'))).status).toBe(400);
      expect((await post(url, await requestBody(await NumberedLog.make({ size: 2 }), 0, 2))).status).toBe(
        403,
      );
    });
  });

  it('listens where it is told, also on IPv6', async () => {
    await served(
      async ({ url }) => {
        expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
        expect((await post(url, await requestBody(log, 0, 10))).status).toBe(200);
      },
      { host: '::1' },
    );
    await served(async ({ url }, witness) => {
      await expect(witness.listen({ port: Number(new URL(url).port) })).rejects.toThrow(/EADDRINUSE/);
    });
  });

  it('has one path and one method', async () => {
    await served(async ({ url }) => {
      for (const path of [
        '/',
        '/add-checkpoint/',
        '/add-checkpoint?x',
        '/ADD-CHECKPOINT',
        '/x/add-checkpoint',
      ]) {
        expect((await fetch(url + path, { method: 'POST' })).status, path).toBe(404);
      }
      for (const method of ['GET', 'PUT', 'DELETE', 'HEAD']) {
        expect((await fetch(url + ADD_CHECKPOINT, { method })).status, method).toBe(405);
      }
    });
  });

  it('reads no more than a request may have', async () => {
    await served(async ({ url }) => {
      const head = `POST ${ADD_CHECKPOINT} HTTP/1.1\r\nHost: x\r\n`;
      const endless = `${head}Content-Length: 1000000000\r\n\r\n${'a'.repeat(MAX_REQUEST_BYTES + 1)}`;
      expect(await raw(url, endless)).toMatch(/^HTTP\/1\.1 413 .*Connection: close/s);
      const exact = `${head}Connection: close\r\nContent-Length: ${MAX_REQUEST_BYTES}\r\n\r\n${'a'.repeat(MAX_REQUEST_BYTES)}`;
      expect(await raw(url, exact)).toMatch(/^HTTP\/1\.1 400 /);
    });
  });

  it('does not wait for ever, and says nothing of whoever is gone', async () => {
    await served(
      async ({ url }, _, errors) => {
        const slow = `POST ${ADD_CHECKPOINT} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na`;
        expect(await raw(url, slow)).toMatch(/^HTTP\/1\.1 408 |^$/);
        expect(await raw(url, 'POST /add-checkpoint HTTP/1.1\r\nHost')).toMatch(/^HTTP\/1\.1 408 |^$/);
        await raw(url, slow, { end: true });
        expect(errors).toEqual([]);
      },
      { requestTimeoutMs: 100 },
    );
  });

  it.each(['', 'POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n'])(
    'closes although somebody is connected who has said no more than “%s”',
    async (said) => {
      const server = await (await witnessOf([log])).listen({ requestTimeoutMs: 300 });
      const { hostname, port } = new URL(server.url);
      const silent = connect(Number(port), hostname);
      silent.on('error', () => undefined);
      await new Promise((resolve) => silent.on('connect', resolve));
      silent.write(said);
      // The server has them once it answers somebody who came later.
      expect((await fetch(server.url)).status).toBe(404);
      const ended = new Promise((resolve) => silent.on('close', resolve));
      await server.close();
      await ended;
    },
  );

  it('takes no more connections than it may', async () => {
    await served(
      async ({ url }) => {
        const { hostname, port } = new URL(url);
        const first = connect(Number(port), hostname);
        await new Promise((resolve) => first.on('connect', resolve));
        expect(await raw(url, `GET / HTTP/1.1\r\nHost: x\r\n\r\n`)).toBe('');
        first.destroy();
      },
      { maxConnections: 1 },
    );
  });

  it('says that it cannot answer, and why to its host alone', async () => {
    const folder = temporaryFolder();
    await served(
      async ({ url }, _, errors) => {
        expect((await post(url, await requestBody(log, 0, 10))).status).toBe(200);
        const [place = ''] = readdirSync(folder);
        writeFileSync(join(folder, place, '1'), 'damage');
        const answer = await post(url, await requestBody(log, 10, 12));
        expect([answer.status, await answer.text()]).toEqual([
          500,
          'this witness cannot answer at present\n',
        ]);
        expect(errors).toMatchObject([{ code: 'audit_log_corrupt' }]);
      },
      { folder },
    );
  });

  it('says so, too, if nobody wants to know why', async () => {
    const signer = { ...toSigner(await generateKeyPair()), sign: () => Promise.reject(new Error('locked')) };
    const server = await (await witnessOf([log], { signer })).listen();
    expect((await post(server.url, await requestBody(log, 0, 10))).status).toBe(500);
    await server.close();
  });

  it('can be mounted in a server of the host', async () => {
    const witness = await witnessOf([log]);
    const server = createServer(witness.handler).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await post(`http://127.0.0.1:${port}`, await requestBody(log, 0, 10))).status).toBe(200);
    server.closeAllConnections();
    server.close();
  });
});
