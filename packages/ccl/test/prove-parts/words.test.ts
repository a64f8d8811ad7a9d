import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, BudgetSpent } from '../../src/lib/budget.js';
import { isValidAction, normalizeResource } from '../../src/lib/names.js';
import { compilePattern, matchPattern, type Pattern } from '../../src/lib/pattern.js';
import { type PatternKind, type Word, WordFinder } from '../../src/prove/words.js';
import { listsOf, textsOf } from './support/texts.js';

const plenty = () => new Budget(20_000_000);
const finder = (kind: PatternKind = 'action') => new WordFinder(kind, plenty());
const action = (text: string) => compilePattern(text.split('.'));
const resource = (text: string) => compilePattern(text.split('/').filter((each) => each !== ''));

/** All words of few segments, each short enough to tell the patterns below apart; `c` is in none of them. */
const WORDS = listsOf(
  [...textsOf('ab', 2), 'c', 'ac', 'cb', 'acb', 'bc'].filter((text) => text !== ''),
  3,
).filter((word) => word.length > 0);
const segment = fc.constantFrom('**', '**', '*', '*', 'a', 'b', 'ab', 'a*', '*b', 'a*b', '*a*');
const pattern = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => compilePattern(segments));
const patterns = (minLength: number) => fc.array(pattern, { minLength, maxLength: 3 });
const matching = (inside: readonly Pattern[], outside: readonly Pattern[]) => (word: readonly string[]) =>
  inside.every((each) => matchPattern(each, word)) && !outside.some((each) => matchPattern(each, word));

/** What is wrong with an answer; `none` is checked against all short words. */
function check(
  kind: PatternKind,
  inside: readonly Pattern[],
  outside: readonly Pattern[],
  answer: Word | string,
) {
  const isMet = matching(inside, outside);
  if (typeof answer === 'object') {
    expect(isMet(answer.segments)).toBe(true);
    if (kind === 'resource') expect(normalizeResource(answer.text)).toEqual(answer.segments);
    else expect([isValidAction(answer.text), answer.text]).toEqual([true, answer.segments.join('.')]);
  } else {
    expect(answer).toBe('none');
    const missed = WORDS.find(isMet);
    if (missed !== undefined) throw new Error(`${missed.join('/')} was missed`);
  }
}

describe.each<PatternKind>(['action', 'resource'])('of an %s the WordFinder', (kind) => {
  it('finds a word if there is one', () =>
    fc.assert(
      fc.property(patterns(1), patterns(0), (inside, outside) => {
        check(kind, inside, outside, finder(kind).find(inside, outside));
      }),
      { numRuns: 300 },
    ));

  it('knows what covers what, and what meets what, however often it is asked', () =>
    fc.assert(
      fc.property(patterns(2), (all) => {
        const own = finder(kind);
        for (let round = 0; round < 2; round++)
          for (const left of all)
            for (const right of all) {
              // It asks for a word itself, so that both answers are exact.
              expect(own.covers(left, right)).toBe(finder(kind).find([right], [left]) === 'none');
              expect(own.meets(left, right)).toBe(finder(kind).find([left, right], []) !== 'none');
              expect(own.covers(left, right) && WORDS.some(matching([right], [left]))).toBe(false);
              expect(!own.meets(left, right) && WORDS.some(matching([left, right], []))).toBe(false);
            }
      }),
      { numRuns: 60 },
    ));
});

describe('the WordFinder', () => {
  it.each<[string[], string[], number | 'none']>([
    [['**'], [], 1],
    [['**'], ['*'], 2],
    [['**'], ['*.**'], 'none'],
    [['**.**', '*'], [], 1],
    [['a.**', '**.b'], [], 2],
    [['a.**', '**.b'], ['a.b'], 3],
    [['a.**', '**.a'], [], 1],
    [['*.**.a', 'a.**.*'], ['a.a'], 3],
    [['**.*.**'], ['*', '*.*'], 3],
    [['a'], ['**.a.**'], 'none'],
    [['a', 'b'], [], 'none'],
    [['a.b', 'a.*'], ['*.c'], 2],
    [['a.b'], ['*.b'], 'none'],
    [['a*.*'], ['*b.**', '**.*b'], 2],
    [['*'], ['a', 'b'], 1],
    [['**.a.**.b'], ['a.b'], 3],
    [['a.*.**', 'a.**.*'], ['a.*'], 3],
  ])('finds a shortest word in %j and out of %j: %j segments', (inside, outside, expected) => {
    const [within, without] = [inside.map(action), outside.map(action)];
    const answer = finder().find(within, without);
    check('action', within, without, answer);
    expect(typeof answer === 'object' ? answer.segments.length : answer).toBe(expected);
  });

  it.each([
    ['**', 'a', true],
    ['a', 'a', true],
    ['**.*', '*.**', true],
    ['*.**', '**.*', true],
    ['**.**', '**', true],
    ['*.*.**', '*.**', false],
    ['a*', 'a', true],
    ['a*', 'ab*', true],
    ['ab*', 'a*', false],
    ['**.a.**', 'a.*', true],
    ['*', '**', false],
  ])('says that %j covers %j: %j', (big, small, expected) =>
    expect(finder().covers(action(big), action(small))).toBe(expected),
  );

  it('takes patterns that say the same for one, and others for others', () => {
    const own = finder();
    const [one, other] = [action('a.**.*.**.b'), action('a.*.**.b')];
    expect([own.covers(one, other), own.covers(other, one), own.meets(one, other)]).toEqual([
      true,
      true,
      true,
    ]);
    expect(own.covers(action('a.**.b'), one)).toBe(true);
    expect(own.covers(one, action('a.**.b'))).toBe(false);
    // Equal ones are known without a search.
    expect(new WordFinder('action', new Budget(1)).covers(one, other)).toBe(true);
    expect(new WordFinder('action', new Budget(1)).meets(one, other)).toBe(true);
    expect(new WordFinder('action', new Budget(1)).covers(action('**'), other)).toBe(true);
    expect(new WordFinder('action', new Budget(1)).meets(action('**'), action('a*'))).toBe(true);
    expect(() => new WordFinder('action', new Budget(5)).covers(action('*a'), other)).toThrow(BudgetSpent);
  });

  it.each([
    // Each first segment matches one of two patterns; which of them may be depends on the second.
    [['*a*.x', '*b*.x'], ['**.*a*b*.x', '**.*b*a*.y'], 'ba.x'],
    [['*a*.y', '*b*.y'], ['**.*a*b*.x', '**.*b*a*.y'], 'ab.y'],
    [['*a*.x', '*b*.x'], ['*a*b*.x', '*b*a*.y'], 'ba.x'],
    [['*a*.y', '*b*.y'], ['*a*b*.x', '*b*a*.y'], 'ab.y'],
  ])('drops no word in %j and out of %j that another does not replace', (inside, outside, text) => {
    expect(finder().find(inside.map(action), outside.map(action))).toMatchObject({ text });
  });

  it('remembers an answer for the pair that it was asked of', () => {
    const patterns = ['a', '*', 'b', '*a', '**.a'].map(action);
    const own = finder();
    const inOrder = (ask: (words: WordFinder, left: Pattern, right: Pattern) => boolean) => {
      for (let round = 0; round < 2; round++)
        for (const left of patterns)
          for (const right of patterns) expect(ask(own, left, right)).toBe(ask(finder(), left, right));
    };
    inOrder((words, left, right) => words.meets(left, right));
    inOrder((words, left, right) => words.covers(left, right));
    expect(patterns.map((each) => own.meets(patterns[0]!, each))).toEqual([true, true, false, true, true]);
    expect(patterns.map((each) => own.covers(patterns[1]!, each))).toEqual([true, true, true, true, false]);
  });

  it('answers a pair that was asked for without a new search', () => {
    const budget = new Budget(600);
    const own = new WordFinder('action', budget);
    const [one, other] = [action('*a*'), action('*b*')];
    for (let i = 0; i < 50; i++) {
      expect(own.covers(one, other)).toBe(false);
      expect(own.covers(other, one)).toBe(false);
      expect([own.meets(one, other), own.meets(other, one)]).toEqual([true, true]);
    }
  });
});

describe('words at their greatest length', () => {
  const long = (of: string, count: number) => of.repeat(count);

  it.each<[string, string[], string[], number | 'none']>([
    ['a literal of 512', [long('a', 512)], [], 512],
    ['a literal of 513', [long('a', 513)], [], 'none'],
    ['a glob of 512', [`${long('a', 512)}*`], [], 512],
    ['a glob of 513', [`${long('a', 513)}*`], [], 'none'],
    ['two segments of 512', [`${long('a', 255)}*.${long('b', 256)}*`], [], 512],
    ['two segments of 513', [`${long('a', 256)}*.${long('b', 256)}*`], [], 'none'],
    ['one that must be longer than what is shortest', [`${long('a', 511)}*`], [long('a', 511)], 512],
    ['one that must be too long', [`${long('a', 512)}*`], [long('a', 512)], 'none'],
    ['one with room only if it meets more', [`a*.${long('b', 510)}`], [`a.${long('b', 509)}`], 512],
    ['short first, for the second is long', [`*.${long('b', 510)}*`, 'a*.**'], ['a.c'], 512],
    ['what is avoided by length is met for room', ['a*.**.*c', `**.${long('b', 508)}*.**`], ['a.**.d'], 512],
  ])('%s', (_what, inside, outside, expected) => {
    const answer = finder().find(inside.map(action), outside.map(action));
    expect(typeof answer === 'object' ? answer.text.length : answer).toBe(expected);
  });

  it('room is looked for in segments that meet more', () => {
    // Out of `a` and `*b`, `ac` would be the best first segment, and leaves no room for the last.
    const inside = [action(`a*.${long('z', 510)}`)];
    const outside = [action('a.x.**'), action('*.y.**')];
    const answer = finder().find(inside, outside);
    expect(typeof answer === 'object' && answer.text).toBe(`a.${long('z', 510)}`);
  });

  it('resources have 4,096', () => {
    const own = finder('resource');
    const [most, more] = [long('a', 4095), long('a', 4096)];
    expect(own.find([resource(`/${most}`)], [])).toMatchObject({ text: `/${most}` });
    expect(own.find([resource(`/${more}`)], [])).toMatchObject({ text: more });
    expect(own.find([resource(`/${more}a`)], [])).toBe('none');
    expect(own.find([resource(`/${most}*`)], [resource(most)])).toMatchObject({ segments: [`${most}x`] });
    expect(own.find([resource(`/${more}*`)], [resource(more)])).toBe('none');
  });
});

describe('resources that read as URLs', () => {
  it.each<[string[], string[], number | 'none']>([
    [['**'], [], 0],
    [['**'], [''], 1],
    [[''], [], 0],
    [['https:/h'], [], 2],
    [['https:/h/**'], ['https:/h'], 3],
    [['https:/*'], [], 2],
    [['https:/*/**'], ['https:/*'], 3],
    [['https:'], [], 'none'],
    [['https:/**'], ['https:/*/**'], 'none'],
    [['https:/H'], [], 'none'],
    [['https:/*@*'], [], 'none'],
    [['https:/h/*é*'], [], 'none'],
    [['wss:/h/**/x'], ['*/*/x'], 4],
    [['urn:*'], [], 1],
    [['urn:*'], ['urn:'], 1],
    [['file:/**'], ['file:'], 2],
    [['file:/A'], [], 2],
    [['https:/0x7f/**', 'https:/*x*/x'], [], 'none'],
    [['a:'], [], 1],
    [['1a:*'], [], 1],
    [['k/https:'], [], 2],
    [['C:/x'], [], 2],
    [['**/**/h*'], ['h*'], 2],
  ])('in %j and out of %j there is one of %j segments', (inside, outside, expected) => {
    const [within, without] = [inside.map(resource), outside.map(resource)];
    const answer = finder('resource').find(within, without);
    check('resource', within, without, answer);
    expect(typeof answer === 'object' ? answer.segments.length : answer).toBe(expected);
  });

  it.each([
    ['https:/0x*', 'https://0xg'],
    ['https:/xn--*', 'https://xn--p1ai'],
    ['file:/c*|', 'file:///c||'],
  ])('%s is not said to be empty, since there is %s', (text, example) => {
    const pattern = resource(text);
    expect(matchPattern(pattern, normalizeResource(example)!)).toBe(true);
    expect(finder('resource').find([pattern], [])).not.toBe('none');
    expect(finder('resource').meets(pattern, resource('*/**'))).toBe(true);
    expect(finder('resource').covers(resource('a'), pattern)).toBe(false);
  });

  it('are written from the root, or as a URL parser would write them', () => {
    expect(finder('resource').find([resource('a/b')], [])).toEqual({ text: '/a/b', segments: ['a', 'b'] });
    expect(finder('resource').find([resource('file:/A')], [])).toMatchObject({ text: 'file:///A' });
  });

  it('are left open where every spelling that comes up is none', () => {
    expect(finder('resource').find([resource('https:/*.0x')], [])).toBe('unsure');
    expect(finder('resource').find([resource('https:/*.0x/**')], [resource('https:/*')])).toBe('unsure');
  });
});
