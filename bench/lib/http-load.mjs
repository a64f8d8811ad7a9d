/**
 * Load over HTTP from a process of its own: connections that stay open, one request at a time on each, written to plain
 * sockets. A client that parses would take longer than some of the servers. Run as a program, this is that process.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';

const SELF = fileURLToPath(import.meta.url);
const OK = Buffer.from('HTTP/1.1 200 ');

export class HttpLoad {
  #child = fork(SELF);

  /** Makes so many requests of one path, and resolves when all are answered with 200. */
  async ask(port, path, count) {
    this.#child.send({ port, path, count });
    const [problem] = await once(this.#child, 'message');
    if (problem !== '') throw new Error(problem);
  }

  async end() {
    const ended = once(this.#child, 'exit');
    this.#child.send({});
    await ended;
  }
}

/** The connections to one server. Its answers are of one length, so that bytes tell how many have come. */
class Connections {
  #sockets = [];
  #request;
  #length;

  static async open(count, port, path) {
    const all = new Connections();
    all.#request = `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`;
    all.#sockets = Array.from({ length: count }, () => createConnection({ port, host: '127.0.0.1' }));
    await Promise.all(all.#sockets.map((socket) => once(socket.setNoDelay(), 'connect')));
    all.#length = (await all.#first()).length;
    return all;
  }

  /** One answer, which comes in one piece on this interface, or in a few that come together. */
  async #first() {
    const [socket] = this.#sockets;
    socket.write(this.#request);
    const [answer] = await once(socket, 'data');
    return answer;
  }

  async ask(count) {
    let left = count;
    await Promise.all(
      this.#sockets.map(
        (socket) =>
          new Promise((resolve, reject) => {
            const next = () => {
              if (left === 0) return end(resolve);
              left -= 1;
              socket.write(this.#request);
            };
            const onData = (answer) => {
              if (answer.length === this.#length && answer.indexOf(OK) === 0) next();
              else end(reject, new Error(`unexpected answer: ${answer.toString('latin1').slice(0, 200)}`));
            };
            const onClose = () => end(reject, new Error('the server closed the connection'));
            const end = (settle, value) => {
              socket.off('data', onData).off('close', onClose);
              settle(value);
            };
            socket.on('data', onData).on('close', onClose);
            next();
          }),
      ),
    );
  }
}

const CONNECTIONS = 64;

async function load() {
  const known = new Map();
  process.on('message', async ({ port, path, count }) => {
    if (port === undefined) process.exit(0);
    try {
      if (!known.has(port)) known.set(port, await Connections.open(CONNECTIONS, port, path));
      await known.get(port).ask(count);
      process.send('');
    } catch (error) {
      process.send(String(error));
    }
  });
}

if (process.argv[1] === SELF && process.send !== undefined) await load();
