/** The server that a command is about: a process of our own, or one that answers HTTP. */
import type { Command } from 'commander';
import { CliError } from '../errors.js';
import { printable } from '../output.js';
import { many } from '../verify-flags.js';
import { HttpUpstream } from './http-upstream.js';
import { MAX_MESSAGE } from './messages.js';
import { inTurn, loadMcpSdk, type Transport } from './sdk.js';

export interface UpstreamFlags {
  readonly url?: string;
  readonly env?: string[];
}

/** Makes connections to the server, each its own. */
export type Connect = () => Transport;

/** A server that was named. */
export interface Upstream {
  /** Loads what is needed to speak to it. @throws CliError `peer_missing` */
  readonly load: () => Promise<Connect>;
}

export function addUpstreamOptions(command: Command): Command {
  return command
    .argument('[command...]', 'what starts the server, which speaks over its standard input and output')
    .option('--url <url>', 'a server that answers streamable HTTP, instead of a command')
    .addOption(
      many('--env <name>', 'a variable of the environment that the server may see, by its name; repeatable'),
    );
}

export const UPSTREAM_HELP = `
The server is a command behind --, or a URL. A command sees PATH, HOME and the like of the environment, and what --env names: secrets
go that way, never as an argument. @modelcontextprotocol/sdk 1.x must be installed, beside stele or in the working directory.`;

/** @throws CliError `usage` */
export function upstreamOf(command: readonly string[], { url, env = [] }: UpstreamFlags): Upstream {
  const [program, ...args] = command;
  if ((program === undefined) === (url === undefined))
    throw new CliError('usage', 'name one server: a command behind --, or --url');
  if (url !== undefined) {
    if (env.length > 0) throw new CliError('usage', '--env is of use with a command only', 'leave it out');
    const address = addressOf(url);
    return {
      load: async () => {
        const sdk = await loadMcpSdk('StreamableHTTPClientTransport');
        return () => new HttpUpstream(sdk, address);
      },
    };
  }
  const variables = Object.fromEntries(env.map((name) => [name, variable(name)]));
  const options = { command: program as string, args, env: variables, maxBufferSize: MAX_MESSAGE };
  return {
    load: async () => {
      const { StdioClientTransport } = await loadMcpSdk('StdioClientTransport');
      return () => inTurn(new StdioClientTransport({ ...options, stderr: 'inherit' }));
    },
  };
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new CliError('usage', '--url is no http or https URL', 'write http://127.0.0.1:3000/mcp');
  // Other users of the machine may see it as an argument, and `fetch` refuses it.
  if (url.username !== '' || url.password !== '')
    throw new CliError('usage', '--url holds a user or a password', 'leave them out');
  return url;
}

function variable(name: string): string {
  const value = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? process.env[name] : undefined;
  if (value !== undefined) return value;
  // What stands behind = may be a secret.
  const shown = printable(name.split('=')[0] ?? '', 64);
  throw new CliError('usage', `--env: there is no variable ${shown}`, 'name a variable, without a value');
}
