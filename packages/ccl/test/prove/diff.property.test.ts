import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkNarrowing, compile, diff, equivalent, parse } from '../../src/index.js';
import { relatedPair } from './support/attack.js';
import { NarrowingClaim } from './support/claims.js';
import { expectFound, permits } from './support/differences.js';
import { randomDraft } from './support/documents.js';
import { print } from './support/draft.js';
import { mutate } from './support/mutations.js';
import { Random } from './support/random.js';
import { FINITE, isWithin } from './support/representatives.js';
import { Requests } from './support/requests.js';
import { isPlain, WORLDS } from './support/worlds.js';

describe('diff', () => {
  it.each(Object.values(WORLDS))('finds what the targeted requests find in the $name world', (world) => {
    fc.assert(
      fc.property(fc.noBias(fc.nat()), (seed) => {
        const pair = relatedPair(seed, world);
        const texts = [print(pair.parent), print(pair.child)] as const;
        const [before, after] = [compile(texts[0]), compile(texts[1])];
        const difference = diff(before, after);
        const shown = texts.join('\n--- after\n');
        expectFound(before, after, difference);
        if (isPlain(world)) expect(difference.unknown, shown).toBeUndefined();
        const random = new Random(seed);
        const source = new Requests(parse(texts[1]), parse(texts[0]));
        for (const request of random.many(50, 50, () => source.next(random))) {
          const [old, now] = [permits(before, request), permits(after, request)];
          const missed =
            (now && !old && !difference.newlyPermitted) || (old && !now && !difference.newlyDenied);
          if (missed) expect(difference.unknown, `${shown}\n${JSON.stringify(request)}`).toBeDefined();
        }
      }),
      { numRuns: 250, endOnFailure: true },
    );
  });
});

describe('equivalent', () => {
  it.each(Object.values(WORLDS))('agrees with the other proofs in the $name world', (world) => {
    for (let seed = 0; seed < 250; seed++) {
      const pair = relatedPair(seed, world);
      const [left, right] = [compile(print(pair.child)), compile(print(pair.parent))];
      const answer = equivalent(left, right);
      const both = [checkNarrowing(left, right), checkNarrowing(right, left)].map(({ narrows }) => narrows);
      if (answer === true) {
        expect(both).toEqual([true, true]);
        expect(diff(left, right)).toEqual({});
      } else expect(both).toContain(answer);
      if (isPlain(world)) expect(answer).not.toBe('unknown');
    }
  });

  it.each(Object.values(WORLDS))('is true after edits that keep the meaning in the $name world', (world) => {
    for (let seed = 0; seed < 250; seed++) {
      const random = new Random(seed);
      const draft = randomDraft(random, world);
      const edited = mutate(draft, random, world, ['keeping'], 3);
      const answer = equivalent(compile(print(draft)), compile(print(edited)));
      const shown = `seed ${seed}\n${print(draft)}\n--- edited\n${print(edited)}`;
      if (answer === false || isPlain(world)) expect(answer, shown).toBe(true);
    }
  });
});

describe.each(FINITE)('in the finite world of $world.name', ({ world, requests: make }) => {
  const requests = make();

  it('both are what asking every request gives', () => {
    const random = new Random(4);
    for (let done = 0; done < 80; ) {
      const before = randomDraft(random, world);
      const after = mutate(before, random, world, ['keeping', 'narrowing', 'loose'], 2);
      if (!isWithin(after, world)) continue;
      done++;
      const [old, now] = [compile(print(before)), compile(print(after))];
      const shown = `${print(before)}\n--- after\n${print(after)}`;
      const found = diff(old, now);
      expectFound(old, now, found);
      for (const request of requests) {
        if (permits(old, request) === permits(now, request)) continue;
        expect(permits(now, request) ? found.newlyPermitted : found.newlyDenied, shown).toBeDefined();
      }
      const [onto, back] = [new NarrowingClaim(now, old), new NarrowingClaim(old, now)];
      const isEqual = !requests.some((request) => onto.breach(request) ?? back.breach(request));
      if (isEqual) expect(equivalent(old, now), shown).toBe(true);
      expect(found.unknown, shown).toBeUndefined();
    }
  });
});
