/**
 * Covenants written in TypeScript: `permit('payments.refund').on('/orders/**').when(arg('amount').lte(200))` prints
 * CCL. Every value is frozen and was checked when it was made, so what comes out parses.
 */
import { checkComment, checkSize, readText } from './lib/builder/check.js';
import { Rule, type Statement } from './lib/builder/statement.js';

export type { Scalar, Severity, Unit } from './ast.js';
export type { Condition, Field, Operand } from './lib/builder/condition.js';
export { and, arg, every, field, has, not, or, some } from './lib/builder/condition.js';
export type { Rule, Statement } from './lib/builder/statement.js';
export { deny, limit, permit, requires } from './lib/builder/statement.js';

/** A line that decides nothing. */
class Line {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    Object.freeze(this);
  }

  toString(): string {
    return this.#text;
  }
}

export type { Line };

/** An empty line between parts. */
export const blank: Line = new Line('');

/**
 * A comment on a line of its own. A text that begins with `#` is taken as it is.
 * @throws RangeError if it has more than one line, or a character that no comment may hold
 */
export function comment(text: string): Line {
  const line = checkComment('comment', text);
  readText('comment', line);
  return new Line(line);
}

/**
 * The CCL text of these parts, one a line, in canonical form.
 * @throws TypeError for a part that is no finished statement, no comment and not `blank`
 * @throws RangeError if there are more than 10,000 statements, or more than 1 MiB of UTF-8
 */
export function ccl(parts: readonly (Statement | Line)[]): string {
  if (!Array.isArray(parts)) throw new TypeError('ccl: the parts must be a list');
  const lines = Array.from(parts, (part: unknown, index) => {
    if (part instanceof Rule || part instanceof Line) return String(part);
    throw new TypeError(`ccl: part ${index} is not finished: a rule ends with .on(…), a limit with .per(…)`);
  });
  checkSize('ccl', lines);
  return readText('ccl', lines.join('\n'));
}
