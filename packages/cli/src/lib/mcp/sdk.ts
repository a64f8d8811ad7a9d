/** The SDK of the Model Context Protocol: installed by whoever runs the gateway, found where they did, and typed by structure. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CliError } from '../errors.js';
import { messageOf } from '../input.js';
import type { Message, RequestId } from './messages.js';

/** What carries messages: the interface of the SDK. */
export interface Transport {
  start(): Promise<void>;
  send(message: Message, options?: { relatedRequestId?: RequestId }): Promise<void>;
  close(): Promise<void>;
  setProtocolVersion?: ((version: string) => void) | undefined;
  onmessage?: ((message: Message) => void) | undefined;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
}

export interface ServerTransport extends Transport {
  readonly sessionId?: string | undefined;
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

interface ChildOptions {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly stderr: 'inherit' | 'ignore';
  readonly maxBufferSize: number;
}

/** The four transports that the gateway speaks through. */
export interface McpSdk {
  readonly StdioClientTransport: new (options: ChildOptions) => Transport;
  readonly StdioServerTransport: new (
    stdin: unknown,
    stdout: unknown,
    options: { maxBufferSize: number },
  ) => Transport;
  readonly StreamableHTTPClientTransport: new (url: URL, options: { fetch: typeof fetch }) => Transport;
  readonly StreamableHTTPServerTransport: new (options: {
    sessionIdGenerator: () => string;
    onsessioninitialized: (id: string) => void;
    maxRequestBodySize: number;
  }) => ServerTransport;
}

const PACKAGE = '@modelcontextprotocol/sdk';
const PARTS = {
  StdioClientTransport: 'client/stdio.js',
  StdioServerTransport: 'server/stdio.js',
  StreamableHTTPClientTransport: 'client/streamableHttp.js',
  StreamableHTTPServerTransport: 'server/streamableHttp.js',
} as const;

export type McpPart = keyof McpSdk;

/**
 * Loads transports of the SDK from where this command is installed, else from where it was called.
 * @throws CliError `peer_missing`
 */
export async function loadMcpSdk<P extends McpPart>(...parts: readonly P[]): Promise<Pick<McpSdk, P>> {
  try {
    const loaded = parts.map(async (name) => {
      const part = (await load(PARTS[name]))[name];
      if (typeof part !== 'function') throw new Error(`it has no ${name}`);
      return [name, part];
    });
    return Object.fromEntries(await Promise.all(loaded));
  } catch (error) {
    throw new CliError(
      'peer_missing',
      isAbsent(error) ? `${PACKAGE} is not installed` : `${PACKAGE} cannot be used: ${firstLine(error)}`,
      `run: npm install ${PACKAGE}@1, beside stele or in the working directory`,
    );
  }
}

type Loaded = Readonly<Record<string, unknown>>;

/** Sends one message after the other: over a pipe, each that waits on its own listens to the stream. */
export function inTurn<T extends Transport>(transport: T): T {
  const send = transport.send.bind(transport);
  let last: Promise<unknown> = Promise.resolve();
  transport.send = (message) => {
    const sent = last.then(() => send(message));
    last = sent.catch(() => undefined);
    return sent;
  };
  return transport;
}

async function load(file: string): Promise<Loaded> {
  const specifier = `${PACKAGE}/${file}`;
  try {
    // A specifier that bundlers and compilers do not follow: the package need not be there.
    return await import(/* @vite-ignore */ specifier);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    const { resolve } = createRequire(join(process.cwd(), 'package.json'));
    return await import(/* @vite-ignore */ pathToFileURL(resolve(specifier)).href);
  }
}

const ABSENT = new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']);

const isAbsent = (error: unknown) => ABSENT.has((error as NodeJS.ErrnoException).code ?? '');

const firstLine = (error: unknown) => messageOf(error).split('\n')[0] ?? '';
