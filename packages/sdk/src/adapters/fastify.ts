/** Fastify 5. Typed by structure, so that it need not be installed. */
import { denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import type { Admission } from '../monitor.js';
import { type Choice, lazyMonitor } from './guard.js';
import { admitHttp, type RequestChoices } from './http-request.js';
import { problemOf } from './problem.js';

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
  readonly raw: { readonly destroyed: boolean };
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(payload: string): unknown;
}

/** What is used of an instance of Fastify. */
export interface FastifyLike {
  readonly initialConfig: {
    readonly caseSensitive?: boolean | undefined;
    readonly routerOptions?: { readonly caseSensitive?: boolean | undefined } | undefined;
  };
  /** Loose, so that Fastify's own overloads fit. */
  addHook(...given: never[]): unknown;
}

type AddHook = (
  name: 'preHandler' | 'onResponse',
  hook: (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>,
) => unknown;

/** What a route may say of itself, as `config: { stele: … }`. */
export interface RouteChoices {
  readonly action?: Choice<FastifyRequestLike>;
  readonly resource?: Choice<FastifyRequestLike>;
}

export type FastifyGuardOptions = RequestChoices<FastifyRequestLike>;

/**
 * A plugin that lets a request reach its handler only when the covenant permits it: `fastify.register(steleFastify, options)`.
 * It guards every route of the instance that it is registered on, those declared before it and unknown ones, too. It judges
 * in `preHandler`, so that what a function of the host reads of body and parameters is validated.
 */
export async function steleFastify(fastify: FastifyLike, options: FastifyGuardOptions): Promise<void> {
  const monitor = lazyMonitor(options);
  const { routerOptions, caseSensitive: sensitive } = fastify.initialConfig;
  const caseSensitive = sensitive !== false && routerOptions?.caseSensitive !== false;
  const addHook = fastify.addHook.bind(fastify) as unknown as AddHook;
  const running = new WeakMap<object, Admission>();

  addHook('preHandler', async (request, reply) => {
    const asked = { method: request.method, url: request.url, caseSensitive };
    try {
      const admission = await admitHttp(await monitor(), { ...options, ...ofRoute(request) }, request, asked);
      // Whoever asked may be gone by now: then it does not run.
      if (!reply.raw.destroyed) {
        running.set(request, admission);
        return undefined;
      }
      await admission.settle('not_performed');
    } catch (error) {
      if (!(error instanceof CovenantDeniedError)) throw error;
      const { status, headers, body } = problemOf(denialOf(error.decision));
      reply.code(status);
      reply.headers({ ...headers });
      reply.send(body);
    }
    return reply;
  });

  addHook('onResponse', async (request, reply) => {
    await running.get(request)?.settle(reply.statusCode < 500 ? 'done' : 'unknown');
  });
}

// What fastify-plugin sets: without it the hooks would hold in the plugin's own scope alone, and the routes beside it
// would be unguarded.
Object.assign(steleFastify, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'stele',
});

function ofRoute({ routeOptions }: FastifyRequestLike): RouteChoices {
  const { action, resource } = (routeOptions?.config as { stele?: RouteChoices } | undefined)?.stele ?? {};
  return {
    ...(action === undefined ? {} : { action }),
    ...(resource === undefined ? {} : { resource }),
  };
}
