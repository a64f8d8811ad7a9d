import type {
  CclDocument,
  Comment,
  Condition,
  LiteralNode,
  PatternNode,
  Period,
  Severity,
  Statement,
  ValueNode,
} from './ast.js';
import { isShortEnough, textOf } from './parse.js';

/**
 * The document in canonical form: one statement a line, keywords in lower case, single spaces, no needless
 * parentheses, comments kept. A comment inside a statement moves to a line of its own above it. Parsing the result
 * gives an equal document; formatting it again changes nothing. If the canonical form would be too long to be
 * parsed, the text is returned as it was.
 * @throws TypeError if `parse` did not make the document
 */
export function format(document: CclDocument): string {
  const text = textOf(document);
  const formatted = new Layout(text, document.comments).print(document.statements);
  return isShortEnough(formatted) ? formatted : text;
}

/** Sets statements and comments in the order of the text, and keeps blank lines between them as one. */
class Layout {
  readonly #text: string;
  readonly #comments: readonly Comment[];
  readonly #lines: string[] = [];
  #next = 0;
  /** Where in the text the last thing that was printed ended. */
  #end = 0;

  constructor(text: string, comments: readonly Comment[]) {
    this.#text = text;
    this.#comments = comments;
  }

  print(statements: readonly Statement[]): string {
    for (const statement of statements) {
      const { start, end } = statement.location;
      this.#ownLines(start);
      this.#separate(start);
      while (this.#isBefore(end)) this.#lines.push(this.#comment());
      this.#lines.push(formatStatement(statement));
      this.#end = end;
      this.#trailing(end);
    }
    this.#ownLines(this.#text.length);
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  /** The comments before an offset, each on its own line. */
  #ownLines(offset: number): void {
    while (this.#isBefore(offset)) {
      const { start, end } = this.#comments[this.#next]!.location;
      this.#separate(start);
      this.#lines.push(this.#comment());
      this.#end = end;
    }
  }

  /** A comment on the line where a statement ends stays there. */
  #trailing(end: number): void {
    const location = this.#comments[this.#next]?.location;
    if (location === undefined || !/^[ \t;]*$/.test(this.#text.slice(end, location.start))) return;
    this.#lines[this.#lines.length - 1] += ` ${this.#comment()}`;
    this.#end = location.end;
  }

  #separate(start: number): void {
    if (this.#lines.length === 0) return;
    const between = this.#text.slice(this.#end, start);
    if (between.indexOf('\n') !== between.lastIndexOf('\n')) this.#lines.push('');
  }

  #isBefore(offset: number): boolean {
    const comment = this.#comments[this.#next];
    return comment !== undefined && comment.location.start < offset;
  }

  #comment(): string {
    return `#${this.#comments[this.#next++]!.text}`;
  }
}

/** One statement in canonical form, on one line. */
export function formatStatement(statement: Statement): string {
  switch (statement.kind) {
    case 'permit':
    case 'deny':
      return words(
        statement.kind,
        pattern(statement.action),
        'on',
        pattern(statement.resource),
        tail(statement),
      );
    case 'require': {
      const forAction = statement.action && `for ${pattern(statement.action)}`;
      return words('require', statement.name, forAction, 'on', pattern(statement.resource), tail(statement));
    }
    case 'limit': {
      const { action, resource, amount, field, period, severity } = statement;
      const on = resource && `on ${pattern(resource)}`;
      const of = field && `of ${field.path.join('.')}`;
      return words('limit', pattern(action), on, String(amount), of, 'per', span(period), level(severity));
    }
  }
}

function words(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== '').join(' ');
}

function tail(statement: { condition: Condition | undefined; severity: Severity | undefined }): string {
  const when = statement.condition && `when ${formatCondition(statement.condition)}`;
  return words(when, level(statement.severity));
}

function level(severity: Severity | undefined): string | undefined {
  return severity && `severity ${severity}`;
}

function span({ count, unit }: Period): string {
  return count === undefined ? unit : `${count} ${unit}s`;
}

function pattern({ text, quoted }: PatternNode): string {
  return quoted ? quote(text) : text;
}

/** A condition in canonical form: parentheses only where the grammar needs them. */
export function formatCondition(node: Condition): string {
  switch (node.kind) {
    case 'or':
      return node.terms.map(formatCondition).join(' or ');
    case 'and':
      return node.terms.map((term) => grouped(term, term.kind === 'or')).join(' and ');
    case 'not':
      return `not ${grouped(node.operand, node.operand.kind === 'or' || node.operand.kind === 'and')}`;
    case 'has':
      return `has ${node.field.path.join('.')}`;
    case 'comparison': {
      const { quantifier, field, operator, value } = node;
      return words(quantifier, field.path.join('.'), operator, formatValue(value));
    }
  }
}

function grouped(node: Condition, needed: boolean): string {
  return needed ? `(${formatCondition(node)})` : formatCondition(node);
}

function formatValue(value: ValueNode): string {
  if (value.kind === 'reference') return `@${value.field.path.join('.')}`;
  return value.kind === 'array' ? `[${value.items.map(scalar).join(', ')}]` : scalar(value);
}

function scalar({ value }: LiteralNode): string {
  return typeof value === 'string' ? quote(value) : String(value);
}

/** Raw where that shows the text as it is; with JSON's escapes where it holds a quote or a character one cannot see. */
function quote(text: string): string {
  if (!/['\p{C}\p{Zl}\p{Zp}]/u.test(text)) return `'${text}'`;
  const hidden = /[\p{C}\p{Zl}\p{Zp}]/gu;
  return JSON.stringify(text).replace(hidden, (c) => [...utf16(c)].map((u) => `\\u${u}`).join(''));
}

function* utf16(character: string): Generator<string> {
  for (let i = 0; i < character.length; i++) yield character.charCodeAt(i).toString(16).padStart(4, '0');
}
