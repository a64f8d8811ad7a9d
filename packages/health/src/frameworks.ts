/** `/healthz`, `/readyz` and `/health` for web frameworks. Typed by structure, so that none need be installed. */
import { HEADERS, type HealthRouteOptions, routeFor, routesOf } from './lib/answers.js';

/** What is used of a request of Express, Connect or `node:http`. */
export interface HttpRequestLike {
  method?: string | undefined;
  url?: string | undefined;
}

/** What is used of a response: only what `node:http` itself offers. */
export interface HttpResponseLike {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
}

/**
 * A middleware for Express and Connect: `app.use(expressHealth({ store }))`. Put it before authentication, which a probe
 * cannot pass.
 * @throws TypeError or RangeError for options that `deepHealth` would not take
 */
export function expressHealth<Request extends HttpRequestLike = HttpRequestLike>(
  options: HealthRouteOptions<Request>,
): (request: Request, response: HttpResponseLike, next: (error?: unknown) => void) => void {
  const routes = routesOf(options);
  return (request, response, next) => {
    const route = routeFor(routes, request.method, request.url?.split('?')[0]);
    if (route === undefined) {
      next();
      return;
    }
    const answering = async () => {
      const { status, body } = await route.answer(request);
      response.statusCode = status;
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      response.end(request.method === 'HEAD' ? undefined : JSON.stringify(body));
    };
    answering().catch(next);
  };
}

/** What is used of a reply of Fastify. */
export interface FastifyReplyLike {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** What is used of Fastify. */
export interface FastifyLike<Request> {
  get(path: string, handler: (request: Request, reply: FastifyReplyLike) => Promise<unknown>): unknown;
}

/**
 * A plugin for Fastify: `app.register(fastifyHealth, { store })`. Fastify answers HEAD by itself.
 * @throws TypeError or RangeError for options that `deepHealth` would not take
 */
export async function fastifyHealth<Request>(
  app: FastifyLike<Request>,
  options: HealthRouteOptions<Request>,
): Promise<void> {
  for (const { path, answer } of routesOf(options)) {
    app.get(path, async (request, reply) => {
      const { status, body } = await answer(request);
      reply.code(status);
      reply.headers({ ...HEADERS });
      return reply.send(JSON.stringify(body));
    });
  }
}

/** What is used of a context of Hono. */
export interface HonoContextLike {
  readonly req: { readonly method: string; readonly path: string };
}

/**
 * A middleware for Hono: `app.use(honoHealth({ store }))`.
 * @throws TypeError or RangeError for options that `deepHealth` would not take
 */
export function honoHealth<Context extends HonoContextLike = HonoContextLike>(
  options: HealthRouteOptions<Context>,
): (context: Context, next: () => Promise<void>) => Promise<Response | undefined> {
  const routes = routesOf(options);
  return async (context, next) => {
    const { method, path } = context.req;
    const route = routeFor(routes, method, path);
    if (route === undefined) {
      await next();
      return undefined;
    }
    const { status, body } = await route.answer(context);
    return new Response(method === 'HEAD' ? null : JSON.stringify(body), { status, headers: HEADERS });
  };
}
