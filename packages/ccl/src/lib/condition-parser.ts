import type { ComparisonNode, Condition, LiteralNode, Operator, ValueNode } from '../ast.js';
import type { Cursor } from './cursor.js';
import { quoteForMessage } from './escape.js';
import type { Lexer, Token } from './lexer.js';
import { PATTERN_LIMIT, PROGRAM_LIMIT, Regexes } from './regex.js';

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

/** The productions of conditions and values. */
export class ConditionParser {
  readonly #cursor: Cursor;
  readonly #lexer: Lexer;
  readonly #regexes = new Regexes();

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
    this.#lexer = cursor.lexer;
  }

  /** condition = or ; or = and { "or" and } */
  condition(): Condition {
    return this.#chain('or', () => this.#and());
  }

  /** and = not { "and" not } */
  #and(): Condition {
    return this.#chain('and', () => this.#not());
  }

  /** A chain of any length is one flat node, so nothing that walks it recurses along it. */
  #chain(kind: 'and' | 'or', term: () => Condition): Condition {
    const first = term();
    if (!this.#cursor.isNext(kind)) return first;
    const terms: Condition[] = [];
    append(terms, kind, first);
    while (this.#cursor.keyword(kind) !== undefined) append(terms, kind, term());
    return Object.freeze({ kind, terms: Object.freeze(terms), location: this.#cursor.from(first) });
  }

  /** not = "not" not | primary */
  #not(): Condition {
    const not = this.#cursor.prefix('not');
    if (not === undefined) return this.#primary();
    const operand = this.#cursor.nested(not.token.location.start, () => this.#not());
    return Object.freeze({ kind: 'not', operand, location: this.#cursor.from(not.token) });
  }

  /** primary = "(" condition ")" | "has" field | [ "every" | "some" ] field operator value */
  #primary(): Condition {
    this.#cursor.skip();
    const start = this.#lexer.offset;
    if (this.#lexer.symbol('(')) return this.#group(start);
    const has = this.#cursor.prefix('has');
    if (has === undefined) return this.#comparison();
    const field = this.#cursor.field();
    return Object.freeze({ kind: 'has', field, location: this.#cursor.from(has.token) });
  }

  /** "(" condition ")" */
  #group(start: number): Condition {
    const inside = () => {
      const condition = this.condition();
      this.#cursor.skip();
      if (!this.#lexer.symbol(')')) this.#lexer.fail('"and", "or" or ")"');
      return condition;
    };
    return this.#cursor.nested(start, () => this.#cursor.inBrackets(inside));
  }

  /** [ "every" | "some" ] field operator value */
  #comparison(): ComparisonNode {
    const quantifier = this.#cursor.prefix('every', 'some');
    const field = this.#cursor.field();
    const operator = this.#operator();
    this.#cursor.skip();
    const value = this.#value();
    this.#checkOperand(operator, value);
    return Object.freeze({
      kind: 'comparison',
      quantifier: quantifier?.word,
      field,
      operator,
      value,
      location: this.#cursor.from(quantifier?.token ?? field),
    });
  }

  /** operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | in | not_in | contains | … */
  #operator(): Operator {
    this.#cursor.skip();
    const sign = SIGNS.find((candidate) => this.#lexer.symbol(candidate));
    const operator = sign ?? this.#cursor.keyword(...WORD_OPERATORS)?.word;
    return operator ?? this.#lexer.fail('an operator');
  }

  /** value = STRING | NUMBER | true | false | "@" field | "[" [ scalar { "," scalar } ] "]" */
  #value(): ValueNode {
    const start = this.#lexer.offset;
    const mark = this.#lexer.locate(start, start + 1);
    if (this.#lexer.symbol('@')) {
      const field = this.#cursor.field();
      return Object.freeze({ kind: 'reference', field, location: this.#cursor.from({ location: mark }) });
    }
    if (!this.#lexer.symbol('[')) return this.#scalar('a value');
    const items = this.#cursor.inBrackets(() => this.#items());
    return Object.freeze({ kind: 'array', items, location: this.#cursor.from({ location: mark }) });
  }

  /** [ scalar { "," scalar } ] "]" */
  #items(): readonly LiteralNode[] {
    const items: LiteralNode[] = [];
    this.#cursor.skip();
    if (this.#lexer.symbol(']')) return Object.freeze(items);
    for (;;) {
      this.#cursor.skip();
      items.push(this.#scalar('a string, a number, true or false'));
      this.#cursor.skip();
      if (this.#lexer.symbol(']')) return Object.freeze(items);
      if (!this.#lexer.symbol(',')) this.#lexer.fail('"," or "]"');
    }
  }

  /** scalar = STRING | NUMBER | true | false */
  #scalar(expected: string): LiteralNode {
    const string = this.#lexer.string();
    if (string !== undefined) return literal(string.value, string);
    const number = this.#lexer.number();
    if (number !== undefined) return literal(this.#cursor.numberValue(number), number);
    const boolean = this.#cursor.keyword('true', 'false');
    if (boolean !== undefined) return literal(boolean.word === 'true', boolean.token);
    const hint =
      this.#lexer.peekWord() === '' ? undefined : 'quote a text, or write @name for the value of a field';
    return this.#lexer.fail(expected, undefined, undefined, hint);
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
    try {
      this.#regexes.prepare(node);
    } catch (cause) {
      this.#lexer.fail('a pattern in RE2 syntax', start, quoteForMessage(pattern), undefined, cause);
    }
    if (this.#regexes.areTooMany) {
      this.#lexer.fail(
        `patterns of at most ${PROGRAM_LIMIT} instructions in one text`,
        start,
        quoteForMessage(pattern),
      );
    }
  }
}

function append(terms: Condition[], kind: 'and' | 'or', term: Condition): void {
  if (term.kind !== kind) terms.push(term);
  else for (const inner of term.terms) terms.push(inner);
}

function literal(value: LiteralNode['value'], token: Token): LiteralNode {
  return Object.freeze({ kind: 'literal', value, location: token.location });
}
