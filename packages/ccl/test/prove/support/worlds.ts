/** What random documents are made of: so little that their statements often meet. */

export interface World {
  readonly name: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Segments to join into more patterns; none where `actions` and `resources` are all that there is. */
  readonly segments: readonly string[];
  readonly fields: readonly Field[];
  readonly numbers: readonly number[];
  readonly strings: readonly string[];
  /** How many permits at most, and how many in a hundred of them have no condition. */
  readonly permits: number;
  readonly bare: number;
  /** Patterns of `matches`. Without any there is no `@` and no quantifier either, and the proofs must be exact. */
  readonly regexes: readonly string[];
}

export interface Field {
  readonly name: string;
  /** What it is mostly compared with. */
  readonly type: 'number' | 'string' | 'boolean' | 'array' | 'any';
}

export const NAMES = ['mfa', 'human.approval'];

const PLAIN: World = {
  name: 'plain',
  actions: ['**', '**', '*', 'a', 'a', 'b', 'a.b', 'a.*', 'a.**', '**.b', 'a*', '*b', '*.b', 'a.**.b'],
  resources: [
    ...['**', '**', '*', '', 'a', 'b', 'a/**', 'a/**', '**/b', 'a/*', '*/b/**', 'a/*/c', 'a*', '*b', 'a*b'],
    ...[
      '**/a/**',
      'a/**/b',
      'a*/**',
      '.*',
      '%2*',
      'https://h/**',
      'https://*/a',
      '*:/**',
      'urn:*',
      '\u00e9*',
    ],
  ],
  segments: ['a', 'b', 'ab', '*', '**', 'a*', '*b', '*a*b*'],
  fields: [
    { name: 'n', type: 'number' },
    { name: 'm', type: 'number' },
    { name: 's', type: 'string' },
    { name: 't', type: 'string' },
    { name: 'b', type: 'boolean' },
    { name: 'l', type: 'array' },
    { name: 'o', type: 'any' },
    { name: 'o.n', type: 'number' },
    { name: 'o.s', type: 'string' },
  ],
  numbers: [0, 1, 2, -1, 0.1, 5],
  strings: ['', 'a', 'b', 'ab', 'a\u0000', '\uffff', '\u{1f600}', '1'],
  permits: 4,
  bare: 35,
  regexes: [],
};

/** Patterns of `matches`, each with texts that it finds. */
export const REGEXES: Readonly<Record<string, readonly string[]>> = {
  a: ['xa', 'a\n'],
  '': ['x'],
  '^a': ['ax'],
  b$: ['xb'],
  '^ab?$': ['a', 'ab'],
  '^a.*b$': ['axb'],
  '[0-9]+': ['x7'],
  '^(a|b)': ['bx'],
  '^a|b': ['xb'],
  '(?i)^AB': ['aBx'],
  '(?m)^b': ['x\nb'],
  '^ab*': ['a', 'ax'],
  '^ab{0}': ['ax'],
  '^\\x61b': ['abx'],
  '^a\\b': ['a', 'a x'],
};

const FULL: World = {
  ...PLAIN,
  name: 'full',
  regexes: Object.keys(REGEXES),
};

export const WORLDS = { plain: PLAIN, full: FULL };
export const isPlain = (world: World) => world.regexes.length === 0;

/** Patterns of at most two segments beside one `**`; see `representatives.ts`. */
export const PATTERNS: World = {
  ...PLAIN,
  name: 'patterns',
  actions: ['a', 'b', '*', '**', 'a.*', 'a.**'],
  resources: [
    '',
    'a',
    'b',
    '*',
    '**',
    'a*',
    '*b',
    'a/**',
    '**/b',
    'a*/**',
    '*/b',
    'a/*',
    '**/*b',
    '*/**',
    'a*/*b',
  ],
  segments: [],
  fields: [{ name: 'x', type: 'any' }],
  numbers: [1],
  strings: [],
};

/** Two fields of one request. */
export const CONDITIONS: World = {
  ...PLAIN,
  name: 'conditions',
  permits: 2,
  bare: 10,
  actions: ['a'],
  resources: ['a'],
  segments: [],
  fields: [
    { name: 'x', type: 'any' },
    { name: 'x', type: 'string' },
    { name: 'y', type: 'number' },
  ],
  numbers: [0, 1],
  strings: ['a'],
};

/** A field and one within it. */
export const NESTED: World = {
  ...CONDITIONS,
  name: 'nested',
  fields: [
    { name: 'o', type: 'any' },
    { name: 'o.s', type: 'string' },
    { name: 'o.s', type: 'any' },
  ],
  strings: ['', 'a', 'b'],
};

/** One field of texts that overlap. */
export const TEXTS: World = {
  ...CONDITIONS,
  name: 'texts',
  fields: [{ name: 's', type: 'string' }],
  strings: ['', 'a', 'b', 'ab', 'ba', 'aa', 'aba'],
};

const joined = (parts: readonly string[], most: number, separator: string): string[] =>
  most === 0
    ? ['']
    : joined(parts, most - 1, separator).flatMap((start) => [
        start,
        ...parts.map((part) => (start === '' ? part : start + separator + part)),
      ]);

/** Globs within one segment. */
export const GLOBS: World = {
  ...CONDITIONS,
  name: 'globs',
  resources: [...new Set(joined(['a', 'b', '*'], 4, ''))].filter((glob) => !glob.includes('**')),
  bare: 100,
  permits: 3,
};

/** Globs of whole segments. */
export const PATHS: World = {
  ...GLOBS,
  name: 'paths',
  resources: [...new Set(joined(['a', '*', '**'], 4, '/'))],
};
