import type {
  LimitStatement,
  RequireStatement,
  RuleStatement,
  Severity,
  Statement as StatementNode,
  Unit,
} from '../../ast.js';
import { formatStatement } from '../../format.js';
import {
  checkComment,
  checkDotted,
  checkNumber,
  checkWord,
  NOWHERE,
  patternNode,
  readStatement,
} from './check.js';
import { Condition, type Field, Operand } from './condition.js';

const LEVELS = ['critical', 'high', 'medium', 'low'] as const satisfies readonly Severity[];
const UNITS = ['second', 'minute', 'hour', 'day'] as const satisfies readonly Unit[];

/** A statement that parses. Each step gives a new one. */
export interface Statement {
  /** How grave it is when this statement decides; left out means `high`. */
  severity(level: Severity): Statement;
  /** A comment behind the statement, on its line. */
  note(text: string): Statement;
  /** The statement as CCL. */
  toString(): string;
}

/** A statement that may have a condition: all but a `limit`. */
export class Rule implements Statement {
  readonly #node: StatementNode;
  readonly #note: string;
  readonly #text: string;

  /** @internal */
  constructor(caller: string, node: StatementNode, note = '') {
    this.#node = node;
    this.#note = note;
    this.#text = `${formatStatement(node)}${note}`;
    readStatement(caller, this.#text);
    Object.freeze(this);
  }

  /**
   * The condition under which it applies.
   * @throws TypeError for a second one: join them with `and`
   */
  when(condition: Condition): Rule {
    const node = this.#node;
    if (node.kind === 'limit') throw new TypeError('when: a limit has no condition');
    if (node.condition !== undefined) throw new TypeError('when: there is a condition already; use and(…)');
    return new Rule('when', { ...node, condition: Condition.nodeOf('when', condition) }, this.#note);
  }

  severity(level: Severity): Rule {
    return new Rule(
      'severity',
      { ...this.#node, severity: checkWord('severity', LEVELS, level) },
      this.#note,
    );
  }

  note(text: string): Rule {
    return new Rule('note', this.#node, ` ${checkComment('note', text)}`);
  }

  toString(): string {
    return this.#text;
  }
}

/** What a rule or an obligation is before its resource. Each step throws a RangeError for what is no pattern. */
class RuleDraft {
  readonly #begun: Omit<RuleStatement, 'resource'> | Omit<RequireStatement, 'resource'>;

  constructor(begun: Omit<RuleStatement, 'resource'> | Omit<RequireStatement, 'resource'>) {
    this.#begun = begun;
    Object.freeze(this);
  }

  /** The action that the obligation is for; without it every action. */
  for(action: string): Pick<RuleDraft, 'on'> {
    return new RuleDraft({ ...this.#begun, action: patternNode('action', 'for', action) });
  }

  on(resource: string): Rule {
    return new Rule('on', { ...this.#begun, resource: patternNode('resource', 'on', resource) });
  }
}

/** What a limit is before its period. Each step throws a RangeError for what CCL does not take. */
class LimitDraft {
  readonly #begun: Omit<LimitStatement, 'period'>;

  constructor(begun: Omit<LimitStatement, 'period'>) {
    this.#begun = begun;
    Object.freeze(this);
  }

  /** The resource that it counts on; without it every resource. */
  on(resource: string): Pick<LimitDraft, 'to'> {
    return new LimitDraft({ ...this.#begun, resource: patternNode('resource', 'on', resource) });
  }

  /** The most that a window may hold: 1 to 1,000,000 requests, or of a field any amount above 0. */
  to(amount: number): Pick<LimitDraft, 'of' | 'per'> {
    return new LimitDraft({ ...this.#begun, amount: checkNumber('to', 'the amount', amount) });
  }

  /** What is summed; without it requests are counted. */
  of(field: Field): Pick<LimitDraft, 'per'> {
    return new LimitDraft({ ...this.#begun, field: Operand.nodeOf('of', field) });
  }

  /** The window: `.per('day')`, or `.per(7, 'days')`. */
  per(...period: [Unit | `${Unit}s`] | [number, Unit | `${Unit}s`]): Statement {
    const count = period.length === 2 ? checkNumber('per', 'the count', period[0]) : undefined;
    const unit = checkWord('per', UNITS, String(period.at(-1)).replace(/s$/, ''));
    return new Rule('per', { ...this.#begun, period: { count, unit } });
  }
}

const REST = { condition: undefined, severity: undefined, location: NOWHERE } as const;

/**
 * Allows an action where no deny applies.
 * @throws RangeError if it is no action pattern of CCL
 */
export function permit(action: string): Pick<RuleDraft, 'on'> {
  return new RuleDraft({ kind: 'permit', action: patternNode('action', 'permit', action), ...REST });
}

/**
 * Forbids an action, whatever permits it.
 * @throws RangeError if it is no action pattern of CCL
 */
export function deny(action: string): Pick<RuleDraft, 'on'> {
  return new RuleDraft({ kind: 'deny', action: patternNode('action', 'deny', action), ...REST });
}

/**
 * Names what must happen before an action: CCL's `require`, a word that modules keep to themselves.
 * @throws RangeError if it is no name of CCL
 */
export function requires(obligation: string): Pick<RuleDraft, 'for' | 'on'> {
  const name = checkDotted('requires', 'the name of an obligation', obligation);
  return new RuleDraft({ kind: 'require', name, action: undefined, ...REST });
}

/**
 * Bounds the requests that are permitted in a window, or the sum of a field over them.
 * @throws RangeError if it is no action pattern of CCL
 */
export function limit(action: string): Pick<LimitDraft, 'on' | 'to'> {
  const begun = { resource: undefined, amount: Number.NaN, field: undefined, ...REST };
  return new LimitDraft({ kind: 'limit', action: patternNode('action', 'limit', action), ...begun });
}
