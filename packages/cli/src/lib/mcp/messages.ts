/** JSON-RPC 2.0 as MCP uses it, and what of MCP the gateway lets through. */
export type RequestId = string | number;

export type Params = Readonly<Record<string, unknown>>;

/** A message as a transport hands it over: of the form of JSON-RPC, with contents that nobody has looked at. */
export interface Message {
  readonly jsonrpc: '2.0';
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** What a request is answered with when it has no result. */
export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** The other side has answered, and the answer is an error. */
export class AnsweredError extends RpcError {}

export const INVALID_REQUEST = -32600;
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
export const INTERNAL_ERROR = -32603;
/** Of the range that JSON-RPC leaves to servers; the SDK says it of a connection that is closed, too. */
export const UNAVAILABLE = -32000;

/** The longest message that is read, in bytes. */
export const MAX_MESSAGE = 10 * 1024 * 1024;

/** What a client may ask beside `initialize`, `tools/list` and `tools/call`, which the gateway has a part in. */
const REQUESTS: ReadonlySet<string> = new Set([
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'prompts/list',
  'prompts/get',
  'completion/complete',
  'logging/setLevel',
]);

const TOOL_NOTICES = ['notifications/tools/list_changed', 'notifications/elicitation/complete'];
const OTHER_NOTICES = [
  'notifications/message',
  'notifications/resources/updated',
  'notifications/resources/list_changed',
  'notifications/prompts/list_changed',
];

const SERVER_CAPABILITIES = ['tools', 'resources', 'prompts', 'completions', 'logging'];
const CLIENT_CAPABILITIES = ['roots', 'sampling', 'elicitation'];

/** What passes. What is unknown does not: a later version of the protocol may have other ways to call a tool. */
export class Passing {
  readonly #notices: ReadonlySet<string>;

  constructor(readonly toolsOnly: boolean) {
    this.#notices = new Set(toolsOnly ? TOOL_NOTICES : [...TOOL_NOTICES, ...OTHER_NOTICES]);
  }

  mayAsk(method: string): boolean {
    return !this.toolsOnly && REQUESTS.has(method);
  }

  mayTell(method: string): boolean {
    return this.#notices.has(method);
  }

  ofServer(capabilities: unknown): Params {
    return picked(capabilities, this.toolsOnly ? ['tools'] : SERVER_CAPABILITIES);
  }

  ofClient(capabilities: unknown): Params {
    return picked(capabilities, CLIENT_CAPABILITIES);
  }
}

/** Whether a client that has these capabilities takes a request of the upstream server. */
export function takes(capabilities: Params, method: string, params: Params): boolean {
  const { roots, sampling, elicitation } = capabilities;
  if (method === 'roots/list') return isParams(roots);
  if (method === 'sampling/createMessage')
    return isParams(sampling) && (params.tools === undefined || isParams(sampling.tools));
  if (method !== 'elicitation/create' || !isParams(elicitation)) return false;
  // A client that names no mode has forms.
  const { mode = 'form' } = params;
  return mode === 'form'
    ? elicitation.form !== undefined || elicitation.url === undefined
    : mode === 'url' && elicitation.url !== undefined;
}

export function isParams(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The token under which a request is told of its progress. */
export function progressTokenOf(params: Params): RequestId | undefined {
  const { progressToken } = isParams(params._meta) ? params._meta : {};
  return isToken(progressToken) ? progressToken : undefined;
}

export const isToken = (value: unknown): value is RequestId =>
  typeof value === 'string' || typeof value === 'number';

function picked(value: unknown, names: readonly string[]): Params {
  if (!isParams(value)) return {};
  return Object.fromEntries(names.filter((name) => isParams(value[name])).map((name) => [name, value[name]]));
}
