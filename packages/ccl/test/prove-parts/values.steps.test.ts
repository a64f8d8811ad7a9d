import { describe, expect, it } from 'vitest';
import { Budget } from '../../src/lib/budget.js';
import { FALSE, TRUE } from '../../src/prove/formula.js';
import { solveValue } from '../../src/prove/values.js';
import { atomOf } from './support/conditions.js';

/** A twentieth more than it takes: an answer that needs more steps does work that was saved before. */
const CASES: [what: string, steps: number, asked: [condition: string, truths: number][]][] = [
  [
    'a text of a list',
    27,
    [
      ["v in ['a', 'b', 'c']", TRUE],
      ["v matches '^(?i)c$'", TRUE],
    ],
  ],
  [
    'a text that is a number',
    25,
    [
      ['v = 1', TRUE],
      ["v starts_with 'abcd'", TRUE],
    ],
  ],
  [
    'a text that an expression must not match',
    32,
    [
      ["v matches '^a[bc]'", FALSE],
      ["v starts_with 'a'", TRUE],
    ],
  ],
  [
    'a text of which an expression says too little',
    113,
    [
      ["v matches '^a.*b.*c$'", TRUE],
      ["v contains 'q'", TRUE],
    ],
  ],
];

describe('the steps that a value takes', () => {
  it.each(CASES)('for %s are no more than %i', (_what, steps, asked) => {
    const constraints = asked.map(([condition, truths]) => ({ test: atomOf(condition), truths }));
    expect(() => solveValue(constraints, undefined, new Budget(steps))).not.toThrow();
  });
});
