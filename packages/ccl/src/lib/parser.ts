import type {
  CclDocument,
  ComparisonNode,
  Condition,
  FieldNode,
  LimitStatement,
  LiteralNode,
  Operator,
  PatternNode,
  Period,
  RequireStatement,
  RuleStatement,
  Severity,
  Statement,
  Unit,
  ValueNode,
} from '../ast.js';
import { quoteForMessage } from './escape.js';
import { Lexer, type Token } from './lexer.js';
import { splitActionPattern, splitResourcePattern } from './names.js';
import { PATTERN_LIMIT, prepareRegex } from './regex.js';

const MAX_STATEMENTS = 10_000;
const MAX_NESTING = 64;
const MAX_COUNT = 1_000_000;

const UNITS = ['second', 'minute', 'hour', 'day'] as const satisfies readonly Unit[];
const LEVELS = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Severity[];
const FORBIDDEN_NAMES = ['__proto__', 'prototype', 'constructor'];
const SIGNS = ['!=', '<=', '>=', '=', '<', '>'] as const satisfies readonly Operator[];
const WORD_OPERATORS = [
  'in',
  'not_in',
  'contains',
  'not_contains',
  'matches',
  'starts_with',
  'ends_with',
] as const satisfies readonly Operator[];

/** What an operator takes as a literal value; `@field` is taken by all but `matches`. */
const OPERANDS: Readonly<Record<Operator, readonly string[]>> = {
  '=': ['string', 'number', 'boolean'],
  '!=': ['string', 'number', 'boolean'],
  '<': ['string', 'number'],
  '<=': ['string', 'number'],
  '>': ['string', 'number'],
  '>=': ['string', 'number'],
  in: ['array'],
  not_in: ['array'],
  contains: ['string', 'number', 'boolean'],
  not_contains: ['string', 'number', 'boolean'],
  matches: ['string'],
  starts_with: ['string'],
  ends_with: ['string'],
};

/** One method per production of the grammar; the comment above each is the production. */
export class Parser {
  readonly #lexer: Lexer;
  /** Open parentheses and brackets: inside them a newline is white space. */
  #open = 0;
  /** Open parentheses and pending `not`s. */
  #depth = 0;

  constructor(text: string) {
    this.#lexer = new Lexer(text);
  }

  /** document = [ statement ] { ( NEWLINE | ";" ) [ statement ] } */
  document(): CclDocument {
    const statements: Statement[] = [];
    for (this.#skip(); !this.#lexer.atEnd; this.#skip()) {
      if (this.#lexer.newline() || this.#lexer.symbol(';')) continue;
      if (statements.length === MAX_STATEMENTS) {
        this.#lexer.fail(`at most ${MAX_STATEMENTS} statements`, undefined, 'one more');
      }
      statements.push(this.#statement());
      this.#statementEnd();
    }
    return Object.freeze({
      kind: 'document',
      statements: Object.freeze(statements),
      comments: Object.freeze(this.#lexer.comments),
    });
  }

  /** statement = rule | require | limit */
  #statement(): Statement {
    const keyword = this.#keyword('permit', 'deny', 'require', 'limit');
    if (keyword === undefined) this.#lexer.fail('"permit", "deny", "require" or "limit"');
    if (keyword.word === 'require') return this.#require(keyword.token);
    if (keyword.word === 'limit') return this.#limit(keyword.token);
    return this.#rule(keyword.word, keyword.token);
  }

  /** ( "permit" | "deny" ) action "on" resource [ "when" condition ] [ "severity" level ] */
  #rule(kind: 'permit' | 'deny', first: Token): RuleStatement {
    const action = this.#action();
    this.#expectKeyword('on');
    const resource = this.#resource();
    const condition = this.#when();
    const severity = this.#severity();
    return Object.freeze({ kind, action, resource, condition, severity, location: this.#from(first) });
  }

  /** "require" NAME [ "for" action ] "on" resource [ "when" condition ] [ "severity" level ] */
  #require(first: Token): RequireStatement {
    const name = this.#name();
    const forAction = this.#keyword('for');
    const action = forAction === undefined ? undefined : this.#action();
    this.#expectKeyword('on', forAction === undefined ? '"for" or "on"' : '"on"');
    const resource = this.#resource();
    const condition = this.#when();
    const severity = this.#severity();
    const location = this.#from(first);
    return Object.freeze({ kind: 'require', name, action, resource, condition, severity, location });
  }

  /** "limit" action [ "on" resource ] AMOUNT [ "of" field ] "per" [ COUNT ] unit [ "severity" level ] */
  #limit(first: Token): LimitStatement {
    const action = this.#action();
    const resource = this.#keyword('on') === undefined ? undefined : this.#resource();
    const token = this.#amountToken(resource === undefined);
    const field = this.#keyword('of') === undefined ? undefined : this.#field();
    const amount = field === undefined ? this.#count(token) : this.#positive(token);
    this.#expectKeyword('per', field === undefined ? '"of" or "per"' : '"per"');
    const period = this.#period();
    const severity = this.#severity();
    const location = this.#from(first);
    return Object.freeze({ kind: 'limit', action, resource, amount, field, period, severity, location });
  }

  /** [ "when" condition ] */
  #when(): Condition | undefined {
    return this.#keyword('when') === undefined ? undefined : this.#or();
  }

  /** [ "severity" level ] */
  #severity(): Severity | undefined {
    if (this.#keyword('severity') === undefined) return undefined;
    const level = this.#keyword(...LEVELS);
    return level?.word ?? this.#lexer.fail('"critical", "high", "medium" or "low"');
  }

  /** action = ACTION | STRING */
  #action(): PatternNode {
    this.#skip();
    const quoted = this.#lexer.string();
    const token = quoted ?? this.#lexer.action() ?? this.#lexer.fail('an action');
    const text = quoted?.value ?? token.text;
    if (splitActionPattern(text) === undefined) {
      const form =
        'an action: segments of A-Z a-z 0-9 _ - : * joined by ".", "**" only as a whole segment, at most 512 characters';
      this.#lexer.fail(form, token.location.start, quoteForMessage(text));
    }
    return Object.freeze({ kind: 'action', text, quoted: quoted !== undefined, location: token.location });
  }

  /** resource = STRING | PATH */
  #resource(): PatternNode {
    this.#skip();
    const quoted = this.#lexer.string();
    const token = quoted ?? this.#lexer.path() ?? this.#lexer.fail('a resource: a string or a path');
    const text = quoted?.value ?? token.text;
    const start = token.location.start;
    if (quoted === undefined && !text.startsWith('/') && text !== '*' && text !== '**') {
      this.#lexer.fail(
        'a path that begins with "/" (quote any other resource)',
        start,
        quoteForMessage(text),
      );
    }
    if (splitResourcePattern(text) === undefined) {
      const form =
        'a resource without ".", "..", backslashes, control characters, %2e, %2f, %5c or "**" inside a segment, at most 4096 characters';
      this.#lexer.fail(form, start, quoteForMessage(text));
    }
    return Object.freeze({ kind: 'resource', text, quoted: quoted !== undefined, location: token.location });
  }

  /** NAME = IDENT { "." IDENT } */
  #name(): string {
    this.#skip();
    const token = this.#lexer.dotted() ?? this.#lexer.fail('the name of an obligation');
    return token.text;
  }

  /** AMOUNT = COUNT | NUMBER; which of them shows only at "of" */
  #amountToken(mayHaveResource: boolean): Token {
    this.#skip();
    return this.#lexer.amount() ?? this.#lexer.fail(mayHaveResource ? '"on" or an amount' : 'an amount');
  }

  /** period = [ COUNT ] unit */
  #period(): Period {
    this.#skip();
    const digits = this.#lexer.digits();
    const count = digits === undefined ? undefined : this.#count(digits);
    const unit = this.#keyword(...UNITS, ...UNITS.map((name) => `${name}s` as const));
    if (unit === undefined) this.#lexer.fail('"seconds", "minutes", "hours" or "days"');
    return Object.freeze({ count, unit: unit.word.replace(/s$/, '') as Unit });
  }

  /** COUNT: digits only, 1 to 1,000,000 */
  #count(token: Token): number {
    const value = /^[0-9]+$/.test(token.text) ? Number(token.text) : 0;
    if (value >= 1 && value <= MAX_COUNT) return value;
    return this.#lexer.fail(
      'a whole number from 1 to 1000000',
      token.location.start,
      quoteForMessage(token.text),
    );
  }

  /** An AMOUNT before "of": any positive number */
  #positive(token: Token): number {
    const value = this.#numberValue(token);
    if (value > 0) return value;
    return this.#lexer.fail('an amount above 0', token.location.start, quoteForMessage(token.text));
  }

  /** condition = or ; or = and { "or" and } */
  #or(): Condition {
    return this.#chain('or', () => this.#and());
  }

  /** and = not { "and" not } */
  #and(): Condition {
    return this.#chain('and', () => this.#not());
  }

  /** A chain of any length is one flat node, so nothing that walks it recurses along it. */
  #chain(kind: 'and' | 'or', term: () => Condition): Condition {
    const first = term();
    if (!this.#isNext(kind)) return first;
    const terms: Condition[] = [];
    append(terms, kind, first);
    while (this.#keyword(kind) !== undefined) append(terms, kind, term());
    return Object.freeze({ kind, terms: Object.freeze(terms), location: this.#from(first) });
  }

  /** not = "not" not | primary */
  #not(): Condition {
    const not = this.#prefix('not');
    if (not === undefined) return this.#primary();
    this.#enter(not.token.location.start);
    const operand = this.#not();
    this.#depth--;
    return Object.freeze({ kind: 'not', operand, location: this.#from(not.token) });
  }

  /** primary = "(" condition ")" | "has" field | [ "every" | "some" ] field operator value */
  #primary(): Condition {
    this.#skip();
    const start = this.#lexer.offset;
    if (this.#lexer.symbol('(')) return this.#group(start);
    const has = this.#prefix('has');
    if (has === undefined) return this.#comparison();
    const field = this.#field();
    return Object.freeze({ kind: 'has', field, location: this.#from(has.token) });
  }

  /** "(" condition ")" */
  #group(start: number): Condition {
    this.#enter(start);
    this.#open++;
    const condition = this.#or();
    this.#skip();
    if (!this.#lexer.symbol(')')) this.#lexer.fail('"and", "or" or ")"');
    this.#open--;
    this.#depth--;
    return condition;
  }

  /** [ "every" | "some" ] field operator value */
  #comparison(): ComparisonNode {
    const quantifier = this.#prefix('every', 'some');
    const field = this.#field();
    const operator = this.#operator();
    this.#skip();
    const value = this.#value();
    this.#checkOperand(operator, value);
    return Object.freeze({
      kind: 'comparison',
      quantifier: quantifier?.word,
      field,
      operator,
      value,
      location: this.#from(quantifier?.token ?? field),
    });
  }

  /** operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | in | not_in | contains | … */
  #operator(): Operator {
    this.#skip();
    const sign = SIGNS.find((candidate) => this.#lexer.symbol(candidate));
    const operator = sign ?? this.#keyword(...WORD_OPERATORS)?.word;
    return operator ?? this.#lexer.fail('an operator');
  }

  /** field = IDENT { "." IDENT } */
  #field(): FieldNode {
    this.#skip();
    const start = this.#lexer.offset;
    const token = this.#lexer.dotted() ?? this.#lexer.fail('a field');
    const path = token.text.split('.');
    let at = start;
    for (const name of path) {
      if (FORBIDDEN_NAMES.includes(name)) this.#lexer.fail('the name of a field', at, quoteForMessage(name));
      at += name.length + 1;
    }
    return Object.freeze({ kind: 'field', path: Object.freeze(path), location: token.location });
  }

  /** value = STRING | NUMBER | true | false | "@" field | "[" [ scalar { "," scalar } ] "]" */
  #value(): ValueNode {
    const start = this.#lexer.offset;
    const mark = this.#lexer.locate(start, start + 1);
    if (this.#lexer.symbol('@')) {
      const field = this.#field();
      return Object.freeze({ kind: 'reference', field, location: this.#from({ location: mark }) });
    }
    if (!this.#lexer.symbol('[')) return this.#scalar('a value');
    this.#open++;
    const items = this.#items();
    this.#open--;
    return Object.freeze({ kind: 'array', items, location: this.#from({ location: mark }) });
  }

  /** [ scalar { "," scalar } ] "]" */
  #items(): readonly LiteralNode[] {
    const items: LiteralNode[] = [];
    this.#skip();
    if (this.#lexer.symbol(']')) return Object.freeze(items);
    for (;;) {
      this.#skip();
      items.push(this.#scalar('a string, a number, true or false'));
      this.#skip();
      if (this.#lexer.symbol(']')) return Object.freeze(items);
      if (!this.#lexer.symbol(',')) this.#lexer.fail('"," or "]"');
    }
  }

  /** scalar = STRING | NUMBER | true | false */
  #scalar(expected: string): LiteralNode {
    const string = this.#lexer.string();
    if (string !== undefined) return literal(string.value, string);
    const number = this.#lexer.number();
    if (number !== undefined) return literal(this.#numberValue(number), number);
    const boolean = this.#keyword('true', 'false');
    if (boolean !== undefined) return literal(boolean.word === 'true', boolean.token);
    const hint =
      this.#lexer.peekWord() === '' ? undefined : 'quote a text, or write @name for the value of a field';
    return this.#lexer.fail(expected, undefined, undefined, hint);
  }

  /** NUMBER: a finite double, not rounded to 0 unless written so, no integer beyond ±(2^53-1); -0 is 0 */
  #numberValue(token: Token): number {
    const value = Number(token.text);
    const { start } = token.location;
    // Every double beyond 2^53 is an integer, so this bound also refuses what is not finite.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      this.#lexer.fail('a number within ±9007199254740991', start, quoteForMessage(token.text));
    }
    if (value === 0 && /^-?[0.]*[1-9]/.test(token.text)) {
      this.#lexer.fail('a number that does not vanish to 0', start, quoteForMessage(token.text));
    }
    return value === 0 ? 0 : value;
  }

  #checkOperand(operator: Operator, value: ValueNode): void {
    const { start, end } = value.location;
    if (value.kind === 'reference') {
      if (operator === 'matches') this.#lexer.fail('a string, not a field', start, '`@`');
      return;
    }
    const type = value.kind === 'array' ? 'array' : typeof value.value;
    const allowed = OPERANDS[operator];
    if (!allowed.includes(type)) {
      const found = quoteForMessage(this.#lexer.text.slice(start, end));
      this.#lexer.fail(`${allowed.join(', ')} after "${operator}"`, start, found);
    }
    if (operator === 'matches') this.#checkRegex(value as LiteralNode);
  }

  #checkRegex(node: LiteralNode): void {
    const pattern = node.value as string;
    const { start } = node.location;
    if (pattern.length > PATTERN_LIMIT) {
      this.#lexer.fail(
        `a pattern of at most ${PATTERN_LIMIT} characters`,
        start,
        `${pattern.length} characters`,
      );
    }
    const problem = prepareRegex(node);
    if (problem !== undefined) {
      this.#lexer.fail('a pattern in RE2 syntax', start, quoteForMessage(pattern), undefined, problem);
    }
  }

  #enter(start: number): void {
    if (++this.#depth > MAX_NESTING) {
      this.#lexer.fail(`at most ${MAX_NESTING} nested parentheses and "not"s`, start, 'one more');
    }
  }

  #statementEnd(): void {
    this.#skip();
    if (this.#lexer.atEnd || this.#lexer.peek() === ';' || this.#lexer.atNewline) return;
    this.#lexer.fail('the end of the statement, or a clause that may follow here');
  }

  #skip(): void {
    this.#lexer.skip(this.#open > 0);
  }

  #isNext(word: string): boolean {
    this.#skip();
    return this.#lexer.peekWord() === word;
  }

  /** Takes the next word if it is one of these keywords. */
  #keyword<Word extends string>(...words: readonly Word[]): { word: Word; token: Token } | undefined {
    this.#skip();
    const next = this.#lexer.peekWord();
    const word = words.find((candidate) => candidate === next);
    return word === undefined ? undefined : { word, token: this.#lexer.take(word.length) };
  }

  /** Like `#keyword`, at the start of a primary: a word with a "." directly after it is a field. */
  #prefix<Word extends string>(...words: readonly Word[]): { word: Word; token: Token } | undefined {
    this.#skip();
    return this.#lexer.peek(this.#lexer.peekWord().length) === '.' ? undefined : this.#keyword(...words);
  }

  #expectKeyword(word: string, expected = `"${word}"`): void {
    if (this.#keyword(word) === undefined) this.#lexer.fail(expected);
  }

  /** The place from the start of `first` to here. */
  #from(first: Pick<Token, 'location'>): Token['location'] {
    return Object.freeze({ ...first.location, end: this.#lexer.tokenEnd });
  }
}

function append(terms: Condition[], kind: 'and' | 'or', term: Condition): void {
  if (term.kind !== kind) terms.push(term);
  else for (const inner of term.terms) terms.push(inner);
}

function literal(value: LiteralNode['value'], token: Token): LiteralNode {
  return Object.freeze({ kind: 'literal', value, location: token.location });
}
