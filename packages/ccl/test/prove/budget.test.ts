import { describe, expect, it } from 'vitest';
import { checkNarrowing, compile } from '../../src/index.js';
import { relatedPair } from './support/attack.js';
import { print } from './support/draft.js';
import { verdict } from './support/verdict.js';
import { WORLDS } from './support/worlds.js';

const stars = (count: number) => '/*'.repeat(count);
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** `pigeons` in `holes`, each in one at least; the parent permits where two share one. */
function pigeonhole(pigeons: number, holes: number): [child: string, parent: string] {
  const sits = (pigeon: number, hole: number) => `p${pigeon}_${hole} = true`;
  const somewhere = numbers(pigeons).map(
    (pigeon) =>
      `(${numbers(holes)
        .map((hole) => sits(pigeon, hole))
        .join(' or ')})`,
  );
  const shared = numbers(holes).flatMap((hole) =>
    numbers(pigeons).flatMap((one) =>
      numbers(one).map((other) => `${sits(one, hole)} and ${sits(other, hole)}`),
    ),
  );
  return [
    `permit a on /x when ${somewhere.join(' and ')}`,
    shared.map((condition) => `permit a on /x when ${condition}`).join('\n'),
  ];
}

/** Each with what is true of it. */
const HARD: [what: string, truth: string, child: string, parent: string][] = [
  [
    'a late segment in an early one',
    'wider',
    `permit a on '/**/*${stars(12)}'`,
    `permit a on '/**/a${stars(12)}'`,
  ],
  [
    'an early segment in a late one',
    'narrows',
    `permit a on '/**/a${stars(12)}'`,
    `permit a on '/**${stars(13)}'`,
  ],
  [
    'itself with a longer tail',
    'wider',
    `permit a on '/**/a${stars(12)}'`,
    `permit a on '/**/a${stars(13)}'`,
  ],
  [
    'its own parts',
    'narrows',
    `permit a on '/**/a${stars(12)}'`,
    `permit a on '/a${stars(12)}'\npermit a on '/*/**/a${stars(12)}'`,
  ],
  ['the same in characters', 'wider', "permit a on '/*a*b*a*b*a*b*a*b'", "permit a on '/*b*a*b*a*b*a*b*a'"],
  [
    'many crossing denies',
    'wider',
    'permit a on /**',
    `permit a on /**\n${numbers(30)
      .map((i) => `deny a on '/**/${i}/**/${i + 1}/**'`)
      .join('\n')}`,
  ],
  [
    'many alternating stars',
    'narrows',
    `permit a on '/${'*a'.repeat(60)}'`,
    `permit a on '/${'*a'.repeat(59)}*'`,
  ],
  ['many `**`', 'narrows', `permit a on '${'/**/a'.repeat(40)}'`, `permit a on '${'/**/a'.repeat(39)}'`],
  ['four pigeons in three holes', 'narrows', ...pigeonhole(4, 3)],
  ['seven pigeons in six holes', 'narrows', ...pigeonhole(7, 6)],
  ['six pigeons in six holes', 'wider', ...pigeonhole(6, 6)],
  [
    'clauses without end',
    'wider',
    `permit a on /x when ${numbers(200)
      .map((i) => `(x${i} = 1 or y${i} = 1)`)
      .join(' and ')}`,
    `permit a on /x when ${numbers(200)
      .map((i) => `(x${i} = 2 and y${i} = 2)`)
      .join(' or ')}`,
  ],
  [
    'many denies of many fields',
    'wider',
    'permit a on /x',
    `permit a on /x\n${numbers(100)
      .map((i) => `deny a on /x when f${i} > 0 and f${i + 1} < 5`)
      .join('\n')}`,
  ],
  [
    'choices that only clash at the end',
    'narrows',
    `permit a on /x when ${numbers(40)
      .map((i) => `(x${i} = 1 or x${i} = 2)`)
      .join(' and ')} and z = 1 and z = 2`,
    '',
  ],
];
const EXACT = [
  'four pigeons in three holes',
  'an early segment in a late one',
  'many `**`',
  'many alternating stars',
  'many denies of many fields',
];
const BUDGETS = [1, 2, 3, 5, 10, 30, 100, 300, 1000, 10_000, 100_000];

describe('what is hard', () => {
  it.each(HARD)('%s ends, and is %s or left open', (what, truth, child, parent) => {
    const answer = verdict(child, parent);
    expect(EXACT.includes(what) ? [truth] : [truth, 'unknown']).toContain(answer);
  });

  it.each(HARD)('%s has the same answer each time, by any budget', (_what, truth, child, parent) => {
    for (const budget of BUDGETS) {
      const [first, second] = [0, 1].map(() => checkNarrowing(compile(child), compile(parent), { budget }));
      expect(first).toEqual(second);
      expect([truth, 'unknown']).toContain(verdict(child, parent, { budget }));
    }
  });
});

describe('a small budget', () => {
  it.each(Object.values(WORLDS))('never changes an answer in the $name world but to unknown', (world) => {
    for (let seed = 0; seed < 60; seed++) {
      const pair = relatedPair(seed, world);
      const [child, parent] = [print(pair.child), print(pair.parent)];
      const whole = verdict(child, parent);
      for (const budget of [1, 7, 50, 400, 3000]) {
        const answer = verdict(child, parent, { budget });
        const isWider = whole !== 'narrows' && whole !== 'unknown';
        const right = whole === 'unknown' || answer === whole || (isWider && /^wider$|^lacks/.test(answer));
        expect(right || answer === 'unknown', `${answer} for ${whole}\n${child}\n---\n${parent}`).toBe(true);
      }
    }
  });

  it('of one step decides nothing that asks a statement', () => {
    expect(verdict('permit a on /**', 'permit a on /**', { budget: 1 })).toBe('unknown');
  });

  it('is a whole number from 1 up', () => {
    for (const budget of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '7' as never])
      expect(() => checkNarrowing(compile(''), compile(''), { budget })).toThrow(RangeError);
  });
});

it('the same pair has the same answer in any order of asking', () => {
  const pairs = numbers(100).map((seed) => relatedPair(seed, WORLDS.full));
  const ask = () =>
    pairs.map(({ child, parent }) => checkNarrowing(compile(print(child)), compile(print(parent))));
  const first = ask();
  pairs.reverse();
  expect(ask().reverse()).toEqual(first);
});
