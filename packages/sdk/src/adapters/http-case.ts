/** What case means in paths: routers mostly ignore it, covenants never do. */
import type { Monitor } from '../monitor.js';

/** Only ASCII: this is all that a router folds, since the rest reaches it percent-encoded. */
export const lowerCase = (text: string): string =>
  text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

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

const looked = new WeakMap<object, readonly Misspelling[]>();

/**
 * Where paths are judged in lower case, a deny with a capital would silently never fire.
 * @param own which of both the host works out itself: then the action may be any, and the resource is no path
 * @throws TypeError naming such a statement
 */
export function refuseCapitals(
  covenants: Monitor['covenants'],
  own: { action: boolean; resource: boolean },
): void {
  const found = looked.get(covenants) ?? misspellings(covenants);
  looked.set(covenants, found);
  const first = found.find(
    ({ action, where }) => (own.action || mayMatchHttp(action)) && !(own.resource && where === 'resource'),
  );
  if (first !== undefined) throw new TypeError(first.problem);
}

function misspellings(covenants: Monitor['covenants']): Misspelling[] {
  return covenants.flatMap(({ document, policy }) =>
    policy.statements.flatMap((statement) =>
      capitalsIn(statement).map((where) => ({
        action: statement.action,
        where,
        problem: `${document.id}, line ${statement.line}: the application ignores case in paths, so this ${statement.kind} would not see the path that it means; write paths in lower case, or enable "case sensitive routing"`,
      })),
    ),
  );
}

/** A permit of a resource that never comes does no harm, but one whose condition excepts a path would. */
function capitalsIn({ kind, resource, text }: Statement): Misspelling['where'][] {
  const strings = /\bhttp\.path\b/.test(text) ? (text.match(STRINGS) ?? []) : [];
  if (strings.some((string) => string !== lowerCase(string))) return ['condition'];
  return kind !== 'permit' && resource !== lowerCase(resource) ? ['resource'] : [];
}

type Statement = Monitor['covenants'][number]['policy']['statements'][number];

/** The strings of a statement, in single and in double quotes. */
const STRINGS = /'[^']*'|"(?:[^"\\]|\\.)*"/g;

/** `http`, or a first segment with a wildcard. */
const mayMatchHttp = (action: string): boolean => /^(?:http\b|[^.]*\*)/.test(action);
