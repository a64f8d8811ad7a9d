/** Fastify 5. Typed by structure, so that it need not be installed. */
import { SteleError } from '@stele/types/errors';
import type { Denial } from '../denial.js';
import { type Soon, soon } from '../lib/soon.js';
import type { Admission } from '../monitor.js';
import { type Choice, lazyMonitor } from './guard.js';
import { goOn } from './http-entry.js';
import { admitHttp, type RequestChoices } from './http-request.js';
import { problemOf } from './problem.js';

export { steleSignal } from './admitted.js';

/** What a request of Fastify looks like from here. */
export interface FastifyRequestLike {
  readonly method: string;
  /** The request line's target, after `rewriteUrl`: what the router goes by. */
  readonly url: string;
  readonly routeOptions?: { readonly config?: unknown } | undefined;
}

/** What a reply looks like from here. */
export interface FastifyReplyLike {
  readonly statusCode: number;
  readonly raw: {
    readonly destroyed: boolean;
    on(event: 'finish' | 'close', listener: () => void): unknown;
  };
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(payload: string): unknown;
}

interface RouterOptions {
  readonly caseSensitive?: boolean | undefined;
  readonly useSemicolonDelimiter?: boolean | undefined;
}

/** What is used of an instance of Fastify. */
export interface FastifyLike {
  readonly initialConfig: RouterOptions & { readonly routerOptions?: RouterOptions | undefined };
  /** Loose, so that Fastify's own overloads fit. */
  addHook(...given: never[]): unknown;
}

type AddHook = (
  name: 'preHandler',
  hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: (error?: Error) => void) => void,
) => unknown;

/** What a route may say of itself, as `config: { stele: … }`. */
export interface RouteChoices {
  readonly action?: Choice<FastifyRequestLike>;
  readonly resource?: Choice<FastifyRequestLike>;
}

export type FastifyGuardOptions = RequestChoices<FastifyRequestLike>;

/**
 * A plugin that lets a request reach its handler only when the covenant permits it: `fastify.register(steleFastify, options)`.
 * It guards every route of the instance that it is registered on, those declared before it and unknown ones, too, and of the
 * plugins that are registered after it. It judges in `preHandler`, so that what a function of the host reads of body and
 * parameters is validated.
 * @throws SteleError `guard_too_late` where a plugin with a scope of its own was registered before: its routes go unguarded
 */
export async function steleFastify(fastify: FastifyLike, options: FastifyGuardOptions): Promise<void> {
  const monitor = lazyMonitor(options);
  refuseEarlierPlugins(fastify);
  const { routerOptions, ...own } = fastify.initialConfig;
  const caseSensitive = own.caseSensitive !== false && routerOptions?.caseSensitive !== false;
  const endsAtSemicolon = own.useSemicolonDelimiter === true || routerOptions?.useSemicolonDelimiter === true;
  const addHook = fastify.addHook.bind(fastify) as unknown as AddHook;

  const admit = (request: FastifyRequestLike): Soon<Admission> => {
    const url = endsAtSemicolon ? (request.url.split(';', 1)[0] as string) : request.url;
    const asked = { method: request.method, url, caseSensitive, fold };
    const route = choicesOf(request);
    const choices = route === undefined ? options : { ...options, ...route };
    return soon(monitor(), (guarding) => admitHttp(guarding, choices, request, asked));
  };

  addHook('preHandler', (request, reply, done) => {
    const enter = () => soon(admit(request), (admission) => letIn(admission, reply));
    goOn(enter, done, (denial) => answer(reply, denial));
  });
}

// What fastify-plugin sets: without it the hooks would hold in the plugin's own scope alone, and the routes beside it
// would be unguarded. Other versions are refused when it is registered: the router of Fastify 4 ends a path at a semicolon, unseen.
Object.assign(steleFastify, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'stele',
  [Symbol.for('plugin-meta')]: { name: 'stele', fastify: '5.x' },
});

/** The router folds what it has decoded: the Kelvin sign, too, is a k to it. */
const fold = (text: string): string => text.toLowerCase();

function answer(reply: FastifyReplyLike, denial: Denial): void {
  const { status, headers, body } = problemOf(denial);
  reply.code(status);
  reply.headers({ ...headers });
  reply.send(body);
}

/** Whoever asked may be gone by now: then it does not run. */
function letIn(admission: Admission, reply: FastifyReplyLike): boolean {
  if (reply.raw.destroyed) void admission.settle('not_performed');
  else settleAtEnd(admission, reply);
  return !reply.raw.destroyed;
}

/** Done is what was answered whole, and speaks of no failure here. Of an answer that is broken off no hook is told. */
function settleAtEnd({ settle }: Admission, reply: FastifyReplyLike): void {
  reply.raw.on('finish', () => void settle(reply.statusCode < 500 ? 'done' : 'unknown'));
  reply.raw.on('close', () => void settle('unknown'));
}

/** A plugin takes the hooks that are there when it is registered. The framework has no public name for where it keeps them. */
function refuseEarlierPlugins(fastify: object): void {
  const place = Object.getOwnPropertySymbols(fastify).find(
    ({ description }) => description === 'fastify.children',
  );
  const earlier = place && (fastify as Record<symbol, unknown>)[place];
  if (!Array.isArray(earlier) || earlier.length === 0) return;
  throw new SteleError(
    'guard_too_late',
    'plugins were registered before steleFastify, and their routes would be unguarded',
    {
      hint: 'register steleFastify first; put what is to go unguarded beside it, into an instance that is no parent of the guarded one',
    },
  );
}

function choicesOf({ routeOptions }: FastifyRequestLike): RouteChoices | undefined {
  const { action, resource } = (routeOptions?.config as { stele?: RouteChoices } | undefined)?.stele ?? {};
  if (action === undefined && resource === undefined) return undefined;
  return {
    ...(action === undefined ? {} : { action }),
    ...(resource === undefined ? {} : { resource }),
  };
}
