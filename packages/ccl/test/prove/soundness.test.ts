import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { attack, narrowerPair, relatedPair, describe as show } from './support/attack.js';
import { randomDraft } from './support/documents.js';
import { Random } from './support/random.js';
import { WORLDS, type World } from './support/worlds.js';

const REQUESTS = 150;
const counts = { pairs: 0, triples: 0, permitted: 0, true: 0, false: 0, unknown: 0 };

/** The attack itself makes a failing pair small: a smaller seed would mean nothing. */
const forSeeds = (numRuns: number, use: (seed: number) => void) =>
  fc.assert(
    fc.property(fc.noBias(fc.nat()), (seed) => void use(seed)),
    { numRuns, endOnFailure: true },
  );

function round(seed: number, world: World): void {
  const { answer, triples, permitted, failure } = attack(relatedPair(seed, world), seed, REQUESTS, world);
  counts.pairs++;
  counts.triples += triples;
  counts.permitted += permitted;
  counts[String(answer) as 'true']++;
  expect(failure ?? '').toBe('');
}

describe('no request contradicts an answer', () => {
  afterAll(() => {
    const { pairs, triples, permitted } = counts;
    expect(triples, 'triples held against answers').toBeGreaterThanOrEqual(100_000);
    expect(permitted / triples, 'of these permitted by the child').toBeGreaterThan(0.15);
    expect(counts.true / pairs, 'answers that are a proof').toBeGreaterThan(0.15);
    expect(counts.false / pairs, 'answers that are a counterexample').toBeGreaterThan(0.15);
  });

  it('for documents of all operators', () => forSeeds(1000, (seed) => round(seed, WORLDS.full)));

  it('for documents without `matches`, `@` and quantifiers, where nothing is left open', () =>
    forSeeds(1000, (seed) => round(seed, WORLDS.plain)));
});

describe('edits that only narrow', () => {
  it.each(Object.values(WORLDS))('are proved in the $name world, and never refuted', (world) => {
    forSeeds(500, (seed) => {
      const pair = narrowerPair(seed, world);
      const { answer, failure } = attack(pair, seed, 10, world);
      expect(failure ?? '').toBe('');
      if (answer === false || world === WORLDS.plain)
        expect(answer, show(pair, seed, { what: 'narrows' })).toBe(true);
    });
  });
});

describe('a document in another order, with equal statements written twice', () => {
  it.each(Object.values(WORLDS))('narrows itself in the $name world', (world) => {
    forSeeds(300, (seed) => {
      const random = new Random(seed);
      const parent = randomDraft(random, world);
      const child = random.shuffle([...parent, random.pick(parent)]);
      const { answer } = attack({ child, parent }, seed, 10, WORLDS.full);
      expect(answer, show({ child, parent }, seed, { what: 'equals itself' })).toBe(true);
    });
  });
});
