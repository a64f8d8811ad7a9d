/** Express 4 and 5, and Connect. Typed by structure, so that neither need be installed. */

import type { ActionRequest } from '../decision.js';
import { type Denial, denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import type { Monitor } from '../monitor.js';
import { type Choice, choose, type GuardOptions, type HostFacts, lazyMonitor } from './guard.js';

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
  writableFinished: boolean;
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
   * true. Where it does not, the path is judged in lower case.
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
  const folds = !(options.caseSensitive ?? isCaseSensitive(request));
  if (folds) refuseCapitals(guarding);
  try {
    const { settle } = await guarding.admit(requestOf(options, request, folds));
    response.once('close', () => void settle(response.writableFinished ? 'done' : 'unknown'));
    return true;
  } catch (error) {
    if (!(error instanceof CovenantDeniedError)) throw error;
    answer(response, denialOf(error.decision));
    return false;
  }
}

function requestOf<Request extends HttpRequestLike>(
  options: HttpGuardOptions<Request>,
  request: Request,
  folds: boolean,
): ActionRequest {
  const method = String(request.method).toLowerCase();
  const decoded = decodedPath(request.originalUrl ?? request.url ?? '');
  const path = folds ? decoded.toLowerCase() : decoded;
  const { action = `http.${method}`, resource = path, context } = options;
  return {
    action: choose(action, request),
    resource: choose(resource, request),
    context: { ...(typeof context === 'function' ? context(request) : context), http: { method, path } },
  };
}

const looked = new WeakMap<object, string | undefined>();

/**
 * Where paths are judged in lower case, a deny with a capital would silently never fire.
 * @throws TypeError naming such a statement
 */
function refuseCapitals(monitor: Monitor): void {
  const { covenants } = monitor;
  if (!looked.has(covenants)) looked.set(covenants, capitals(covenants));
  const found = looked.get(covenants);
  if (found !== undefined) throw new TypeError(found);
}

function capitals(covenants: Monitor['covenants']): string | undefined {
  for (const { document, policy } of covenants) {
    for (const { kind, line, action, resource } of policy.statements) {
      if (kind === 'permit' || resource === resource.toLowerCase() || !mayMatchHttp(action)) continue;
      return `${document.id}, line ${line}: the application ignores case in paths, so ${kind} … on ${resource} would never apply; write it in lower case, or enable "case sensitive routing"`;
    }
  }
  return undefined;
}

/** `http`, or a first segment with a wildcard. */
const mayMatchHttp = (action: string): boolean => /^(?:http\b|[^.]*\*)/.test(action);

/**
 * The path that the application will use, decoded once. One that hides a separator, or cannot be decoded, is left as it
 * came: what it contains then is malformed to the rules, so that it is denied rather than guessed at.
 */
function decodedPath(url: string): string {
  const path = withoutOrigin(url).split(/[?#]/, 1)[0] as string;
  try {
    return path
      .split('/')
      .map((segment) => decodedSegment(segment))
      .join('/');
  } catch {
    return UNREADABLE;
  }
}

// A backslash makes a resource malformed.
const UNREADABLE = '\\';

function decodedSegment(segment: string): string {
  const decoded = decodeURIComponent(segment);
  return decoded.includes('/') ? UNREADABLE : decoded;
}

/** A request line may hold an absolute URL (RFC 9112 section 3.2.2); the application sees its path. */
function withoutOrigin(url: string): string {
  return url.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/, '');
}

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
