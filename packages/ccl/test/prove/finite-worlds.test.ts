import { describe, expect, it } from 'vitest';
import { checkNarrowing, compile, evaluate, parse, type Request } from '../../src/index.js';
import { referenceEvaluate } from '../support/reference.js';
import { relatedPair } from './support/attack.js';
import { flaw, NarrowingClaim } from './support/claims.js';
import { print } from './support/draft.js';
import { type Pair, smallestPair } from './support/minimize.js';
import { Random } from './support/random.js';
import { FINITE, isWithin, SHORT } from './support/representatives.js';

const PAIRS = 300;
/** Of either kind, so that both are common. */
const MOST = 200;

/** By asking every request: one that breaks the narrowing, else undefined. */
function bruteForce({ child, parent }: Pair, requests: readonly Request[]): Request | undefined {
  const claim = new NarrowingClaim(compile(print(child)), compile(print(parent)));
  return requests.find((request) => claim.breach(request) !== undefined);
}

/** What is wrong with the answer, else undefined: a counterexample that holds is never wrong. */
function mistake(pair: Pair, requests: readonly Request[]): string | undefined {
  const [child, parent] = [compile(print(pair.child)), compile(print(pair.parent))];
  const narrowing = checkNarrowing(child, parent);
  if (narrowing.narrows === 'unknown') return `left open: ${narrowing.because}`;
  if (narrowing.narrows === false) return flaw(child, parent, narrowing, () => requests);
  const broken = bruteForce(pair, requests);
  return broken && `narrows, against ${JSON.stringify(broken)}`;
}

describe.each([...FINITE, ...SHORT])('in the world of $world.name', ({ world, requests: make }) => {
  const requests = make();

  it('every answer is what asking every request gives', () => {
    const random = new Random(1);
    const counts = { narrower: 0, wider: 0 };
    while (counts.narrower + counts.wider < PAIRS) {
      const { child, parent } = relatedPair(random.below(2 ** 32), world);
      const pair = random.chance(50) ? { child, parent } : { child: parent, parent: child };
      if (![child, parent].every((draft) => isWithin(draft, world))) continue;
      const kind = bruteForce(pair, requests) === undefined ? 'narrower' : 'wider';
      if (counts[kind] >= MOST) continue;
      counts[kind]++;
      if (mistake(pair, requests) === undefined) continue;
      const small = smallestPair(pair, (smaller) => mistake(smaller, requests) !== undefined);
      const texts = `--- child\n${print(small.child)}\n--- parent\n${print(small.parent)}`;
      expect.fail(`${mistake(small, requests)}\n${texts}`);
    }
  });

  it('the evaluator that is asked is the reference', () => {
    const random = new Random(2);
    for (let done = 0; done < 20; done++) {
      const text = print(relatedPair(random.below(2 ** 32), world).child);
      const [policy, document] = [compile(text), parse(text)];
      for (const request of random.many(50, 50, () => random.pick(requests)))
        expect(evaluate(policy, request)).toMatchObject(referenceEvaluate(document, request));
    }
  });
});
