import type { Condition, Severity, Statement } from './ast.js';
import type { Test } from './lib/condition.js';
import type { Aimed, StatementList } from './lib/statements.js';

/** One statement of a policy as tools show it. */
export interface StatementSummary {
  /** 0-based place in the document. */
  readonly index: number;
  readonly kind: 'permit' | 'deny' | 'require' | 'limit';
  readonly line: number;
  /** The statement as written. */
  readonly text: string;
  /** The action pattern; `**` where none was written. */
  readonly action: string;
  /** The resource pattern; `**` where none was written. */
  readonly resource: string;
  /** The name of an obligation. */
  readonly name?: string;
  /** The most that a window of a limit may hold. */
  readonly amount?: number;
  /** What a limit sums; absent where it counts requests. */
  readonly field?: string;
  /** The length of a limit's window, in milliseconds. */
  readonly periodMs?: number;
}

/** What `evaluate` runs on. */
export interface Program {
  readonly all: StatementList<AnyTarget>;
  readonly denies: StatementList<Rule>;
  readonly permits: StatementList<Rule>;
  readonly requires: StatementList<Requirement>;
  readonly limits: StatementList<Limit>;
}

export type AnyTarget = Rule | Requirement | Limit;

export interface Target extends Aimed {
  readonly kind: Statement['kind'];
  readonly line: number;
  readonly text: string;
  readonly severity: Severity;
  readonly condition: Condition | undefined;
  /** The condition, compiled. */
  readonly test: Test | undefined;
}

export interface Rule extends Target {
  readonly kind: 'permit' | 'deny';
}

export interface Requirement extends Target {
  readonly kind: 'require';
  readonly name: string;
}

export interface Limit extends Target {
  readonly kind: 'limit';
  readonly amount: number;
  readonly field: readonly string[] | undefined;
  /** The field as written. */
  readonly fieldText: string | undefined;
  readonly periodMs: number;
}

const made = Symbol('made by compile');

let readProgram: (policy: Policy) => Program;

/** A compiled document. Only `compile` makes one; nothing else passes for one. */
export class Policy {
  /** The statements of the document, in order. */
  readonly statements: readonly StatementSummary[];
  readonly #program: Program;

  static {
    readProgram = (policy) => policy.#program;
  }

  /** @internal */
  constructor(key: symbol, statements: readonly StatementSummary[], program: Program) {
    if (key !== made) throw new TypeError('a Policy is made by compile()');
    this.statements = statements;
    this.#program = program;
    Object.freeze(this);
  }

  static isPolicy(value: unknown): value is Policy {
    return typeof value === 'object' && value !== null && #program in value;
  }
}

/** @internal */
export function makePolicy(statements: readonly StatementSummary[], program: Program): Policy {
  return new Policy(made, statements, program);
}

/**
 * @internal
 * @throws TypeError if `compile` did not make the policy
 */
export function programOf(policy: Policy): Program {
  if (!Policy.isPolicy(policy)) throw new TypeError('the policy must be one that compile() returned');
  return readProgram(policy);
}
