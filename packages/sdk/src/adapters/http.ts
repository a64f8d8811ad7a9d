/** Express 4 and 5, and Connect. Typed by structure, so that neither need be installed. */

import { evaluate } from '@stele/ccl';
import type { ActionRequest } from '../decision.js';
import { type Denial, denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import type { Monitor } from '../monitor.js';
import { type Choice, choose, type GuardOptions, type HostFacts, lazyMonitor } from './guard.js';
import { decodedPath, lowerCase } from './http-path.js';

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
   * false. Where it does not, the path is judged in lower case. Say false if any router of the application ignores case:
   * `express.Router()` does so whatever the application is told.
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
    const { settle } = await guarding.admit(requestOf(guarding, options, request));
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

/** An answer that was sent whole and does not speak of a failure here. */
const isDone = ({ writableFinished, statusCode }: HttpResponseLike): boolean =>
  writableFinished && statusCode < 500;

function requestOf<Request extends HttpRequestLike>(
  { covenants }: Monitor,
  options: HttpGuardOptions<Request>,
  request: Request,
): ActionRequest {
  const folds = options.resource === undefined && !(options.caseSensitive ?? isCaseSensitive(request));
  if (folds) refuseCapitals(covenants, options.action !== undefined);
  const decoded = decodedPath(request.originalUrl ?? request.url ?? '');
  const path = folds ? lowerCase(decoded) : decoded;
  const asMethod = (method: string): ActionRequest => {
    const { action = `http.${method}`, resource = path, context } = options;
    return {
      action: choose(action, request),
      resource: choose(resource, request),
      context: { ...(typeof context === 'function' ? context(request) : context), http: { method, path } },
    };
  };
  const method = String(request.method).toLowerCase();
  // Routers answer HEAD with the handler of GET: where a rule denies that GET, this is how the request is judged.
  const get = method === 'head' ? asMethod('get') : undefined;
  return get !== undefined && isDeniedByRule(covenants, get) ? get : asMethod(method);
}

const isDeniedByRule = (covenants: Monitor['covenants'], request: ActionRequest): boolean =>
  covenants.some(({ policy }) => evaluate(policy, request).code === 'denied_by_rule');

interface Spelling {
  readonly action: string;
  readonly problem: string;
}

const looked = new WeakMap<object, readonly Spelling[]>();

/**
 * Where paths are judged in lower case, a deny with a capital would silently never fire.
 * @throws TypeError naming such a statement
 */
function refuseCapitals(covenants: Monitor['covenants'], anyAction: boolean): void {
  const found = looked.get(covenants) ?? capitals(covenants);
  looked.set(covenants, found);
  const first = found.find(({ action }) => anyAction || mayMatchHttp(action));
  if (first !== undefined) throw new TypeError(first.problem);
}

function capitals(covenants: Monitor['covenants']): Spelling[] {
  return covenants.flatMap(({ document, policy }) =>
    policy.statements
      .filter(({ kind, resource }) => kind !== 'permit' && resource !== lowerCase(resource))
      .map(({ kind, line, action, resource }) => ({
        action,
        problem: `${document.id}, line ${line}: the application ignores case in paths, so ${kind} … on ${resource} would never apply; write it in lower case, or enable "case sensitive routing"`,
      })),
  );
}

/** `http`, or a first segment with a wildcard. */
const mayMatchHttp = (action: string): boolean => /^(?:http\b|[^.]*\*)/.test(action);

/** Express ignores case in routes unless told otherwise. Connect compares prefixes without regard to case, too. */
function isCaseSensitive(request: HttpRequestLike): boolean {
  const app = request.app as { enabled?: (setting: string) => boolean } | undefined;
  return typeof app?.enabled === 'function' ? app.enabled('case sensitive routing') : false;
}

const UNAVAILABLE = new Set(['limit_unavailable', 'record_failed', 'revocation_unknown', 'clock_suspect']);

function answer(response: HttpResponseLike, denial: Denial): void {
  const status = denial.code === 'limit_exceeded' ? 429 : UNAVAILABLE.has(denial.code) ? 503 : 403;
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
