/** The answer for two texts in a word, after it was held against requests. */
import { checkNarrowing, compile, type NarrowingOptions, parse } from '../../../src/index.js';
import { flaw, NarrowingClaim } from './claims.js';
import { Random } from './random.js';
import { Requests } from './requests.js';

const REQUESTS = 200;

/** `narrows`, `wider`, `lacks a limit`, `lacks an obligation` or `unknown`; anything else is what is wrong with the answer. */
export function verdict(childText: string, parentText: string, options: NarrowingOptions = {}): string {
  const [child, parent] = [compile(childText), compile(parentText)];
  const narrowing = checkNarrowing(child, parent, options);
  if (narrowing.narrows === 'unknown')
    return narrowing.because === '' ? 'unknown without a reason' : 'unknown';
  const random = new Random(7);
  const source = new Requests(parse(childText), parse(parentText));
  const requests = () => random.many(REQUESTS, REQUESTS, () => source.next(random));
  if (narrowing.narrows === false) {
    const wrong = flaw(child, parent, narrowing, requests);
    if (wrong !== undefined) return `${wrong}: ${JSON.stringify(narrowing.counterexample)}`;
    return { none: 'wider', limit: 'lacks a limit', obligation: 'lacks an obligation' }[
      narrowing.missing ?? 'none'
    ];
  }
  const claim = new NarrowingClaim(child, parent);
  for (const request of requests()) {
    const breach = claim.breach(request);
    if (breach !== undefined) return `narrows, but ${breach}: ${JSON.stringify(request)}`;
  }
  return 'narrows';
}
