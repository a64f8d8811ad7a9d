import type { ComparisonNode, Condition, LiteralNode, Operator, Quantifier, ValueNode } from '../ast.js';
import { failAfterTerm, failItem, failNegation, failOperator, failValue } from './condition-mistakes.js';
import type { Cursor } from './cursor.js';
import { quoteForMessage } from './escape.js';
import type { Lexer } from './lexer.js';
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
const BOOLEANS = ['true', 'false'] as const;

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
    const first = this.#and();
    return this.#cursor.isNext('or') ? this.#chain('or', first) : first;
  }

  /** and = not { "and" not } */
  #and(): Condition {
    const first = this.#not();
    return this.#cursor.isNext('and') ? this.#chain('and', first) : first;
  }

  /** A chain of any length is one flat node, so nothing that walks it recurses along it. */
  #chain(kind: 'and' | 'or', first: Condition): Condition {
    const terms: Condition[] = [];
    append(terms, kind, first);
    while (this.#cursor.keyword(kind)) append(terms, kind, kind === 'or' ? this.#and() : this.#not());
    return { kind, terms, location: this.#cursor.from(first.location) };
  }

  /** not = "not" not | primary */
  #not(): Condition {
    if (!this.#cursor.prefix('not')) return this.#primary();
    const not = this.#lexer.lastLocation;
    const operand = this.#cursor.nested(not.start, () => this.#not());
    return { kind: 'not', operand, location: this.#cursor.from(not) };
  }

  /** primary = "(" condition ")" | "has" field | [ "every" | "some" ] field operator value */
  #primary(): Condition {
    this.#cursor.skip();
    const start = this.#lexer.offset;
    if (this.#lexer.symbol('(')) return this.#group(start);
    if (!this.#cursor.prefix('has')) return this.#comparison();
    const has = this.#lexer.lastLocation;
    const field = this.#cursor.field();
    return { kind: 'has', field, location: this.#cursor.from(has) };
  }

  /** "(" condition ")" */
  #group(start: number): Condition {
    const open = this.#lexer.lastLocation;
    const inside = () => {
      const condition = this.condition();
      this.#cursor.skip();
      if (!this.#lexer.symbol(')')) failAfterTerm(this.#lexer, '"and", "or" or ")"', ['and', 'or']);
      return condition;
    };
    const condition = this.#cursor.nested(start, () => this.#cursor.inBrackets(inside));
    return { ...condition, location: this.#cursor.from(open) };
  }

  /** [ "every" | "some" ] field operator value */
  #comparison(): ComparisonNode {
    const quantifier = this.#quantifier();
    const first = quantifier && this.#lexer.lastLocation;
    if (this.#lexer.peek() === '!') failNegation(this.#lexer);
    const field = this.#cursor.field();
    const operator = this.#operator();
    this.#cursor.skip();
    const value = this.#value();
    this.#checkOperand(operator, value);
    const location = this.#cursor.from(first ?? field.location);
    return { kind: 'comparison', quantifier, field, operator, value, location };
  }

  /** [ "every" | "some" ] */
  #quantifier(): Quantifier | undefined {
    if (this.#cursor.prefix('every')) return 'every';
    return this.#cursor.prefix('some') ? 'some' : undefined;
  }

  /** operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | in | not_in | contains | … */
  #operator(): Operator {
    this.#cursor.skip();
    for (const sign of SIGNS) if (this.#lexer.symbol(sign)) return sign;
    return this.#cursor.oneOf(WORD_OPERATORS) ?? failOperator(this.#lexer, WORD_OPERATORS);
  }

  /** value = STRING | NUMBER | true | false | "@" field | "[" [ scalar { "," scalar } ] "]" */
  #value(): ValueNode {
    if (this.#lexer.symbol('@')) {
      const at = this.#lexer.lastLocation;
      const field = this.#cursor.field();
      return { kind: 'reference', field, location: this.#cursor.from(at) };
    }
    if (!this.#lexer.symbol('[')) return this.#scalar() ?? failValue(this.#lexer, BOOLEANS);
    const bracket = this.#lexer.lastLocation;
    const items = this.#cursor.inBrackets(() => this.#items());
    return { kind: 'array', items, location: this.#cursor.from(bracket) };
  }

  /** [ scalar { "," scalar } ] "]" */
  #items(): readonly LiteralNode[] {
    const items: LiteralNode[] = [];
    this.#cursor.skip();
    if (this.#lexer.symbol(']')) return items;
    for (;;) {
      this.#cursor.skip();
      items.push(this.#scalar() ?? failItem(this.#lexer, BOOLEANS));
      this.#cursor.skip();
      if (this.#lexer.symbol(']')) return items;
      if (!this.#lexer.symbol(',')) this.#lexer.fail('"," or "]"');
    }
  }

  /** scalar = STRING | NUMBER | true | false */
  #scalar(): LiteralNode | undefined {
    const value = this.#lexer.string() ?? this.#number() ?? this.#boolean();
    return value === undefined ? undefined : { kind: 'literal', value, location: this.#lexer.lastLocation };
  }

  #number(): number | undefined {
    const text = this.#lexer.number();
    return text === undefined ? undefined : this.#cursor.numberValue(text);
  }

  #boolean(): boolean | undefined {
    const word = this.#cursor.oneOf(BOOLEANS);
    return word === undefined ? undefined : word === 'true';
  }

  #checkOperand(operator: Operator, value: ValueNode): void {
    const { start, end } = value.location;
    if (value.kind === 'reference') {
      if (operator === 'matches') {
        this.#lexer.fail('a string, not a field', { at: start, end, found: '`@`' });
      }
      return;
    }
    const type = value.kind === 'array' ? 'array' : typeof value.value;
    const allowed = OPERANDS[operator];
    if (!allowed.includes(type)) {
      const written = this.#lexer.text.slice(start, end);
      const suggestion = allowed.includes('array') ? { start, end, text: `[${written}]` } : undefined;
      const mistake = { at: start, end, found: quoteForMessage(written), suggestion };
      this.#lexer.fail(`${allowed.join(', ')} after "${operator}"`, mistake);
    }
    if (operator === 'matches') this.#checkRegex(value as LiteralNode);
  }

  #checkRegex(node: LiteralNode): void {
    const pattern = node.value as string;
    const { start: at, end } = node.location;
    if (pattern.length > PATTERN_LIMIT) {
      const found = `${pattern.length} characters`;
      this.#lexer.fail(`a pattern of at most ${PATTERN_LIMIT} characters`, { at, end, found });
    }
    const found = quoteForMessage(pattern);
    try {
      this.#regexes.prepare(node);
    } catch (cause) {
      this.#lexer.fail('a pattern in RE2 syntax', { at, end, found, cause });
    }
    if (this.#regexes.areTooMany) {
      const expected = `patterns of at most ${PROGRAM_LIMIT} instructions in one text`;
      this.#lexer.fail(expected, { at, end, found });
    }
  }
}

function append(terms: Condition[], kind: 'and' | 'or', term: Condition): void {
  if (term.kind !== kind) terms.push(term);
  else for (const inner of term.terms) terms.push(inner);
}
