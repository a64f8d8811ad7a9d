import type {
  CclDocument,
  Condition,
  LimitStatement,
  PatternNode,
  Period,
  RequireStatement,
  RuleStatement,
  Severity,
  Statement,
  Unit,
} from '../ast.js';
import { ConditionParser } from './condition-parser.js';
import { Cursor } from './cursor.js';
import { quoteForMessage } from './escape.js';
import type { Lexer, Token } from './lexer.js';
import { splitActionPattern, splitResourcePattern } from './names.js';

const MAX_STATEMENTS = 10_000;
const MAX_COUNT = 1_000_000;

const UNITS = ['second', 'minute', 'hour', 'day'] as const satisfies readonly Unit[];
const LEVELS = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Severity[];

/** One method per production of the grammar; the comment above each is the production. */
export class Parser {
  readonly #cursor: Cursor;
  readonly #lexer: Lexer;
  readonly #conditions: ConditionParser;

  constructor(text: string) {
    this.#cursor = new Cursor(text);
    this.#lexer = this.#cursor.lexer;
    this.#conditions = new ConditionParser(this.#cursor);
  }

  /** document = [ statement ] { ( NEWLINE | ";" ) [ statement ] } */
  document(): CclDocument {
    const statements: Statement[] = [];
    for (this.#cursor.skip(); !this.#lexer.atEnd; this.#cursor.skip()) {
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
    const keyword = this.#cursor.keyword('permit', 'deny', 'require', 'limit');
    if (keyword === undefined) this.#lexer.fail('"permit", "deny", "require" or "limit"');
    if (keyword.word === 'require') return this.#require(keyword.token);
    if (keyword.word === 'limit') return this.#limit(keyword.token);
    return this.#rule(keyword.word, keyword.token);
  }

  /** ( "permit" | "deny" ) action "on" resource [ "when" condition ] [ "severity" level ] */
  #rule(kind: 'permit' | 'deny', first: Token): RuleStatement {
    const action = this.#action();
    this.#cursor.expectKeyword('on');
    const resource = this.#resource();
    const condition = this.#when();
    const severity = this.#severity();
    return Object.freeze({ kind, action, resource, condition, severity, location: this.#cursor.from(first) });
  }

  /** "require" NAME [ "for" action ] "on" resource [ "when" condition ] [ "severity" level ] */
  #require(first: Token): RequireStatement {
    const name = this.#name();
    const forAction = this.#cursor.keyword('for');
    const action = forAction === undefined ? undefined : this.#action();
    this.#cursor.expectKeyword('on', forAction === undefined ? '"for" or "on"' : '"on"');
    const resource = this.#resource();
    const condition = this.#when();
    const severity = this.#severity();
    const location = this.#cursor.from(first);
    return Object.freeze({ kind: 'require', name, action, resource, condition, severity, location });
  }

  /** "limit" action [ "on" resource ] AMOUNT [ "of" field ] "per" [ COUNT ] unit [ "severity" level ] */
  #limit(first: Token): LimitStatement {
    const action = this.#action();
    const resource = this.#cursor.keyword('on') === undefined ? undefined : this.#resource();
    const token = this.#amountToken(resource === undefined);
    const field = this.#cursor.keyword('of') === undefined ? undefined : this.#cursor.field();
    const amount = field === undefined ? this.#count(token) : this.#positive(token);
    this.#cursor.expectKeyword('per', field === undefined ? '"of" or "per"' : '"per"');
    const period = this.#period();
    const severity = this.#severity();
    const location = this.#cursor.from(first);
    return Object.freeze({ kind: 'limit', action, resource, amount, field, period, severity, location });
  }

  /** [ "when" condition ] */
  #when(): Condition | undefined {
    return this.#cursor.keyword('when') === undefined ? undefined : this.#conditions.condition();
  }

  /** [ "severity" level ] */
  #severity(): Severity | undefined {
    if (this.#cursor.keyword('severity') === undefined) return undefined;
    const level = this.#cursor.keyword(...LEVELS);
    return level?.word ?? this.#lexer.fail('"critical", "high", "medium" or "low"');
  }

  /** action = ACTION | STRING */
  #action(): PatternNode {
    this.#cursor.skip();
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
    this.#cursor.skip();
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
    this.#cursor.skip();
    const token = this.#lexer.dotted() ?? this.#lexer.fail('the name of an obligation');
    return token.text;
  }

  /** AMOUNT = COUNT | NUMBER; which of them shows only at "of" */
  #amountToken(mayHaveResource: boolean): Token {
    this.#cursor.skip();
    return this.#lexer.amount() ?? this.#lexer.fail(mayHaveResource ? '"on" or an amount' : 'an amount');
  }

  /** period = [ COUNT ] unit */
  #period(): Period {
    this.#cursor.skip();
    const digits = this.#lexer.digits();
    const count = digits === undefined ? undefined : this.#count(digits);
    const unit = this.#cursor.keyword(...UNITS, ...UNITS.map((name) => `${name}s` as const));
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
    const value = this.#cursor.numberValue(token);
    if (value > 0) return value;
    return this.#lexer.fail('an amount above 0', token.location.start, quoteForMessage(token.text));
  }

  #statementEnd(): void {
    this.#cursor.skip();
    if (this.#lexer.atEnd || this.#lexer.peek() === ';' || this.#lexer.atNewline) return;
    this.#lexer.fail('the end of the statement, or a clause that may follow here');
  }
}
