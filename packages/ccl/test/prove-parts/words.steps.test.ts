import { describe, expect, it } from 'vitest';
import { Budget } from '../../src/lib/budget.js';
import { compilePattern } from '../../src/lib/pattern.js';
import { type PatternKind, WordFinder } from '../../src/prove/words.js';

const many = (count: number, text: (i: number) => string) => Array.from({ length: count }, (_, i) => text(i));
const SEPARATOR: Readonly<Record<PatternKind, string>> = { action: '.', resource: '/' };

/** A twentieth more than it takes: an answer that needs more steps does work that was saved before. */
const CASES: [what: string, steps: number, kind: PatternKind, inside: string[], outside: string[]][] = [
  ['a literal among globs', 95, 'action', ['*a*.*b*.*c*.**', 'xa.xb.xc'], ['**.*q*.**']],
  ['one glob in many patterns', 424, 'action', ['**'], many(30, (i) => `*a*.b${i}`)],
  [
    'a long segment and many literals',
    52_865,
    'action',
    [`${'a'.repeat(400)}*.*`],
    many(30, (i) => `x${i}.b`),
  ],
  ['patterns that can no longer match', 407, 'action', ['a*.*b.*c.*d'], many(10, (i) => `x${i}.**.y${i}`)],
  ['a pattern that matches whatever follows', 12, 'action', ['a.*b*.*c*.*d*'], ['a.**']],
  ['what one of the patterns follows from', 40, 'action', ['*a*.*b*.*c*.*d*', 'a*.**', '*c.**'], ['*.*.**']],
  [
    'several places in one pattern',
    429,
    'action',
    ['a.b.c.a.b.c.a.b.c.x*'],
    ['**.a.**.b.**.c.q', '**.*.*.**.c*.r'],
  ],
  ['a host that is a plain name', 889, 'resource', ['https:/*/**'], ['https:/a*/**']],
  ['a segment that literals leave out', 6403, 'resource', ['*x*'], many(20, (i) => `x${i}`)],
  [
    'hosts of digits',
    96_349,
    'resource',
    ['https:/*/x'],
    [...'abcdefghijklmnopqrstuvwxyz'].map((letter) => `*/*${letter}*/**`),
  ],
  ['words that just have room', 2165, 'action', [`*.${'b'.repeat(508)}*.*`], ['*.*.*']],
];

describe('the steps that the WordFinder takes', () => {
  it.each(CASES)('for %s are no more than %i', (_what, steps, kind, inside, outside) => {
    const pattern = (text: string) => compilePattern(text.split(SEPARATOR[kind]));
    const words = new WordFinder(kind, new Budget(steps));
    expect(() => words.find(inside.map(pattern), outside.map(pattern))).not.toThrow();
  });
});
