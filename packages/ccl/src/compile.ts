import type { CclDocument, LimitStatement, PatternNode, RequireStatement, Statement, Unit } from './ast.js';
import { compileCondition } from './lib/condition.js';
import { compilePattern, EVERYTHING, type Pattern } from './lib/pattern.js';
import { Shared } from './lib/shared.js';
import { Statements } from './lib/statements.js';
import { readDocument, textOf } from './parse.js';
import {
  type AnyTarget,
  type Limit,
  makePolicy,
  type Policy,
  type Requirement,
  type Rule,
  type StatementSummary,
  type Target,
} from './policy.js';

const UNIT_MS: Readonly<Record<Unit, number>> = {
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/**
 * Prepares a document for `evaluate`.
 * @param source a CCL text, or a document that `parse` returned
 * @throws CclSyntaxError (`ccl_syntax`) if a text does not parse
 * @throws TypeError if `source` is anything else
 */
export function compile(source: string | CclDocument): Policy {
  const isText = typeof source === 'string';
  const text = isText ? source : textOf(source);
  const document = isText ? readDocument(source) : source;
  const compiler = new Compiler(text);
  const all = document.statements.map((statement, index) => compiler.statement(statement, index));
  const statements = new Statements(all);
  const summaries = document.statements.map((statement, index) => summarize(statement, all[index]!));
  return makePolicy(Object.freeze(summaries), {
    all: statements,
    denies: statements.filter((one): one is Rule => one.kind === 'deny'),
    permits: statements.filter((one): one is Rule => one.kind === 'permit'),
    requires: statements.filter((one): one is Requirement => one.kind === 'require'),
    limits: statements.filter((one): one is Limit => one.kind === 'limit'),
  });
}

/** Compiles the statements of one document. */
class Compiler {
  readonly #text: string;
  readonly #shared: Shared;

  constructor(text: string) {
    this.#text = text;
    this.#shared = new Shared(text);
  }

  statement(statement: Statement, index: number): AnyTarget {
    switch (statement.kind) {
      case 'require':
        return this.#requirement(statement, index);
      case 'limit':
        return this.#limit(statement, index);
      default:
        return this.#target(statement, index);
    }
  }

  // By assigning: a spread with members after it is slow.
  #requirement(statement: RequireStatement, index: number): Requirement {
    return Object.assign(this.#target(statement, index), { name: statement.name });
  }

  #limit(statement: LimitStatement, index: number): Limit {
    const { amount, field, period } = statement;
    const periodMs = (period.count ?? 1) * UNIT_MS[period.unit];
    const sum = { field: field?.path, fieldText: field?.path.join('.') };
    return Object.assign(this.#target(statement, index), { amount, periodMs }, sum);
  }

  #target<Kind extends Statement['kind']>(
    statement: Statement & { readonly kind: Kind },
    index: number,
  ): Target & { readonly kind: Kind } {
    const { kind, location, severity } = statement;
    const condition = 'condition' in statement ? statement.condition : undefined;
    return {
      kind,
      test: condition === undefined ? undefined : compileCondition(condition, this.#shared),
      line: location.line,
      severity: severity ?? 'high',
      text: this.#text.slice(location.start, location.end),
      index,
      action: this.#pattern(statement.action),
      resource: this.#pattern(statement.resource),
      condition,
    };
  }

  /** A limit without `on` and a requirement without `for` mean `**`. */
  #pattern(node: PatternNode | undefined): Pattern {
    return node === undefined ? EVERYTHING : compilePattern(node.segments, this.#shared.segments);
  }
}

function summarize(statement: Statement, compiled: AnyTarget): StatementSummary {
  const { index, kind, line, text } = compiled;
  const action = statement.action?.text ?? '**';
  const resource = statement.resource?.text ?? '**';
  const summary = { index, kind, line, text, action, resource };
  return Object.freeze(Object.assign(summary, particularsOf(compiled)));
}

/** What statements of some kinds have beside the others. */
function particularsOf(compiled: AnyTarget): Partial<StatementSummary> {
  if (compiled.kind === 'require') return { name: compiled.name };
  if (compiled.kind !== 'limit') return {};
  const { amount, fieldText: field, periodMs } = compiled;
  return field === undefined ? { amount, periodMs } : { amount, field, periodMs };
}
