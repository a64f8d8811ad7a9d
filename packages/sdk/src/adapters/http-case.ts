/** What case means in paths: routers mostly ignore it, covenants never do. */
import type { Monitor } from '../monitor.js';

/** How a router folds case. */
export type Fold = (text: string) => string;

/** Only ASCII: this is all that most routers fold, since the rest reaches them percent-encoded. */
export const lowerCase: Fold = (text) =>
  CAPITALS.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;

const CAPITALS = /[A-Z]/;

/** Express ignores case in routes unless told otherwise. Connect compares prefixes without regard to case, too. */
export function isCaseSensitive(request: { readonly app?: unknown }): boolean {
  const app = request.app as { enabled?: (setting: string) => boolean } | undefined;
  return typeof app?.enabled === 'function' ? app.enabled('case sensitive routing') : false;
}

interface Misspelling {
  readonly action: string;
  readonly where: 'resource' | 'condition';
  readonly problem: string;
}

const looked = new WeakMap<object, { readonly fold: Fold; readonly found: readonly Misspelling[] }>();

/**
 * Where paths are judged in lower case, a deny with a capital would silently never fire.
 * @param own which of both the host works out itself: then the action may be any, and the resource is no path
 * @throws TypeError naming such a statement
 */
export function refuseCapitals(
  covenants: Monitor['covenants'],
  own: { action: boolean; resource: boolean },
  fold: Fold,
): void {
  let known = looked.get(covenants);
  if (known?.fold !== fold) {
    known = { fold, found: misspellings(covenants, fold) };
    looked.set(covenants, known);
  }
  const first = known.found.find(
    ({ action, where }) => (own.action || mayMatchHttp(action)) && !(own.resource && where === 'resource'),
  );
  if (first !== undefined) throw new TypeError(first.problem);
}

function misspellings(covenants: Monitor['covenants'], fold: Fold): Misspelling[] {
  return covenants.flatMap(({ document, policy }) =>
    policy.statements.flatMap((statement) =>
      capitalsIn(statement, fold).map((where) => ({
        action: statement.action,
        where,
        problem: `${document.id}, line ${statement.line}: the application ignores case in paths, so this ${statement.kind} would not see the path that it means; write paths in lower case, or enable "case sensitive routing"`,
      })),
    ),
  );
}

/** A permit of a resource that never comes does no harm, but one whose condition excepts a path would. */
function capitalsIn({ kind, resource, text }: Statement, fold: Fold): Misspelling['where'][] {
  const strings = /\bhttp\.path\b/.test(text) ? (text.match(STRINGS) ?? []) : [];
  if (strings.some((string) => string !== fold(string))) return ['condition'];
  return kind !== 'permit' && resource !== fold(resource) ? ['resource'] : [];
}

type Statement = Monitor['covenants'][number]['policy']['statements'][number];

/** The strings of a statement, in single and in double quotes. */
const STRINGS = /'[^']*'|"(?:[^"\\]|\\.)*"/g;

/** `http`, or a first segment with a wildcard. */
const mayMatchHttp = (action: string): boolean => /^(?:http\b|[^.]*\*)/.test(action);
