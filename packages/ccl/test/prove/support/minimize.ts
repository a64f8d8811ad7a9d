/** Makes what fails small enough to read. */
import type { Request } from '../../../src/index.js';
import { chain, type Draft, type Formula, type Line } from './draft.js';

export interface Pair {
  readonly child: Draft;
  readonly parent: Draft;
}

/** The smallest pair that still fails, by taking away one thing at a time. */
export function smallestPair(pair: Pair, fails: (pair: Pair) => boolean): Pair {
  const smaller = [...smallerPairs(pair)].find(fails);
  return smaller === undefined ? pair : smallestPair(smaller, fails);
}

function* smallerPairs({ child, parent }: Pair): Iterable<Pair> {
  for (const draft of smallerDrafts(child)) yield { child: draft, parent };
  for (const draft of smallerDrafts(parent)) yield { child, parent: draft };
}

function* smallerDrafts(draft: Draft): Iterable<Draft> {
  for (const at of draft.keys()) yield draft.toSpliced(at, 1);
  for (const [at, line] of draft.entries())
    for (const smaller of smallerLines(line)) yield draft.with(at, smaller);
}

function* smallerLines(line: Line): Iterable<Line> {
  if (line.kind === 'limit' || line.when === undefined) return;
  yield { ...line, when: undefined };
  for (const when of smallerFormulas(line.when)) yield { ...line, when };
}

function* smallerFormulas(formula: Formula): Iterable<Formula> {
  if (formula.kind === 'not') {
    yield formula.of;
    for (const of of smallerFormulas(formula.of)) yield { kind: 'not', of };
  }
  if (formula.kind !== 'and' && formula.kind !== 'or') return;
  yield* formula.terms;
  const { kind, terms } = formula;
  if (terms.length > 2) for (const at of terms.keys()) yield chain(kind, terms.toSpliced(at, 1));
  for (const [at, term] of terms.entries())
    for (const smaller of smallerFormulas(term)) yield chain(kind, terms.with(at, smaller));
}

/** The request with as few fields as still fail. */
export function smallestRequest(request: Request, fails: (request: Request) => boolean): Request {
  for (const name of Object.keys(request.context ?? {})) {
    const { [name]: _, ...context } = request.context!;
    const smaller = { ...request, context };
    if (fails(smaller)) return smallestRequest(smaller, fails);
  }
  return request;
}
