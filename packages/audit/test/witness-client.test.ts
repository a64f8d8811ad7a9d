/** Asking witnesses, among them such as lie or do not answer. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPair, type KeyPair } from '@stele/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addSignatures,
  COSIGNATURE,
  formatVerifierKey,
  openNote,
  parseVerifierKey,
  verifierKey,
} from '../src/lib/note.js';
import { SIZE_TYPE } from '../src/lib/witness-protocol.js';
import type { Listening } from '../src/lib/witness-server.js';
import type { Witness } from '../src/witness.js';
import { collectCosignatures, WitnessClient } from '../src/witness-client.js';
import { cosign, NumberedLog } from './support/logs.js';
import { refusedAs } from './support/refusals.js';
import { requestBody, WITNESS_NAME, witnessOf } from './support/witnesses.js';

let log: NumberedLog;
let pair: KeyPair;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  log = await NumberedLog.make({ size: 50 });
  pair = await generateKeyPair();
});
afterAll(() => Promise.all(closing.map((close) => close())));

async function listening(witness: Witness): Promise<Listening> {
  const server = await witness.listen();
  closing.push(() => server.close());
  return server;
}

/** A server that answers whatever the test wants. */
async function fake(
  answer: (body: string, response: ServerResponse, request: IncomingMessage) => unknown,
): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => answer(body, response, request));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const key = () => formatVerifierKey(verifierKey(WITNESS_NAME, pair.publicKey, COSIGNATURE));
const clientOf = (url: string, timeoutMs?: number) =>
  new WitnessClient({ url, key: key(), ...(timeoutMs === undefined ? {} : { timeoutMs }) });
const asked = async (of: NumberedLog, size: number) => ({
  checkpoint: await of.checkpoint(size),
  consistencyProof: (from: number, to: number) => of.consistency(from, to),
});

describe('a client of a witness', () => {
  it('has checkpoints cosigned, one after another', async () => {
    const witness = await witnessOf([log], { pair });
    const { url } = await listening(witness);
    const client = new WitnessClient({ url: `${url}/`, key: witness.key });
    for (const size of [0, 3, 3, 10, 50]) {
      const request = await asked(log, size);
      const note = addSignatures(request.checkpoint, [await client.cosign(request)]);
      expect((await openNote(note, [parseVerifierKey(witness.key)])).verified).toHaveLength(1);
    }
  });

  it('learns from the witness what it has seen, and asks once when it knows', async () => {
    const witness = await witnessOf([log], { pair });
    expect((await witness.addCheckpoint(await requestBody(log, 0, 10))).status).toBe(200);
    const proofs: string[] = [];
    const bodies: string[] = [];
    const url = await fake(async (body, response) => {
      bodies.push(body);
      const answer = await witness.addCheckpoint(Buffer.from(body));
      response.writeHead(answer.status, { 'Content-Type': answer.type }).end(answer.body);
    });
    const client = clientOf(url);
    const request = async (size: number) => ({
      checkpoint: await log.checkpoint(size),
      consistencyProof: (from: number, to: number) => {
        proofs.push(`${from} to ${to}`);
        return log.consistency(from, to);
      },
    });
    await client.cosign(await request(20));
    expect(bodies.map((body) => body.split('\n')[0])).toEqual(['old 0', 'old 10']);
    await client.cosign(await request(30));
    await client.cosign(await request(30));
    expect(bodies.slice(2).map((body) => body.split('\n')[0])).toEqual(['old 20', 'old 30']);
    expect(proofs).toEqual(['10 to 20', '20 to 30']);
    // Another writer of the log was there meanwhile.
    expect((await witness.addCheckpoint(await requestBody(log, 30, 40))).status).toBe(200);
    await client.cosign(await request(45));
    expect(proofs.slice(2)).toEqual(['30 to 45', '40 to 45']);
  });

  it('asks below the prefix that it was given', async () => {
    let path: string | undefined;
    const url = await fake((_, response, request) => {
      path = request.url;
      response.writeHead(404).end();
    });
    await refusedAs('witnesses_missing', async () =>
      clientOf(`${url}/some/witness/`).cosign(await asked(log, 1)),
    );
    expect(path).toBe('/some/witness/add-checkpoint');
  });

  it('is told of a fork and of a rollback', async () => {
    const witness = await witnessOf([log], { pair });
    const { url } = await listening(witness);
    const client = clientOf(url);
    await client.cosign(await asked(log, 20));
    const forked = log.forkedAt(5);
    const failures = [
      [forked, 20, 'has seen another tree of 20 entries'],
      [forked, 30, 'answered with status 422'],
      [log, 10, 'has cosigned 20 entries already'],
    ] as const;
    for (const [of, size, message] of failures) {
      const error = await refusedAs('witnesses_missing', async () => client.cosign(await asked(of, size)));
      expect(error.message).toContain(message);
      const fresh = await refusedAs('witnesses_missing', async () =>
        clientOf(url).cosign(await asked(of, size)),
      );
      expect(fresh.message).toContain(message);
    }
    await client.cosign(await asked(log, 30));
  });

  it('believes nothing that is not signed', async () => {
    const checkpoint = await log.checkpoint(10);
    const good = await cosign(checkpoint, WITNESS_NAME, pair);
    const other = await generateKeyPair();
    const lies = {
      'of another checkpoint': `${await cosign(await log.checkpoint(9), WITNESS_NAME, pair)}\n`,
      'of another key': `${await cosign(checkpoint, WITNESS_NAME, other)}\n`,
      'of another name': `${await cosign(checkpoint, 'x.example', pair)}\n`,
      'with a byte changed': `${good.slice(0, -4)}AAA=\n`,
      'a signature of the log': `${checkpoint.split('\n').at(-2)}\n`,
      nothing: '',
      'an empty line': '\n',
      'what is no line': 'yes\n',
      'with text after it': `${good}\nyes\n`,
      'a whole note': addSignatures(checkpoint, [good]),
      'endless lines': `${good}\n`.repeat(10_000),
    };
    for (const [what, lie] of Object.entries(lies)) {
      const url = await fake((_, response) => response.end(lie));
      await refusedAs('witnesses_missing', async () => clientOf(url).cosign(await asked(log, 10))).catch(
        (error: unknown) => {
          throw new Error(`${what}: ${error}`);
        },
      );
    }
    const others = `${await cosign(checkpoint, 'x.example', other)}\n${good}\n`;
    const url = await fake((_, response) => response.end(others));
    expect(await clientOf(url).cosign(await asked(log, 10)), 'what others sign is ignored').toBe(good);
  });

  it('is not led astray by sizes', async () => {
    const answers = {
      'the size that was named': '0\n',
      'more than the log has': '11\n',
      'more than there are numbers': '99999999999999999999\n',
      'no newline': '5',
      'no number': 'five\n',
      'a number with more after it': '5\n\n',
      nothing: '',
    };
    for (const [what, body] of Object.entries(answers)) {
      let requests = 0;
      const url = await fake((_, response) => {
        requests++;
        response.writeHead(409, { 'Content-Type': SIZE_TYPE }).end(body);
      });
      const client = clientOf(url);
      await refusedAs('witnesses_missing', async () => client.cosign(await asked(log, 10)));
      await refusedAs('witnesses_missing', async () => client.cosign(await asked(log, 10)));
      expect(requests, `${what}: nothing of it is kept`).toBe(2);
    }
    let turn = 0;
    const url = await fake((_, response) =>
      response.writeHead(409, { 'Content-Type': SIZE_TYPE }).end(`${(++turn % 9) + 1}\n`),
    );
    const error = await refusedAs('witnesses_missing', async () =>
      clientOf(url).cosign(await asked(log, 10)),
    );
    expect([error.message.includes('names another size each time'), turn]).toEqual([true, 3]);
    const html = await fake((_, response) =>
      response.writeHead(409, { 'Content-Type': 'text/html' }).end('5\n'),
    );
    await refusedAs('witnesses_missing', async () => clientOf(html).cosign(await asked(log, 10)));
  });

  it('takes no other status, and follows no redirection', async () => {
    const witness = await witnessOf([log], { pair });
    const { url: real } = await listening(witness);
    for (const status of [201, 204, 301, 307, 400, 403, 404, 422, 500, 503]) {
      const url = await fake((_, response) =>
        response.writeHead(status, { Location: `${real}/add-checkpoint` }).end(),
      );
      await refusedAs('witnesses_missing', async () => clientOf(url).cosign(await asked(log, 10)));
    }
    expect((await witness.addCheckpoint(await requestBody(log, 0, 10))).status).toBe(200);
  });

  it('does not wait for ever, at whatever point the witness stops', async () => {
    const silent = await fake(() => undefined);
    const halting = await fake((_, response) => response.writeHead(200).write('— '));
    const asking = await fake((_, response) =>
      response.writeHead(409, { 'Content-Type': SIZE_TYPE }).end('5\n'),
    );
    const never = {
      checkpoint: await log.checkpoint(10),
      consistencyProof: () => new Promise<never>(() => undefined),
    };
    for (const url of [silent, halting, asking]) {
      const client = clientOf(url, 50);
      for (let i = 0; i < 2; i++) {
        const error = await refusedAs('witnesses_missing', () => client.cosign(never));
        expect(error.message).toContain('did not answer in time');
      }
    }
  });

  it('has one request under way at a time', async () => {
    let answer: (() => void) | undefined;
    const good = `${await cosign(await log.checkpoint(10), WITNESS_NAME, pair)}\n`;
    const waiting = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const url = await fake((_, response) => waiting.then(() => response.end(good)));
    const client = clientOf(url);
    const request = await asked(log, 10);
    const first = client.cosign(request);
    const error = await refusedAs('witnesses_missing', () => client.cosign(request));
    expect(error.message).toContain('busy');
    answer?.();
    expect(`${await first}\n`).toBe(good);
  });

  it('passes on what kept the log from proving', async () => {
    const url = await fake((_, response) =>
      response.writeHead(409, { 'Content-Type': SIZE_TYPE }).end('5\n'),
    );
    const gone = new Error('pruned');
    const request = { checkpoint: await log.checkpoint(10), consistencyProof: () => Promise.reject(gone) };
    expect((await refusedAs('witnesses_missing', () => clientOf(url).cosign(request))).cause).toBe(gone);
    const none = { ...request, checkpoint: 'x' };
    await refusedAs('witnesses_missing', () => clientOf(url).cosign(none));
  });

  it('is made of a URL, a key of a witness and a time', async () => {
    const url = 'http://127.0.0.1:1';
    for (const bad of ['ftp://x', 'file:///x', 'data:x']) {
      expect(() => new WitnessClient({ url: bad, key: key() })).toThrow(RangeError);
    }
    expect(() => new WitnessClient({ url: 'x', key: key() })).toThrow(TypeError);
    await refusedAs('note_malformed', () => new WitnessClient({ url, key: 'x' }));
    expect(() => new WitnessClient({ url, key: formatVerifierKey(log.key) })).toThrow(RangeError);
    for (const timeoutMs of [0, -1, Number.NaN, 600_001, Number.POSITIVE_INFINITY]) {
      expect(() => new WitnessClient({ url, key: key(), timeoutMs })).toThrow(RangeError);
    }
    expect(new WitnessClient({ url, key: key() }).name).toBe(WITNESS_NAME);
  });
});

describe('cosignatures of several witnesses', () => {
  it('are those that come, whatever the others do', async () => {
    const pairs = await Promise.all([generateKeyPair(), generateKeyPair()]);
    const witnesses = await Promise.all(
      pairs.map((pair, i) => witnessOf([log], { pair, name: `w${i}.example` })),
    );
    const clients = await Promise.all(
      witnesses.map(
        async (witness) => new WitnessClient({ url: (await listening(witness)).url, key: witness.key }),
      ),
    );
    const silent = clientOf(await fake(() => undefined), 100);
    const lying = clientOf(await fake((_, response) => response.end('— lie AAAA\n')));
    const absent = clientOf('http://127.0.0.1:1');
    const all = [silent, clients[0] as WitnessClient, lying, clients[1] as WitnessClient, absent];
    const failed: WitnessClient[] = [];
    const request = await asked(log, 10);
    const lines = await collectCosignatures(all, request, (_, client) => failed.push(client));
    const note = addSignatures(request.checkpoint, lines);
    const { verified } = await openNote(
      note,
      witnesses.map(({ key }) => parseVerifierKey(key)),
    );
    expect(verified.map(({ name }) => name)).toEqual(['w0.example', 'w1.example']);
    expect(new Set(failed)).toEqual(new Set([silent, lying, absent]));
    expect(await collectCosignatures(all, request)).toHaveLength(2);
    expect(await collectCosignatures([], request)).toEqual([]);
  });
});
