import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, BudgetSpent } from '../../src/lib/budget.js';
import { isValidAction, normalizeResource } from '../../src/lib/names.js';
import { compilePattern, matchSegment, type PatternSegment } from '../../src/lib/pattern.js';
import { accepts } from '../../src/prove/machine.js';
import { type Place, SegmentFinder, type SegmentTest, segmentTest } from '../../src/prove/segments.js';
import { textsOf } from './support/texts.js';

type Inner = Exclude<PatternSegment, { kind: 'many' } | { kind: 'one' }>;

const segment = (text: string) => compilePattern([text]).segments[0] as Inner;
const test = (text: string) => segmentTest(segment(text));
const plenty = () => new Budget(10_000_000);
const finder = () => new SegmentFinder(plenty());
const fits = (place: Place, text: string) =>
  finder().find([segmentTest({ kind: 'literal', text })], [], place, false).length === 1;

/** A glob or a literal of few characters. */
const pattern = (units: readonly string[], most = 4) =>
  fc
    .string({ unit: fc.constantFrom(...units), minLength: 1, maxLength: most })
    .map((text) => text.replaceAll(/\*+/g, '*'))
    .filter((text) => text !== '*');

describe('segmentTest', () => {
  it('is the segment as the evaluator matches it', () =>
    fc.assert(
      fc.property(pattern(['a', 'b', '*']), (text) => {
        const own = segment(text);
        const { isLiteral, machine, text: named } = segmentTest(own);
        expect([named, isLiteral]).toEqual([text, !text.includes('*')]);
        for (const each of textsOf('ab', 5)) expect(accepts(machine, each)).toBe(matchSegment(own, each));
      }),
      { numRuns: 100 },
    ));
});

describe('SegmentFinder', () => {
  const asked = fc.record({
    required: fc.array(pattern(['a', 'b', '*', '*']), { maxLength: 2 }),
    avoided: fc.array(pattern(['a', 'b', '*', '*']), { maxLength: 4 }),
    isTight: fc.boolean(),
    place: fc.constantFrom<Place>('action', 'first', 'later'),
  });
  const TEXTS = textsOf('abc', 5).filter((text) => text !== '');
  const isPart = (part: ReadonlySet<string>, whole: ReadonlySet<string>) =>
    [...part].every((each) => whole.has(each));
  const met = (tests: readonly SegmentTest[], text: string) =>
    tests.filter(({ text: each }) => matchSegment(segment(each), text)).map(({ text: each }) => each);

  it('has for every text one that meets what it must and no more of what it should not', () =>
    fc.assert(
      fc.property(asked, ({ required, avoided, isTight, place }) => {
        const [must, shun] = [required.map(test), [...new Set(avoided)].map(test)];
        const own = finder();
        const found = own.find(must, shun, place, isTight);
        expect(own.find(must.toReversed(), shun.toReversed(), place, isTight)).toEqual(found);
        expect(new Set(found).size === found.length || isTight).toBe(true);
        for (const text of found) expect(met(must, text)).toHaveLength(must.length);
        const results = found.map((text) => ({ text, met: new Set(met(shun, text)) }));
        for (const text of TEXTS) {
          if (met(must, text).length < must.length) continue;
          const theirs = new Set(met(shun, text));
          const isBeaten = results.some(
            (result) => isPart(result.met, theirs) && (!isTight || result.text.length <= text.length),
          );
          if (!isBeaten) throw new Error(`nothing is as good as ${text} among ${found}`);
        }
        // Without a bound on length, and beside literals that are tried as they are, none is there in vain.
        const isNeeded = (one: (typeof results)[number]) =>
          !results.some((other) => other !== one && isPart(other.met, one.met));
        if (!isTight && !shun.some(({ isLiteral }) => isLiteral)) expect(results.every(isNeeded)).toBe(true);
      }),
      { numRuns: 250 },
    ));

  it.each<[string, string[], string[], Place, boolean, string[]]>([
    ['a text outside of all', ['a*'], ['*b', 'a'], 'action', false, ['ac']],
    ['the literal that must be', ['ab', 'a*'], ['*b'], 'action', false, ['ab']],
    ['no literal that another test excludes', ['ab', 'b*'], [], 'action', false, []],
    ['no literal out of form', ['a.b'], [], 'scheme', false, []],
    ['a literal that is avoided but must be', ['a'], ['a'], 'action', false, ['a']],
    ['nothing shorter when there is no shorter one', ['a*'], [], 'action', true, ['a']],
    ['shorter ones that meet more', ['a*'], ['a'], 'action', true, ['ab', 'a']],
    ['shorter ones step by step', ['a*', '*b'], ['ab', 'a*b*b'], 'action', true, ['acb', 'ab']],
    ['one that need not be a scheme', ['http*'], ['http'], 'first', false, ['httpx']],
  ])('finds %s', (_what, required, avoided, place, isTight, expected) => {
    const must = required.filter((text) => text !== '*').map(test);
    expect(finder().find(must, avoided.map(test), place, isTight)).toEqual(expected);
  });

  it.each<[string[], string[]]>([
    [[], ['http:', 'https:', 'ws:', 'wss:', 'ftp:']],
    [['*s:'], ['https:', 'ws:', 'wss:']],
    [['http*:'], ['http:', 'https:']],
    [['https:'], ['https:']],
    [['https:x'], []],
    [['HTTPS:'], []],
  ])('finds of the schemes with a host those that meet %j', (required, expected) => {
    for (const place of ['web', 'named'] as const)
      expect(finder().find(required.map(test), [test('http:')], place, false)).toEqual(expected);
  });

  it('has one for each way where all cannot be avoided', () => {
    const every = ['a*', 'b*', 'c*', 'd*'].map(test);
    const others = 'efghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:';
    const all = [...every, ...[...others].map((first) => test(`${first}*`))];
    const found = finder().find([], all, 'action', false);
    expect(found).toHaveLength(all.length);
    expect(new Set(found.map((text) => text[0])).size).toBe(all.length);
  });

  it('has each way once, however it is come by', () => {
    // With each two letters in one order or the other.
    const orders = ['a*b', 'b*a', 'a*c', 'c*a', 'b*c', 'c*b'].map((each) => test(`*${each}*`));
    const found = finder().find(['*a*', '*b*', '*c*'].map(test), orders, 'action', false);
    expect(found.toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
  });

  it('takes what it gains at once', () => {
    const avoided = ['*b', '*ab', 'a*'].map(test);
    expect(finder().find([test('ab*')], avoided, 'action', false)).toEqual(['abc']);
  });

  it('uses every character that an action may hold, and none else', () => {
    const others = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:'];
    for (const last of others) {
      const all = others.filter((each) => each !== last).map((each) => test(`*${each}*`));
      expect(finder().find([], all, 'action', false)).toEqual([last]);
    }
    const [none] = finder().find(
      [],
      others.map((each) => test(`*${each}*`)),
      'action',
      false,
    );
    expect(isValidAction(none!)).toBe(true);
  });

  it('has one where what is met in vain is met by all', () => {
    const characters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
    const avoided = characters.filter((each) => !'*/[]A'.includes(each)).map((each) => test(`*${each}*`));
    expect(finder().find([test('h*')], avoided, 'scheme', false)).toEqual(['hh:']);
    // No pattern can forbid the asterisk, so there is always a character to be read.
    for (const place of ['later', 'url'] as const)
      expect(finder().find([], [...avoided, ...['*[*', '*]*', '*A*'].map(test)], place, false)).toEqual([
        '*',
      ]);
  });

  it('writes no control, separator or half of a pair into a resource by its own choice', () => {
    for (let first = 0; first < 3; first++) {
      const found = finder().find(
        [],
        [...'xyzabcdefghijklmnopqrstuvwXYZ_-'].slice(0, first * 10).map((each) => test(`*${each}*`)),
        'later',
        false,
      );
      expect(found).toHaveLength(1);
      expect(normalizeResource(`k/${found[0]}`)).toHaveLength(2);
    }
    const readable = [...'xyzabcdefghijklmnopqrstuvw0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const signs = [...'!"#$%&\'()+,-.:;<=>?@[]^_`{|}~'];
    const every = [...new Set([...readable, ...signs])].map((each) => test(`*${each}*`));
    for (let taken = readable.length; taken <= every.length; taken++) {
      const [text] = finder().find([], every.slice(0, taken), 'later', false);
      expect(normalizeResource(`k/${text}`)).toEqual(['k', text]);
    }
  });

  it('spends of its budget', () => {
    const poor = (steps: number) => new SegmentFinder(new Budget(steps));
    expect(() => poor(30).find([test('a'.repeat(20))], [], 'action', false)).toThrow(BudgetSpent);
    expect(() => poor(400).find([test('a*')], [test('a'.repeat(500))], 'action', false)).toThrow(BudgetSpent);
    expect(poor(100_000).find([test('a*')], [test('a'.repeat(500))], 'action', false)).toEqual(['a']);
  });
});

describe('what a request asks of its segments', () => {
  it.each<[Place, string[], string[]]>([
    ['action', ['a', 'Z', '0', '_', '-', ':', 'a:b', 'x'.repeat(512)], ['']],
    [
      'first',
      [
        'a',
        '%20',
        'é',
        '😀',
        '...',
        '.a',
        'a.',
        '%2',
        '%5d',
        'C:',
        ':',
        '1a:',
        'a b:',
        '-a:',
        'a_b:',
        ' ',
        '@',
      ],
      [
        '',
        '.',
        '..',
        '%2e',
        'a%2Fb',
        '%5C',
        'ab:',
        'AB:c',
        ' ab:',
        '  a+:',
        'a.b-c:',
        '\ud83d',
        '\ude00',
        '\ud83da',
        'a\ude00',
        '\ud83d\ud83d',
      ],
    ],
    [
      'later',
      [
        'a',
        'ab:',
        'https:',
        ' ab:',
        '...',
        '😀',
        '?',
        '#',
        'é',
        '\ud7ff',
        '\ue000',
        '\ud83d\udc00',
        '\ud83d\udfff',
      ],
      [
        '',
        '.',
        '..',
        '%2e',
        '%2E',
        '%2f',
        '%2F',
        '%5c',
        '%5C',
        'a%2e',
        '\udbff',
        '\udc00',
        '\udfff',
        '\ud800',
        '\udc00\udc00',
        '\ude00\ude00',
        '\ud83d\ue000',
      ],
    ],
    [
      'name',
      ['a', 'ab', 'a.b', '0.a', '1-.b-2', 'a0'],
      ['', '0', 'a.0', '0a', 'a.', '.a', 'a..b', '-a', 'A', 'a_', 'a:1', '[a]', 'a b', 'a.-b'],
    ],
    [
      'scheme',
      ['ab:', 'a0:', 'a+.-:', 'file:', 'httpss:', 'ab:c', 'ab: ~', 'ab:C'],
      [
        'https:',
        'http:x',
        'ws:',
        '',
        'a:',
        'a',
        'ab',
        'Ab:',
        'aB:',
        '0a:',
        ' ab:',
        'a_:',
        'ab:?',
        'ab:#',
        'ab:é',
        'ab:\u007f',
        'ab:%2e',
        'a:b:',
      ],
    ],
    [
      'host',
      ['a', 'a.b', '1.2.3.4', 'a:0', 'a:80', 'a:65535', '[::1]', '[::1]:8', '~', '!-_', 'a..b'],
      [
        '',
        'A',
        'a.',
        'a@b',
        '@',
        'é',
        '?',
        '#',
        '.',
        '..',
        'aZ',
        '%2f',
        '\u007f',
        '\u001f',
        ' ',
        '<',
        '^',
        '|',
        'a[',
        ']',
        'a:',
        'a:00',
        'a:080',
        'a:8a',
        'a:123456',
        'a:8:8',
        ':8',
        '[',
        '[]a',
        '[::1',
        '[::1].',
        '[::1]a',
        '[::1]:',
        '[g]',
        '[::1]]',
        '[A]',
        '[::1]:01',
      ],
    ],
    [
      'path',
      ['a', 'A', 'a.', '...', ':', '@', '~', '%41', '!', ';', '=', '_', '[', '|'],
      ['', '.', '..', ' ', 'a b', '"', '<', '>', '`', '{', '}', '?', '#', 'é', '\u007f', '%2e'],
    ],
    [
      'url',
      ['a', 'A', 'a.', '@', ' ', '~', ':', '%41', '...'],
      ['', '.', '..', 'é', 'a?', '#b', '%2E', '\u007f', '\u001f', '\ud83d'],
    ],
  ])('as %s', (place, good, bad) => {
    for (const text of good) expect([text, fits(place, text)]).toEqual([text, true]);
    for (const text of bad) expect([text, fits(place, text)]).toEqual([text, false]);
  });

  const unit = fc.constantFrom(
    ...[
      'a',
      'B',
      '0',
      '.',
      ':',
      '%',
      '2',
      'e',
      'F',
      ' ',
      '@',
      '?',
      '#',
      'é',
      '\ud83d',
      '\ude00',
      '-',
      '_',
      '+',
      '*',
      '~',
    ],
  );
  const part = fc.string({ unit, minLength: 1, maxLength: 5 });

  it('allows whatever an action holds', () =>
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ09_-:.'), minLength: 1, maxLength: 8 }), (text) => {
        fc.pre(isValidAction(text));
        for (const each of text.split('.')) expect(fits('action', each)).toBe(true);
      }),
      { numRuns: 200 },
    ));

  /** ASCII, and what stands at its edge. */
  const characters = Array.from({ length: 130 }, (_, code) => String.fromCharCode(code));
  const segmentsOf = (text: string) => normalizeResource(text)?.length;

  it('knows every character of a path behind a host', () => {
    // No pattern holds a backslash, and no segment a slash.
    for (const each of characters.filter((one) => !'/\\'.includes(one)))
      for (const text of [each, `a${each}`, `${each}a`, `a${each}a`, `a${each}${each}`])
        expect([text, fits('path', text)]).toEqual([text, segmentsOf(`https://h/${text}`) === 3]);
  });

  it('allows every host that a URL may have', () => {
    const some = [...'a0.:[]%-1'];
    const around = characters.flatMap((each) =>
      ['', 'a', '1', 'a:', '[', '[::1]', 'a.'].flatMap((before) =>
        ['', 'a', '1', ']', ':1', '.a'].map((behind) => before + each + behind),
      ),
    );
    const hosts = [...around.filter((each) => !each.includes('/')), ...textsOf(some.join(''), 4)];
    let wellFormed = 0;
    for (const text of hosts) {
      if (!['https', 'ftp'].some((scheme) => segmentsOf(`${scheme}://${text}`) === 2)) continue;
      wellFormed++;
      if (!fits('host', text)) throw new Error(`${JSON.stringify(text)} is a host`);
    }
    expect(wellFormed).toBeGreaterThan(100);
  });

  it('allows every scheme, with whatever stands behind it', () => {
    const texts = [
      ...characters.flatMap((each) => [`${each}a:`, `a${each}:`, `a${each}b:`, `ab:${each}`, `${each}:a`]),
      ...textsOf('aB0:+', 4),
    ];
    for (const text of texts.filter((each) => !each.includes('/'))) {
      const isUrl = /^[ /]*[A-Za-z][A-Za-z0-9+.-]+:/.test(text);
      if (text !== '') expect([text, fits('first', text) && isUrl]).toEqual([text, false]);
      if (isUrl && [text, `${text}//`, `${text}///`].some((each) => segmentsOf(each) === 1))
        expect([text, fits('scheme', text)]).toEqual([text, true]);
      if (!isUrl && segmentsOf(text) === 1) expect([text, fits('first', text)]).toEqual([text, true]);
    }
  });

  it('allows whatever a resource holds, as a path or as a URL', () => {
    let [paths, urls] = [0, 0];
    const scheme = fc.constantFrom(
      'https://',
      'http:/',
      'ab:',
      'ws://',
      'file:///',
      'a+b://',
      'urn:a',
      'C:/',
      '/ftp://',
      ' ab:',
      'AB://',
      'ab:c ',
      'https:',
    );
    const host = fc.oneof(
      part,
      fc.constantFrom('a', 'a.b', 'h:80', '[::1]', '1.2', 'A', 'u@h', 'a.', '1.2.3.4', 'h:8080', ''),
    );
    const resource = fc.oneof(
      fc.array(part, { maxLength: 3 }).map((parts) => parts.join('/')),
      fc
        .tuple(scheme, host, fc.array(part, { maxLength: 2 }))
        .map(([own, at, parts]) => own + [at, ...parts].join('/')),
    );
    fc.assert(
      fc.property(resource, (text) => {
        const segments = normalizeResource(text);
        if (segments === undefined || segments.length === 0) return;
        const [first, second, ...rest] = segments as [string, ...string[]];
        const asPath = fits('first', first) && segments.slice(1).every((each) => fits('later', each));
        const others = second === undefined ? rest : [second, ...rest];
        const hasHost = /^(?:https?|wss?|ftp):$/.test(first);
        const asUrl =
          fits(hasHost ? 'web' : 'scheme', first) &&
          (hasHost ? second !== undefined && fits('host', second) : true) &&
          others.slice(hasHost ? 1 : 0).every((each) => fits(hasHost ? 'path' : 'url', each));
        if (asPath) paths++;
        if (asUrl) urls++;
        if (!asPath && !asUrl) throw new Error(`${JSON.stringify(text)} is well formed`);
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(paths, urls)).toBeGreaterThan(50);
  });
});
