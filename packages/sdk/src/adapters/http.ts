/** Express 4 and 5, and Connect. Typed by structure, so that neither need be installed. */

import type { Denial } from '../denial.js';
import { soon } from '../lib/soon.js';
import type { Admission } from '../monitor.js';
import { lazyMonitor } from './guard.js';
import { isCaseSensitive } from './http-case.js';
import { goOn } from './http-entry.js';
import { type Asked, admitHttp, type RequestChoices } from './http-request.js';
import { problemOf } from './problem.js';

export { steleSignal } from './admitted.js';

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
  on(event: 'close', listener: () => void): unknown;
}

export type HttpGuardOptions<Request extends HttpRequestLike = HttpRequestLike> = RequestChoices<Request> & {
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
    const enter = () => {
      const asked = askedOf(request, options.caseSensitive);
      const admitted = soon(monitor(), (guarding) => admitHttp(guarding, options, request, asked));
      return soon(admitted, (admission) => letIn(admission, response));
    };
    goOn(enter, next, (denial) => answer(response, denial));
  };
}

/** Whoever asked may be gone by now: then it does not run. */
function letIn({ settle }: Admission, response: HttpResponseLike): boolean {
  if (response.destroyed) void settle('not_performed');
  else response.on('close', () => void settle(isDone(response) ? 'done' : 'unknown'));
  return !response.destroyed;
}

/** An answer that was sent whole and does not speak of a failure here. */
const isDone = ({ writableFinished, statusCode }: HttpResponseLike): boolean =>
  writableFinished && statusCode < 500;

/** Express says whether it ignores case, but `express.Router()` ignores it whatever the application is told. */
function askedOf(request: HttpRequestLike, caseSensitive: boolean | undefined): Asked {
  return {
    method: String(request.method),
    url: request.originalUrl ?? request.url ?? '',
    caseSensitive: caseSensitive ?? (isCaseSensitive(request) ? 'mixed' : false),
  };
}

function answer(response: HttpResponseLike, denial: Denial): void {
  const { status, headers, body } = problemOf(denial);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}
