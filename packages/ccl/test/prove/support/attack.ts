/** One round of the attack on `checkNarrowing`: a pair of documents, its answer, and what contradicts it. */
import { checkNarrowing, compile, type Narrowing, parse, type Request } from '../../../src/index.js';
import { flaw, NarrowingClaim } from './claims.js';
import { randomDraft } from './documents.js';
import { print } from './draft.js';
import { type Pair, smallestPair, smallestRequest } from './minimize.js';
import { mutate } from './mutations.js';
import { Random } from './random.js';
import { Requests } from './requests.js';
import { isPlain, type World } from './worlds.js';

export { WORLDS } from './worlds.js';

export interface Round {
  readonly answer: Narrowing['narrows'];
  /** (parent, child, request) triples that were held against the answer. */
  readonly triples: number;
  /** Those of them that the child permitted. */
  readonly permitted: number;
  /** What is wrong, with a small pair that shows it. */
  readonly failure?: string;
}

/** A parent, and a child made from it. */
export function relatedPair(seed: number, world: World): Pair {
  const random = new Random(seed);
  const parent = randomDraft(random, world);
  const kinds = random.weighted<Parameters<typeof mutate>[3]>(
    [20, ['keeping', 'narrowing']],
    [15, ['keeping']],
    [50, ['keeping', 'narrowing', 'loose', 'loose']],
    [15, ['loose']],
  );
  const child = mutate(parent, random, world, kinds, random.between(1, 4));
  return random.chance(25) ? { child: parent, parent: child } : { child, parent };
}

/** A child that narrows its parent whatever the solver says: only edits that narrow were made. */
export function narrowerPair(seed: number, world: World): Pair {
  const random = new Random(seed);
  const parent = randomDraft(random, world);
  return { child: mutate(parent, random, world, ['keeping', 'narrowing'], random.between(1, 4)), parent };
}

/**
 * Asks about the pair, and holds `requests` targeted requests against a `true`, the replay against a `false`, and for
 * plain documents exactness against an `unknown`.
 */
export function attack(pair: Pair, seed: number, requests: number, world: World): Round {
  const { breach, ...round } = probe(pair, seed, requests, world);
  if (breach === undefined) return round;
  const again = (smaller: Pair) => probe(smaller, seed, requests, world).breach;
  const small = smallestPair(pair, (smaller) => again(smaller) !== undefined);
  return { ...round, failure: describe(small, seed, again(small)!) };
}

interface Breach {
  readonly what: string;
  readonly request?: Request;
}

function probe(pair: Pair, seed: number, requests: number, world: World): Round & { breach?: Breach } {
  const texts = { child: print(pair.child), parent: print(pair.parent) };
  const [child, parent] = [compile(texts.child), compile(texts.parent)];
  const narrowing = checkNarrowing(child, parent);
  const random = new Random(seed);
  const source = new Requests(parse(texts.child), parse(texts.parent));
  const round = { answer: narrowing.narrows, triples: 0, permitted: 0 };
  if (narrowing.narrows === 'unknown') {
    const breach = { what: `left open: ${narrowing.because}` };
    return isPlain(world) ? { ...round, breach } : round;
  }
  if (narrowing.narrows === false) {
    const what = flaw(child, parent, narrowing, () => random.many(500, 500, () => source.next(random)));
    const held = { ...round, triples: 1, permitted: 1 };
    return what === undefined ? held : { ...held, breach: { what, request: narrowing.counterexample } };
  }
  const claim = new NarrowingClaim(child, parent);
  for (let done = 1; done <= requests; done++) {
    const request = source.next(random);
    const what = claim.breach(request);
    if (what === undefined) continue;
    const shows = (smaller: Request) => new NarrowingClaim(child, parent).breach(smaller) === what;
    const breach = { what, request: smallestRequest(request, shows) };
    return { ...round, triples: done, permitted: claim.permitted, breach };
  }
  return { ...round, triples: requests, permitted: claim.permitted };
}

export function describe(pair: Pair, seed: number, { what, request }: Breach): string {
  const lines = [`seed ${seed}: ${what}`, '--- child', print(pair.child), '--- parent', print(pair.parent)];
  return [...lines, ...(request ? ['--- request', JSON.stringify(request)] : [])].join('\n');
}
