import type { CclDocument, LimitStatement, PatternNode, RequireStatement, Statement, Unit } from './ast.js';
import { compileCondition } from './lib/condition.js';
import { compilePattern, EVERYTHING, type Pattern } from './lib/pattern.js';
import { Statements } from './lib/statements.js';
import { readDocument, textOf } from './parse.js';
import {
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
  const denies: Rule[] = [];
  const permits: Rule[] = [];
  const requires: Requirement[] = [];
  const limits: Limit[] = [];
  const statements = document.statements.map((statement, index) => {
    const written = text.slice(statement.location.start, statement.location.end);
    if (statement.kind === 'require') requires.push(compileRequirement(statement, index, written));
    else if (statement.kind === 'limit') limits.push(compileLimit(statement, index, written));
    else (statement.kind === 'permit' ? permits : denies).push(compileTarget(statement, index, written));
    return summarize(statement, index, written);
  });
  return makePolicy(Object.freeze(statements), {
    denies: new Statements(denies),
    permits: new Statements(permits),
    requires: new Statements(requires),
    limits: new Statements(limits),
  });
}

function compileTarget<Kind extends Statement['kind']>(
  statement: Statement & { readonly kind: Kind },
  index: number,
  text: string,
): Target & { readonly kind: Kind } {
  const { kind, location, severity } = statement;
  const condition = 'condition' in statement ? statement.condition : undefined;
  return {
    kind,
    index,
    line: location.line,
    text,
    severity: severity ?? 'high',
    action: compileNode(statement.action),
    resource: compileNode(statement.resource),
    condition,
    test: condition === undefined ? undefined : compileCondition(condition),
  };
}

/** A limit without `on` and a requirement without `for` mean `**`. */
function compileNode(node: PatternNode | undefined): Pattern {
  return node === undefined ? EVERYTHING : compilePattern(node.segments);
}

// By assigning: a spread with members after it is slow.
function compileRequirement(statement: RequireStatement, index: number, text: string): Requirement {
  return Object.assign(compileTarget(statement, index, text), { name: statement.name });
}

function compileLimit(statement: LimitStatement, index: number, text: string): Limit {
  const { amount, field, period } = statement;
  const periodMs = (period.count ?? 1) * UNIT_MS[period.unit];
  return Object.assign(compileTarget(statement, index, text), { amount, field: field?.path, periodMs });
}

function summarize(statement: Statement, index: number, text: string): StatementSummary {
  const { kind, location } = statement;
  const action = statement.action?.text ?? '**';
  const resource = statement.resource?.text ?? '**';
  const summary = { index, kind, line: location.line, text, action, resource };
  return Object.freeze(
    statement.kind === 'require' ? Object.assign(summary, { name: statement.name }) : summary,
  );
}
