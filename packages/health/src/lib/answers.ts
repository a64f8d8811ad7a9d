/** What the helpers for frameworks share: which path is asked for, and what is answered. */
import { type DeepHealthOptions, deepHealth, lookOf } from '../deep-health.js';
import { liveness } from '../liveness.js';
import { readiness } from '../readiness.js';
import { objectOf } from './options.js';
import { watchEventLoop } from './process.js';

/** Options of the helpers for frameworks. */
export interface HealthRouteOptions<Request = unknown> extends DeepHealthOptions {
  /**
   * Who may read the deep report. Not given: whoever reaches the path. Anything but `true`, and a throw, is answered with 403.
   */
  authorize?: ((request: Request) => boolean | Promise<boolean>) | undefined;
  /** Other paths than `/healthz`, `/readyz` and `/health`. */
  paths?: Partial<HealthPaths> | undefined;
}

export interface HealthPaths {
  readonly live: string;
  readonly ready: string;
  readonly deep: string;
}

export interface HealthAnswer {
  readonly status: 200 | 403 | 503;
  readonly body: object;
}

export interface HealthRoute<Request> {
  readonly path: string;
  readonly answer: (request: Request) => HealthAnswer | Promise<HealthAnswer>;
}

/** What a cache remembers of health is wrong. */
export const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
} as const;

/**
 * The three routes. The options are checked here, when a program starts, and not when the first probe comes.
 * @throws TypeError, RangeError
 */
export function routesOf<Request>(options: HealthRouteOptions<Request>): readonly HealthRoute<Request>[] {
  const { store, paths } = objectOf('options', options);
  objectOf('store', store);
  lookOf(options);
  watchEventLoop();
  const { live = '/healthz', ready = '/readyz', deep = '/health' } = paths ?? {};
  return [
    { path: live, answer: () => ({ status: 200, body: liveness() }) },
    { path: ready, answer: () => readyAnswer(options) },
    { path: deep, answer: (request) => deepAnswer(options, request) },
  ];
}

async function readyAnswer<Request>(options: HealthRouteOptions<Request>): Promise<HealthAnswer> {
  // Probes come without credentials: they never see the text of an error.
  const body = await readiness(options.store, { timeoutMs: options.timeoutMs });
  return { status: body.ready ? 200 : 503, body };
}

async function deepAnswer<Request>(
  options: HealthRouteOptions<Request>,
  request: Request,
): Promise<HealthAnswer> {
  if (!(await isAuthorized(options, request))) return { status: 403, body: { error: 'forbidden' } };
  const body = await deepHealth(options);
  return { status: body.status === 'unhealthy' ? 503 : 200, body };
}

async function isAuthorized<Request>(
  { authorize }: HealthRouteOptions<Request>,
  request: Request,
): Promise<boolean> {
  if (authorize === undefined) return true;
  try {
    return (await authorize(request)) === true;
  } catch {
    return false;
  }
}

/** The route that a request means; undefined for any other path, and for methods that do not only read. */
export function routeFor<Request>(
  routes: readonly HealthRoute<Request>[],
  method: string | undefined,
  path: string | undefined,
): HealthRoute<Request> | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  return routes.find((route) => route.path === path);
}
