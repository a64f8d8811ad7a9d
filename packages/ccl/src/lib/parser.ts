import type {
  CclDocument,
  Condition,
  LimitStatement,
  Location,
  PatternNode,
  Period,
  RequireStatement,
  RuleStatement,
  Severity,
  Statement,
  Unit,
} from '../ast.js';
import { failAfterTerm } from './condition-mistakes.js';
import { ConditionParser } from './condition-parser.js';
import { Cursor } from './cursor.js';
import { quoteForMessage } from './escape.js';
import type { Lexer } from './lexer.js';
import { splitActionPattern, splitResourcePattern } from './names.js';
import type { Aliases } from './suggest.js';

const MAX_STATEMENTS = 10_000;
const MAX_COUNT = 1_000_000;

const KINDS = ['permit', 'deny', 'require', 'limit'] as const satisfies readonly Statement['kind'][];
const UNITS = ['second', 'minute', 'hour', 'day'] as const satisfies readonly Unit[];
const PLURALS = UNITS.map((unit) => `${unit}s` as const);
/** Short forms of units. */
const UNIT_ALIASES: Aliases = {
  s: 'seconds',
  sec: 'second',
  secs: 'seconds',
  min: 'minute',
  mins: 'minutes',
  h: 'hours',
  hr: 'hour',
  hrs: 'hours',
  d: 'days',
};
/** What other languages call a permit, a deny and a condition. */
const KIND_ALIASES: Aliases = {
  allow: 'permit',
  allows: 'permit',
  grant: 'permit',
  forbid: 'deny',
  denies: 'deny',
  block: 'deny',
  reject: 'deny',
  prohibit: 'deny',
};
const WHEN_ALIASES: Aliases = { if: 'when', where: 'when' };
const LEVELS = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Severity[];

/** One method per production of the grammar; the comment above each is the production. The nodes are not yet frozen. */
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
        this.#lexer.fail(`at most ${MAX_STATEMENTS} statements`, { found: 'one more' });
      }
      const statement = this.#statement();
      this.#statementEnd(statement);
      statements.push(statement);
    }
    return { kind: 'document', statements, comments: this.#lexer.comments };
  }

  /** statement = rule | require | limit */
  #statement(): Statement {
    const kind =
      this.#cursor.oneOf(KINDS) ??
      this.#cursor.failAtWord('"permit", "deny", "require" or "limit"', KINDS, KIND_ALIASES);
    const first = this.#lexer.lastLocation;
    if (kind === 'require') return this.#require(first);
    return kind === 'limit' ? this.#limit(first) : this.#rule(kind, first);
  }

  /** ( "permit" | "deny" ) action "on" resource [ "when" condition ] [ "severity" level ] */
  #rule(kind: 'permit' | 'deny', first: Location): RuleStatement {
    const action = this.#action();
    this.#cursor.expectKeyword('on');
    const resource = this.#resource();
    const condition = this.#when();
    const severity = this.#severity();
    return { kind, action, resource, condition, severity, location: this.#cursor.from(first) };
  }

  /** "require" NAME [ "for" action ] "on" resource [ "when" condition ] [ "severity" level ] */
  #require(first: Location): RequireStatement {
    const name = this.#name();
    const action = this.#cursor.keyword('for') ? this.#action() : undefined;
    if (action === undefined) this.#cursor.expectKeyword('on', '"for" or "on"', ['for', 'on']);
    else this.#cursor.expectKeyword('on');
    const resource = this.#resource();
    const condition = this.#when();
    const severity = this.#severity();
    const location = this.#cursor.from(first);
    return { kind: 'require', name, action, resource, condition, severity, location };
  }

  /** "limit" action [ "on" resource ] AMOUNT [ "of" field ] "per" [ COUNT ] unit [ "severity" level ] */
  #limit(first: Location): LimitStatement {
    const action = this.#action();
    const resource = this.#cursor.keyword('on') ? this.#resource() : undefined;
    const text = this.#amountText(resource === undefined);
    const start = this.#lexer.tokenStart;
    const field = this.#cursor.keyword('of') ? this.#cursor.field() : undefined;
    const amount = field === undefined ? this.#count(text, start) : this.#positive(text, start);
    this.#cursor.expectKeyword('per', field === undefined ? '"of" or "per"' : '"per"');
    const period = this.#period();
    const severity = this.#severity();
    const location = this.#cursor.from(first);
    return { kind: 'limit', action, resource, amount, field, period, severity, location };
  }

  /** [ "when" condition ] */
  #when(): Condition | undefined {
    return this.#cursor.keyword('when') ? this.#conditions.condition() : undefined;
  }

  /** [ "severity" level ] */
  #severity(): Severity | undefined {
    if (!this.#cursor.keyword('severity')) return undefined;
    return (
      this.#cursor.oneOf(LEVELS) ?? this.#cursor.failAtWord('"critical", "high", "medium" or "low"', LEVELS)
    );
  }

  /** action = ACTION | STRING */
  #action(): PatternNode {
    this.#cursor.skip();
    const string = this.#lexer.string();
    const text = string ?? this.#lexer.action() ?? this.#lexer.fail('an action');
    const segments = splitActionPattern(text);
    if (segments === undefined) {
      const form =
        'an action: segments of A-Z a-z 0-9 _ - : * joined by ".", "**" only as a whole segment, at most 512 characters';
      this.#lexer.failToken(form, quoteForMessage(text));
    }
    const quoted = string !== undefined;
    return { kind: 'action', text, segments, quoted, location: this.#lexer.lastLocation };
  }

  /** resource = STRING | PATH */
  #resource(): PatternNode {
    this.#cursor.skip();
    const string = this.#lexer.string();
    const text = string ?? this.#lexer.path() ?? this.#lexer.fail('a resource: a string or a path');
    const quoted = string !== undefined;
    if (!quoted && !text.startsWith('/') && text !== '*' && text !== '**') this.#failPath(text);
    const segments = splitResourcePattern(text);
    if (segments === undefined) {
      const form =
        'a resource without ".", "..", backslashes, control characters, %2e, %2f, %5c or "**" inside a segment, at most 4096 characters';
      this.#lexer.failToken(form, quoteForMessage(text));
    }
    return { kind: 'resource', text, segments, quoted, location: this.#lexer.lastLocation };
  }

  /** A bare path that lacks its slash. With it, it is the same resource, if it is one. */
  #failPath(text: string): never {
    const { tokenStart: start, tokenEnd: end } = this.#lexer;
    const isResource = splitResourcePattern(text) !== undefined;
    const suggestion = isResource ? { start, end, text: `/${text}` } : undefined;
    const form = 'a path that begins with "/" (quote any other resource)';
    return this.#lexer.failToken(form, quoteForMessage(text), { suggestion });
  }

  /** NAME = IDENT { "." IDENT } */
  #name(): string {
    this.#cursor.skip();
    return this.#lexer.dotted() ?? this.#lexer.fail('the name of an obligation');
  }

  /** AMOUNT = COUNT | NUMBER; which of them shows only at "of" */
  #amountText(mayHaveResource: boolean): string {
    this.#cursor.skip();
    return this.#lexer.amount() ?? this.#lexer.fail(mayHaveResource ? '"on" or an amount' : 'an amount');
  }

  /** period = [ COUNT ] unit */
  #period(): Period {
    this.#cursor.skip();
    const digits = this.#lexer.digits();
    const count = digits === undefined ? undefined : this.#count(digits, this.#lexer.tokenStart);
    const plural = this.#cursor.oneOf(PLURALS);
    const unit = plural === undefined ? this.#cursor.oneOf(UNITS) : UNITS[PLURALS.indexOf(plural)];
    if (unit !== undefined) return { count, unit };
    const words = [...PLURALS, ...UNITS];
    return this.#cursor.failAtWord('"seconds", "minutes", "hours" or "days"', words, UNIT_ALIASES);
  }

  /** COUNT: digits only, 1 to 1,000,000 */
  #count(text: string, start: number): number {
    const value = /^[0-9]+$/.test(text) ? Number(text) : 0;
    if (value >= 1 && value <= MAX_COUNT) return value;
    return this.#failNumber('a whole number from 1 to 1000000', text, start);
  }

  /** An AMOUNT before "of": any positive number; only a COUNT may begin with zeros */
  #positive(text: string, start: number): number {
    if (/^0[0-9]/.test(text)) return this.#count(text, start);
    const value = this.#cursor.numberValue(text, start);
    if (value > 0) return value;
    return this.#failNumber('an amount above 0', text, start);
  }

  #failNumber(expected: string, text: string, start: number): never {
    return this.#lexer.fail(expected, { at: start, end: start + text.length, found: quoteForMessage(text) });
  }

  #statementEnd(statement: Statement): void {
    this.#cursor.skip();
    if (this.#lexer.atEnd || this.#lexer.peek() === ';' || this.#lexer.atNewline) return;
    const expected = 'the end of the statement, or a clause that may follow here';
    if (statement.severity !== undefined) this.#lexer.fail(expected);
    if (statement.kind === 'limit') this.#cursor.failAtWord(expected, ['severity']);
    if (statement.condition === undefined) {
      this.#cursor.failAtWord(expected, ['when', 'severity'], WHEN_ALIASES);
    }
    failAfterTerm(this.#lexer, expected, ['and', 'or', 'severity']);
  }
}
