/** Express 5 and Connect. Typed by structure, so that neither need be installed. */

import { evaluate } from '@stele/ccl';
import type { ActionRequest } from '../decision.js';
import { type Denial, denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import type { Admission, Monitor } from '../monitor.js';
import { type Choice, choose, type GuardOptions, type HostFacts, lazyMonitor } from './guard.js';
import { isCaseSensitive, lowerCase, refuseCapitals } from './http-case.js';
import { decodedPath } from './http-path.js';

/** What a request of Express or Connect looks like from here. */
export interface HttpRequestLike {
  method?: string | undefined;
  url?: string | undefined;
  originalUrl?: string | undefined;
  app?: unknown;
}

/** What a response looks like: only what `node:http` itself offers. */
export interface HttpResponseLike {
  statusCode: number;
  readonly destroyed: boolean;
  readonly writableFinished: boolean;
  setHeader(name: string, value: string | number): unknown;
  end(body?: string): unknown;
  once(event: 'close', listener: () => void): unknown;
}

export type HttpGuardOptions<Request extends HttpRequestLike = HttpRequestLike> = GuardOptions & {
  /** The action; `http.` and the method in lower case when not given. */
  action?: Choice<Request>;
  /** The resource; the decoded path when not given. */
  resource?: Choice<Request>;
  /** Facts of the host for conditions. */
  context?: HostFacts | ((request: Request) => HostFacts);
  /**
   * Whether the application tells `/Admin` from `/admin`. Not given: what Express says of `case sensitive routing`, else
   * false. Where it does not, paths are judged in lower case, in conditions on `http.path` too. Where Express says that it
   * does, what is denied in lower case is denied all the same, because `express.Router()` ignores case whatever the
   * application is told; `require` and `limit` are not carried over, so say false where such a router is used.
   */
  caseSensitive?: boolean;
};

/**
 * A middleware that lets a request pass only when the covenant permits it. A denial is answered here, as problem+json
 * (RFC 9457): 403, or 429 for a limit that is used up, or 503 where something must first be restored.
 */
export function steleMiddleware<Request extends HttpRequestLike = HttpRequestLike>(
  options: HttpGuardOptions<Request>,
): (request: Request, response: HttpResponseLike, next: (error?: unknown) => void) => void {
  const monitor = lazyMonitor(options);
  return (request, response, next) => {
    // Connect does not wait for promises: whatever goes wrong has to reach `next` from here.
    guard(monitor, options, request, response).then(
      (permitted) => {
        if (permitted) next();
      },
      (error: unknown) => next(error),
    );
  };
}

async function guard<Request extends HttpRequestLike>(
  monitor: () => Promise<Monitor>,
  options: HttpGuardOptions<Request>,
  request: Request,
  response: HttpResponseLike,
): Promise<boolean> {
  const guarding = await monitor();
  try {
    const { settle } = await admit(guarding, options, request);
    // Whoever asked may be gone by now: then it does not run.
    if (response.destroyed) {
      await settle('not_performed');
      return false;
    }
    response.once('close', () => void settle(isDone(response) ? 'done' : 'unknown'));
    return true;
  } catch (error) {
    if (!(error instanceof CovenantDeniedError)) throw error;
    answer(response, denialOf(error.decision));
    return false;
  }
}

async function admit<Request extends HttpRequestLike>(
  monitor: Monitor,
  options: HttpGuardOptions<Request>,
  request: Request,
): Promise<Admission> {
  const { covenants } = monitor;
  const admission = await monitor.admit(requestOf(covenants, options, request));
  if (monitor.covenants === covenants) return admission;
  // What governs was established only now: the request has to be read in its light.
  await admission.settle('not_performed');
  return admit(monitor, options, request);
}

/** An answer that was sent whole and does not speak of a failure here. */
const isDone = ({ writableFinished, statusCode }: HttpResponseLike): boolean =>
  writableFinished && statusCode < 500;

function requestOf<Request extends HttpRequestLike>(
  covenants: Monitor['covenants'],
  options: HttpGuardOptions<Request>,
  request: Request,
): ActionRequest {
  const decoded = decodedPath(request.originalUrl ?? request.url ?? '');
  const read = (method: string, path: string): ActionRequest => {
    const { action = `http.${method}`, resource = path, context } = options;
    return {
      action: choose(action, request, undefined),
      resource: choose(resource, request, undefined),
      context: { ...(typeof context === 'function' ? context(request) : context), http: { method, path } },
    };
  };
  const [asked, ...others] = methodsOf(request).flatMap((method) =>
    pathsOf(covenants, options, request, decoded).map((path) => read(method, path)),
  ) as [ActionRequest, ...ActionRequest[]];
  return others.find((other) => isDeniedByRule(covenants, other)) ?? asked;
}

/** Routers answer HEAD with the handler of GET: where a rule denies that GET, this is how the request is judged. */
function methodsOf(request: HttpRequestLike): string[] {
  const method = String(request.method).toLowerCase();
  return method === 'head' ? ['head', 'get'] : [method];
}

/** The path as the application reads it; and in lower case as well where some router may still ignore case. */
function pathsOf<Request extends HttpRequestLike>(
  covenants: Monitor['covenants'],
  { action, resource, caseSensitive }: HttpGuardOptions<Request>,
  request: Request,
  path: string,
): string[] {
  if (caseSensitive === true) return [path];
  const folded = lowerCase(path);
  if (caseSensitive === undefined && isCaseSensitive(request))
    return path === folded ? [path] : [path, folded];
  refuseCapitals(covenants, { action: action !== undefined, resource: resource !== undefined });
  return [folded];
}

const isDeniedByRule = (covenants: Monitor['covenants'], request: ActionRequest): boolean =>
  covenants.some(({ policy }) => evaluate(policy, request).code === 'denied_by_rule');

function statusOf({ code, retryable }: Denial): number {
  if (code === 'limit_exceeded') return 429;
  return retryable && code !== 'obligation_pending' ? 503 : 403;
}

function answer(response: HttpResponseLike, denial: Denial): void {
  const status = statusOf(denial);
  const { reason, retryAfterMs, ...rest } = denial;
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/problem+json');
  response.setHeader('Cache-Control', 'no-store');
  if (retryAfterMs !== undefined) response.setHeader('Retry-After', Math.ceil(retryAfterMs / 1000));
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  response.end(
    JSON.stringify({ type: 'about:blank', title: 'Not permitted', status, detail: reason, ...rest, ...wait }),
  );
}
