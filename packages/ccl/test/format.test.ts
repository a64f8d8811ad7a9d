import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, evaluate, format, parse, type Request } from '../src/index.js';
import { documentText, request } from './support/generators.js';
import { withoutPlaces } from './support/matchers.js';

const formatted = (text: string) => format(parse(text));

describe('format', () => {
  it.each([
    ['nothing', ' \n\n', ''],
    [
      'keywords in lower case',
      'PERMIT A.b ON /X WHEN Has C SEVERITY LOW',
      'permit A.b on /X when has C severity low\n',
    ],
    ['one statement a line', 'permit a on /x;deny b on /y ; ;', 'permit a on /x\ndeny b on /y\n'],
    ['single spaces', 'permit   a\ton  /x when b=1', 'permit a on /x when b = 1\n'],
    [
      'one blank line for many',
      '\n\npermit a on /x\n\n\n\npermit b on /y\n',
      'permit a on /x\n\npermit b on /y\n',
    ],
    ['CR LF', 'permit a on /x # c\r\n\r\npermit b on /y\r\n', 'permit a on /x # c\n\npermit b on /y\n'],
    [
      'no needless parentheses',
      'permit a on /x when ((a = 1) and ((b = 1) and c = 1))',
      'permit a on /x when a = 1 and b = 1 and c = 1\n',
    ],
    [
      'needed parentheses',
      'permit a on /x when (a = 1 or b = 1) and not (c = 1 and d = 1)',
      'permit a on /x when (a = 1 or b = 1) and not (c = 1 and d = 1)\n',
    ],
    [
      'not without parentheses',
      'permit a on /x when not (not (every b = 1))',
      'permit a on /x when not not every b = 1\n',
    ],
    [
      'numbers',
      'permit a on /x when b in [1.0, -0, 1e2, 1E-7]',
      'permit a on /x when b in [1, 0, 100, 1e-7]\n',
    ],
    [
      'strings raw where they can be',
      'permit a on "/x" when b = "é\\u00e9\\""',
      "permit a on '/x' when b = 'éé\"'\n",
    ],
    ['strings with a quote', 'permit a on /x when b = "it\'s"', 'permit a on /x when b = "it\'s"\n'],
    [
      'strings with hidden characters',
      'permit a on /x when b in ["\\n\\u0000", "\\u2028", "\\u202e", "\\udb40\\udc01"]',
      'permit a on /x when b in ["\\n\\u0000", "\\u2028", "\\u202e", "\\udb40\\udc01"]\n',
    ],
    ['references', 'permit a on /x when b in @ c.d', 'permit a on /x when b in @c.d\n'],
    [
      'limits',
      'LIMIT a 007 PER 1 DAY;limit a ON /x 1.50 OF b PER minutes severity LOW',
      'limit a 7 per 1 days\nlimit a on /x 1.5 of b per minute severity low\n',
    ],
    [
      'requirements',
      "REQUIRE h.a FOR 'a.b' ON '/x' WHEN b > 1;require x on **",
      "require h.a for 'a.b' on '/x' when b > 1\nrequire x on **\n",
    ],
    ['a comment at the end of a statement', 'permit a on /x  ;# why  \t\n', 'permit a on /x # why\n'],
    [
      'comments of their own',
      '# one\n\n#two\npermit a on /x\n  #three\n\n# four',
      '# one\n\n#two\npermit a on /x\n#three\n\n# four\n',
    ],
    [
      'comments inside a statement above it',
      'permit a on /x\ndeny a on /x when ( # one\n b = 1 # two\n) # three',
      'permit a on /x\n# one\n# two\ndeny a on /x when b = 1 # three\n',
    ],
    [
      'comments in an array',
      '\n\ndeny a on /x when b in [1, # one\n2]',
      '# one\ndeny a on /x when b in [1, 2]\n',
    ],
    [
      'a comment behind two statements',
      'permit a on /x; permit b on /y # c',
      'permit a on /x\npermit b on /y # c\n',
    ],
  ])('prints %s', (_what, text, expected) => {
    expect(formatted(text)).toBe(expected);
    expect(formatted(expected)).toBe(expected);
  });

  it('gives an equal document and has nothing left to do', () => {
    const property = fc.property(documentText, (text) => {
      const once = formatted(text);
      expect(withoutPlaces(parse(once))).toEqual(withoutPlaces(parse(text)));
      expect(formatted(once)).toBe(once);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('changes no decision', () => {
    const property = fc.property(documentText, fc.array(request, { maxLength: 10 }), (text, requests) => {
      const [before, after] = [compile(text), compile(formatted(text))];
      for (const one of requests as Request[]) {
        const kept = ({ permitted, code, severity }: ReturnType<typeof evaluate>) => ({
          permitted,
          code,
          severity,
        });
        expect(kept(evaluate(after, one))).toEqual(kept(evaluate(before, one)));
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('keeps the text where its canonical form would be too long to parse', () => {
    const long = `permit a on /x when ${Array(130_000).fill('b=1').join(' or ')}`;
    expect(formatted(long)).toBe(long);
  });

  it('prints chains of any length', () => {
    const text = `permit a on /x when ${Array(80_000).fill('b = 1').join(' and ')}\n`;
    expect(formatted(text)).toBe(text);
  });

  it.each([undefined, null, 'permit a on /x', {}, { kind: 'document', statements: [], comments: [] }])(
    'is a TypeError for what parse did not make',
    (document) => expect(() => format(document as never)).toThrow(TypeError),
  );
});
