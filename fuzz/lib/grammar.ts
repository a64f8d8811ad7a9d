/** Random texts by the grammar of the language, with a wrong turn here and there. */
import type { Random } from './random.ts';

const SEGMENTS = [
  'a',
  'b',
  'ab',
  'get_x',
  'c:d-e',
  '5',
  'on',
  '*',
  '**',
  'a*',
  '*b',
  '*a*b*',
  'a*a',
  'ab*ba',
  '***',
  'é',
  '-',
  '.',
  '..',
];
const NAMES = [
  'a',
  'b',
  'n',
  's',
  'o',
  'list',
  'on',
  'when',
  'not',
  'has',
  'every',
  'some',
  'true',
  'and',
  'or',
  'in',
  '_x',
  'a-b',
  'Not',
  'constructor',
  'toString',
  '__proto__',
];
const STRINGS = [
  '',
  'a',
  'b',
  'ab',
  'aba',
  '5',
  'é',
  'e\u0301',
  '😀',
  '\uffff',
  '\u2028',
  '\u00a0',
  '\u200b',
  "it's",
  '"',
  '\\',
  '\t',
  '\u0000',
  '\u007f',
  '#',
  ';',
  '\ud800',
  '^a+$',
  '[ab]*',
  '(a|b){3}',
  '\\pL',
  '(',
  'https://h/x',
  '%2e',
  '/a/../b',
  'x'.repeat(60),
];
const NUMBERS = [
  '0',
  '-0',
  '1',
  '-1',
  '2',
  '3',
  '5',
  '0.5',
  '0.1',
  '0.30000000000000004',
  '1e2',
  '1E-7',
  '100',
  '007',
  '00',
  '1.0',
  '1000000',
  '1000001',
  '9007199254740991',
  '9007199254740992',
  '-9007199254740991',
  '5e-324',
  '1e-400',
  '1e400',
  '-0.0',
  '1.5.5',
  '.5',
  '5.',
  '+1',
  '0x1',
];
const WORD_OPERATORS = ['in', 'not_in', 'contains', 'not_contains', 'matches', 'starts_with', 'ends_with'];
const SIGNS = ['=', '!=', '<', '<=', '>', '>='];
const PATHS = [
  '*',
  '**',
  '/',
  '/**',
  '/a',
  '/a/*',
  '/a/**',
  '/a/**/b',
  '/*/b',
  '/a//b/',
  '/a*b/',
  '/?x=1',
  '/a.b',
  '/a/../b',
  '/%2e',
  '/http://h',
  'a/b',
];
/** What no resource may hold, with some that it may. */
export const ODD_PIECES = [
  ...[
    '%2e',
    '%2E',
    '%2f',
    '%2F',
    '%5c',
    '%5C',
    '%2',
    '%41',
    '\\',
    '/../',
    '/./',
    '/.',
    '..',
    '\u0000',
    '\u001f',
  ],
  ...['\u007f', '\u0080', '\ud800', '\udc00', '😀', ' ', '?', '#', ':', '//', '*', '**'],
];
const SPACES = [' ', ' ', ' ', ' ', ' ', '  ', '\t', '', '\n', ' # c\n', '\r\n', '\r', '\u00a0', '#'];

export class Grammar {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  document(): string {
    const r = this.#random;
    const ends = [
      '\n',
      '\n',
      '\n',
      ';',
      ' ; ',
      '\n\n\n',
      '\r\n',
      ' # note \t\n',
      '\n# own\n',
      '',
      ';;',
      ';# x',
    ];
    const most = r.once(20) ? 60 : 6; // an index of many statements may go other ways than one of few
    return r.some(most, () => this.statement() + r.pick(ends)).join('');
  }

  statement(): string {
    const r = this.#random;
    const kind = r.pick(['permit', 'permit', 'permit', 'deny', 'deny', 'require', 'limit', 'allow']);
    const when = r.once(2) ? ['when', this.condition(4)] : [];
    const severity = r.once(6) ? ['severity', r.pick(['critical', 'high', 'Medium', 'LOW', 'no'])] : [];
    if (kind === 'require') {
      const action = r.once(2) ? ['for', this.action()] : [];
      return this.#join('require', this.field(), ...action, 'on', this.resource(), ...when, ...severity);
    }
    if (kind === 'limit') {
      const on = r.once(2) ? ['on', this.resource()] : [];
      const of = r.once(2) ? ['of', this.field()] : [];
      const count = r.once(2) ? [this.number()] : [];
      const unit = r.pick(['second', 'seconds', 'minute', 'HOURS', 'days', 'Day', 'week']);
      return this.#join(
        'limit',
        this.action(),
        ...on,
        this.number(),
        ...of,
        'per',
        ...count,
        unit,
        ...severity,
      );
    }
    return this.#join(this.#cased(kind), this.action(), 'on', this.resource(), ...when, ...severity);
  }

  condition(depth: number): string {
    const r = this.#random;
    if (depth === 0 || r.once(2)) return this.comparison();
    const inner = () => this.condition(depth - 1);
    if (r.once(60)) return this.#nested();
    switch (r.below(5)) {
      case 0:
        return `(${inner()}${r.pick(['', ' ', '\n', ' # c )\n'])})`;
      case 1:
        return `not ${inner()}`;
      case 2:
        return `not (${inner()})`;
      default:
        return [inner(), ...r.some(3, inner)].join(` ${this.#cased(r.pick(['and', 'or']))} `);
    }
  }

  /** About as deep as a condition may be. */
  #nested(): string {
    const r = this.#random;
    const deep = 60 + r.below(8);
    const opened = Array.from({ length: deep }, () => r.pick(['(', '(', 'not ']));
    const closed = opened.filter((each) => each === '(').map(() => ')');
    return opened.join('') + this.comparison() + closed.join('');
  }

  comparison(): string {
    const r = this.#random;
    if (r.once(8)) return this.#join('has', this.field());
    const quantifier = r.once(5) ? [r.pick(['every', 'some', 'not', 'has'])] : [];
    const words = r.once(2);
    const operator = words ? this.#cased(r.pick(WORD_OPERATORS)) : r.pick(SIGNS);
    const left = this.#join(...quantifier, this.field());
    const gap = words || r.once(2) ? ' ' : '';
    const value = /in$/i.test(operator) && !r.once(5) ? this.array() : this.value();
    return `${left}${gap}${operator}${gap}${/with|matches/i.test(operator) && !r.once(3) ? this.string() : value}`;
  }

  value(): string {
    const r = this.#random;
    if (r.once(5)) return `@${this.field()}`;
    return r.once(10) ? this.array() : this.scalar();
  }

  array(): string {
    return `[${this.#random.some(4, () => this.scalar()).join(this.#random.pick([',', ', ', ',\n', ' , ', ',,']))}]`;
  }

  scalar(): string {
    const r = this.#random;
    const kind = r.below(5);
    if (kind < 2) return this.number();
    return kind < 4 ? this.string() : this.#cased(r.pick(['true', 'false', 'true', 'null']));
  }

  number(): string {
    return this.#random.once(4) ? String(this.#random.below(12) - 3) : this.#random.pick(NUMBERS);
  }

  string(): string {
    const r = this.#random;
    const text = r.once(100) ? 'a'.repeat(510 + r.below(5)) : r.some(2, () => r.pick(STRINGS)).join('');
    return r.once(2) ? `'${text}'` : JSON.stringify(text);
  }

  field(): string {
    const r = this.#random;
    const name = () => r.pick(r.once(4) ? NAMES : NAMES.slice(0, 6));
    return [name(), ...(r.once(3) ? r.some(2, name) : [])].join('.');
  }

  action(): string {
    const r = this.#random;
    const segment = () => r.pick(r.once(30) ? SEGMENTS : SEGMENTS.slice(0, 14));
    const text = r.once(100) ? 'a'.repeat(510 + r.below(5)) : [segment(), ...r.some(3, segment)].join('.');
    return r.once(5) ? `'${text}'` : text;
  }

  resource(): string {
    const r = this.#random;
    if (r.once(2)) return r.pick(PATHS);
    if (r.once(20)) return JSON.stringify(`/a${r.pick(ODD_PIECES)}b`);
    const text = r.some(5, () => r.pick(SEGMENTS.slice(0, r.once(30) ? 20 : 16))).join('/');
    return r.once(2) ? JSON.stringify(text) : `/${text}`;
  }

  #join(...words: string[]): string {
    const r = this.#random;
    return words.reduce((text, word) => `${text}${r.once(40) ? r.pick(SPACES) : ' '}${word}`);
  }

  #cased(word: string): string {
    return this.#random.once(10) ? word.toUpperCase() : word;
  }
}
