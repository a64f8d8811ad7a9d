/** What a handler behind a guard for HTTP may ask: a signal that tells it to stop. */
import { SteleError } from '@stele/types/errors';
import type { Admission } from '../monitor.js';
import { together } from './tool-call.js';

// On the request itself: a WeakMap costs a request some microseconds. One name for every copy of this package in the process,
// since what asks may have another copy than what guards. A function, which a log that prints the request does not look into.
const SIGNAL = Symbol.for('stele.signal');

interface Noted {
  [SIGNAL]?: () => AbortSignal;
}

/** Notes that a request was let in; behind several guards it stands under all of them. The signal is made when it is asked for. */
export function noteAdmitted(request: Noted, admission: Pick<Admission, 'signal'>): void {
  const outer = request[SIGNAL];
  request[SIGNAL] = () => together(outer?.(), admission.signal);
}

/**
 * A signal for a handler behind `steleMiddleware`, `steleFastify` or `steleHono`: aborted, with a CovenantCutError as its reason, when a
 * covenant that the request was let in under is revoked or expires while the handler runs.
 * @param request what the framework hands to the handler: the request of Express, Connect or Fastify, the context of Hono
 * @throws SteleError `request_unguarded` for what no guard has let in
 */
export function steleSignal(request: object): AbortSignal {
  const signal = (request as Noted)[SIGNAL];
  if (signal !== undefined) return signal();
  throw new SteleError('request_unguarded', 'no guard has let this request in', {
    hint: 'put the guard before the handler, and pass what the framework hands to it: the request of Express, Connect or Fastify, the context of Hono',
  });
}
