import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkNarrowing,
  compile,
  diff,
  equivalent,
  evaluate,
  type Policy,
  parse,
  type Request,
} from '../../src/index.js';
import { relatedPair } from './support/attack.js';
import { isJson, NarrowingClaim } from './support/claims.js';
import { randomDraft } from './support/documents.js';
import { print } from './support/draft.js';
import { mutate } from './support/mutations.js';
import { Random } from './support/random.js';
import { FINITE, isWithin } from './support/representatives.js';
import { Requests } from './support/requests.js';
import { isPlain, WORLDS } from './support/worlds.js';

const compare = (before: string, after: string) => diff(compile(before), compile(after));
const permits = (policy: Policy, request: Request) => evaluate(policy, request).permitted;

/** Replays what `diff` found. */
function expectFound(
  before: Policy,
  after: Policy,
  { newlyPermitted, newlyDenied }: ReturnType<typeof diff>,
): void {
  for (const [request, isNew] of [
    [newlyPermitted, true],
    [newlyDenied, false],
  ] as const) {
    if (request === undefined) continue;
    expect(permits(before, request)).toBe(!isNew);
    expect(permits(after, request)).toBe(isNew);
    expect(isJson(request)).toBe(true);
  }
}

describe('diff', () => {
  it.each([
    ['', '', []],
    ['permit a on /x', 'permit a on /x\ndeny b on /x', []],
    ['permit a on /x', 'permit a on /x\nlimit a 5 per day\nrequire mfa on /x', []],
    ['permit a on /x', 'permit a on /x\nlimit a 5 of n per day', ['newlyDenied']],
    ['permit a on /x when n = 1', 'permit a on /x when n in [1]', []],
    ['permit a on /**', 'permit a on /\npermit a on /*/**', []],
    ['', 'permit a on /x', ['newlyPermitted']],
    ['permit a on /x', '', ['newlyDenied']],
    ['permit a on /x', 'permit a on /y', ['newlyPermitted', 'newlyDenied']],
    ['permit a on /x when n < 1', 'permit a on /x when n <= 1', ['newlyPermitted']],
    ['permit a on /x\ndeny a on /x when n = 1', 'permit a on /x when n != 1', []],
    [
      'permit a on /x\ndeny a on /x when n = 1',
      'permit a on /x when not has n or n != 1',
      ['newlyPermitted'],
    ],
    ["permit a on 'https://HOST/x'", '', []],
    ['permit a on /x when s matches "a"', 'permit a on /x when not not s matches "a"', []],
  ])('from %j to %j finds %j', (before, after, found) => {
    const difference = compare(before, after);
    expect(Object.keys(difference).sort()).toEqual([...found].sort());
    expectFound(compile(before), compile(after), difference);
  });

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
  it.each<[string, string, boolean | 'unknown']>([
    ['', '', true],
    ['permit a on /x', 'permit a on /x\ndeny b on /x', true],
    ['permit a on /x', 'permit a on /x\nlimit a 5 per day', false],
    ['permit a on /x', 'permit a on /x\nrequire mfa on /x', false],
    ['permit a on /x\nlimit a 5 per day', 'permit a on /x\nlimit a 5 per day\nlimit a 6 per day', true],
    ['permit a on /x\nlimit a 5 per hour', 'permit a on /x\nlimit a 5 per 60 minutes', true],
    ['permit a on /x\nlimit a 5 per hour', 'permit a on /x\nlimit a 5 per 2 hours', false],
    ['permit a on /x\nlimit a 5 per day', 'permit a on /**\ndeny a on /\ndeny a on /*/*/**', false],
    ['permit a on /x', 'permit b on /x', false],
    ['permit a on /**', 'permit a on /\npermit a on /*/**', true],
    ['deny ** on **', '', true],
    ['permit a on /x\nrequire mfa on /x\nrequire mfa on **', 'permit a on /x\nrequire mfa for a on /x', true],
  ])('%j and %j: %j', (left, right, expected) => {
    expect(equivalent(compile(left), compile(right))).toBe(expected);
    expect(equivalent(compile(right), compile(left))).toBe(expected);
  });

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
