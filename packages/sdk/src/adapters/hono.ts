/** Hono 4. Typed by structure, so that it need not be installed. */
import { denialOf } from '../denial.js';
import { CovenantDeniedError } from '../errors.js';
import { lazyMonitor } from './guard.js';
import { admitHttp, type RequestChoices } from './http-request.js';
import { problemOf } from './problem.js';

export { steleSignal } from './admitted.js';

/** What a context of Hono looks like from here. */
export interface HonoContextLike {
  readonly req: {
    readonly method: string;
    readonly url: string;
    readonly raw: { readonly signal: AbortSignal };
  };
  readonly res: { readonly status: number };
  readonly error: Error | undefined;
}

export type HonoGuardOptions = RequestChoices<HonoContextLike>;

/** A middleware that lets a request pass only when the covenant permits it: `app.use(steleHono({ covenant, store }))`. */
export function steleHono(
  options: HonoGuardOptions,
): (context: HonoContextLike, next: () => Promise<void>) => Promise<Response | undefined> {
  const monitor = lazyMonitor(options);
  return async (context, next) => {
    const { method, url } = context.req;
    const asked = { method, url, caseSensitive: true };
    const admit = async () => admitHttp(await monitor(), options, context, asked);
    const admitted = await admit().catch(denied);
    if (admitted instanceof Response) return admitted;
    // Whoever asked may be gone by now: then it does not run.
    if (context.req.raw.signal.aborted) {
      await admitted.settle('not_performed');
      return new Response(null, { status: 499 });
    }
    await runAndSettle(context, next, admitted.settle);
    return undefined;
  };
}

function denied(error: unknown): Response {
  if (!(error instanceof CovenantDeniedError)) throw error;
  const { status, headers, body } = problemOf(denialOf(error.decision));
  return new Response(body, { status, headers });
}

/** What a later handler throws ends up in `error`; a middleware in between may throw all the same. */
async function runAndSettle(
  context: HonoContextLike,
  next: () => Promise<void>,
  settle: (outcome: 'done' | 'unknown') => Promise<void>,
): Promise<void> {
  let done = false;
  try {
    await next();
    done = context.error === undefined && context.res.status < 500;
  } finally {
    await settle(done ? 'done' : 'unknown');
  }
}
