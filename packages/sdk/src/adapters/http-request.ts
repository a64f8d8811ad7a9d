/** What the adapters of HTTP frameworks share: the request that a rule sees, and how it is let in. */
import { evaluate } from '@stele/ccl';
import type { ActionRequest } from '../decision.js';
import { httpRequest } from '../lib/request.js';
import { type Soon, soon } from '../lib/soon.js';
import type { Admission, Monitor } from '../monitor.js';
import { noteAdmitted } from './admitted.js';
import { type Choice, choose, type GuardOptions, type HostFacts } from './guard.js';
import { type Fold, lowerCase, refuseCapitals } from './http-case.js';
import { decodedPath } from './http-path.js';

/** What a host may say of the requests that a guard sees. */
export type RequestChoices<Request> = GuardOptions & {
  /** The action; `http.` and the method in lower case when not given. */
  action?: Choice<Request>;
  /** The resource; the decoded path when not given. */
  resource?: Choice<Request>;
  /** Facts of the host for conditions. */
  context?: HostFacts | ((request: Request) => HostFacts);
};

/** What was asked for over HTTP. */
export interface Asked {
  readonly method: string;
  /** As it stands in the request line: a path, or an absolute URL. */
  readonly url: string;
  /** Whether the router tells `/Admin` from `/admin`; `mixed` where some router behind this guard may not. */
  readonly caseSensitive: boolean | 'mixed';
  /** How it folds case, where it does; ASCII alone when not given. */
  readonly fold?: Fold;
}

/**
 * Lets a request in.
 * @param request what the framework hands to a handler, which may ask `steleSignal` about it
 * @throws CovenantDeniedError when it is not permitted
 */
export function admitHttp<Request extends object>(
  monitor: Monitor,
  options: RequestChoices<Request>,
  request: Request,
  asked: Asked,
): Soon<Admission> {
  const { covenants } = monitor;
  const admitted = monitor.admitSoon(requestOf(covenants, options, request, asked), NO_TOOL);
  return soon(admitted, (admission) => {
    if (monitor.covenants !== covenants) {
      // What governs was established only now: the request has to be read in its light.
      const again = () => admitHttp(monitor, options, request, asked);
      return admission.settle('not_performed').then(again);
    }
    noteAdmitted(request, admission);
    return admission;
  });
}

const NO_TOOL = { tool: 'none' } as const;

function requestOf<Request>(
  covenants: Monitor['covenants'],
  options: RequestChoices<Request>,
  request: Request,
  asked: Asked,
): ActionRequest {
  const read = (method: string, path: string): ActionRequest => {
    if (options.action === undefined && options.resource === undefined && options.context === undefined)
      return httpRequest(method, path);
    const { action = `http.${method}`, resource = path, context } = options;
    return {
      action: choose(action, request, undefined),
      resource: choose(resource, request, undefined),
      context: { ...(typeof context === 'function' ? context(request) : context), http: { method, path } },
    };
  };
  const methods = methodsOf(asked);
  const paths = pathsOf(covenants, options, asked);
  const first = read(methods[0], paths[0]);
  if (methods.length === 1 && paths.length === 1) return first;
  const others = methods.flatMap((method) => paths.map((path) => read(method, path)));
  return others.find((other) => isDeniedByRule(covenants, other)) ?? first;
}

/** Routers answer HEAD with the handler of GET: where a rule denies that GET, this is how the request is judged. */
function methodsOf({ method }: Asked): readonly [string, ...string[]] {
  const lower = method.toLowerCase();
  return lower === 'head' ? ['head', 'get'] : [lower];
}

/** The path as the application reads it; and in lower case as well where some router may still ignore case. */
function pathsOf(
  covenants: Monitor['covenants'],
  own: { readonly action?: unknown; readonly resource?: unknown },
  { url, caseSensitive, fold = lowerCase }: Asked,
): readonly [string, ...string[]] {
  const path = decodedPath(url);
  if (caseSensitive === true) return [path];
  const folded = fold(path);
  if (caseSensitive === 'mixed') return path === folded ? [path] : [path, folded];
  refuseCapitals(covenants, { action: own.action !== undefined, resource: own.resource !== undefined }, fold);
  return [folded];
}

const isDeniedByRule = (covenants: Monitor['covenants'], request: ActionRequest): boolean =>
  covenants.some(({ policy }) => evaluate(policy, request).code === 'denied_by_rule');
