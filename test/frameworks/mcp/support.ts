import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { buildCovenant, generateKeyPair } from '@stele/sdk';
import { afterAll, afterEach } from 'vitest';

export const BIN = fileURLToPath(new URL('../../../packages/cli/dist/stele.js', import.meta.url));
export const UPSTREAM = fileURLToPath(new URL('./upstream.mjs', import.meta.url));
export const LIAR = fileURLToPath(new URL('./liar.mjs', import.meta.url));
const HERE = fileURLToPath(new URL('..', import.meta.url));

export interface Result {
  readonly isError?: boolean;
  readonly content: { readonly text?: string }[];
  readonly _meta?: Record<string, unknown>;
}

const folder = mkdtempSync(join(tmpdir(), 'stele-gateway-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

let files = 0;
export const fresh = (name: string) => join(folder, `${files++}-${name}`);

export function write(name: string, content: string | object): string {
  const path = fresh(name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** The options that name a covenant of these rules. */
export async function covenant(
  constraints: string,
  metadata: Record<string, unknown> = {},
): Promise<string[]> {
  const owner = await generateKeyPair();
  const agent = await generateKeyPair();
  const document = await buildCovenant({
    issuer: {},
    beneficiary: { id: agent.did },
    constraints,
    metadata,
    signer: owner,
  });
  return ['--covenant', write('covenant.json', document), '--trust', owner.did];
}

export interface Gateway {
  readonly client: Client;
  readonly call: (name: string, args?: object, options?: object) => Promise<Result>;
  readonly names: () => Promise<string[]>;
  /** What the upstream server was called with, line by line. */
  readonly calls: () => string[];
  readonly stderr: () => string;
}

/** Whether a client takes questions, or what it answers. */
type Elicits = boolean | ((message: string) => Promise<{ action: 'accept' | 'decline' }>);

export interface Setup {
  readonly rules: string;
  /** The options that name the covenant, where it is the same for several gateways. */
  readonly documents?: readonly string[];
  readonly flags?: readonly string[];
  readonly upstream?: readonly string[];
  readonly elicits?: Elicits;
}

/** A gateway as a process, before a server that is a process, with a client. */
export async function gateway({ rules, documents, flags = [], upstream, elicits }: Setup): Promise<Gateway> {
  const calls = fresh('calls');
  const args = ['mcp-gateway', ...(documents ?? (await covenant(rules))), '--server', 'bank', ...flags];
  const command = upstream ?? ['--env', 'CALLS', '--', process.execPath, UPSTREAM];
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [BIN, ...args, ...command],
    cwd: HERE,
    env: { CALLS: calls },
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const client = clientOf(elicits);
  await client.connect(transport);
  open.push(() => client.close());
  return { ...ways(client), calls: () => linesOf(calls), stderr: () => stderr };
}

export function clientOf(elicits: Elicits = false): Client {
  const capabilities = elicits ? { elicitation: {} } : {};
  const client = new Client({ name: 'test', version: '1' }, { capabilities });
  const answer = typeof elicits === 'function' ? elicits : async () => ({ action: 'decline' as const });
  if (elicits) client.setRequestHandler(ElicitRequestSchema, ({ params }) => answer(params.message));
  return client;
}

export function ways(client: Client): Pick<Gateway, 'client' | 'call' | 'names'> {
  return {
    client,
    call: (name, args = {}, options) =>
      client.callTool({ name, arguments: args as never }, undefined, options) as Promise<never>,
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
  };
}

export async function connect(
  url: string,
  elicits = false,
): Promise<Pick<Gateway, 'client' | 'call' | 'names'>> {
  const client = clientOf(elicits);
  await client.connect(new StreamableHTTPClientTransport(new URL(url)) as never);
  open.push(() => client.close());
  return ways(client);
}

export interface Running {
  /** The first line on standard output. */
  readonly line: string;
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** Starts a process, and waits for its first line. */
export async function start(args: readonly string[], env: Record<string, string> = {}): Promise<Running> {
  const child = spawn(process.execPath, args, {
    cwd: HERE,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return exited;
  };
  open.push(() => stop('SIGKILL'));
  const line = await new Promise<string>((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (out.includes('\n')) resolve(out.split('\n')[0] as string);
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
  });
  return { line, stop };
}

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command to its end, with text on standard input. */
export async function stele(args: readonly string[], stdin = '', cwd = HERE): Promise<Ran> {
  const child = spawn(process.execPath, [BIN, ...args], { cwd, stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out, err };
}

const linesOf = (path: string) =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
