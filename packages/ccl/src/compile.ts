import type { CclDocument, LimitStatement, RequireStatement, RuleStatement, Statement, Unit } from './ast.js';
import { compileCondition } from './lib/condition.js';
import { splitActionPattern, splitResourcePattern } from './lib/names.js';
import { compilePattern } from './lib/pattern.js';
import { Statements } from './lib/statements.js';
import { parse, textOf } from './parse.js';
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
  const document = typeof source === 'string' ? parse(source) : source;
  const text = textOf(document);
  const denies: Rule[] = [];
  const permits: Rule[] = [];
  const requires: Requirement[] = [];
  const limits: Limit[] = [];
  const statements = document.statements.map((statement, index) => {
    const target = compileTarget(statement, index, text);
    if (statement.kind === 'require') requires.push({ ...target, name: statement.name });
    else if (statement.kind === 'limit') limits.push(compileLimit(statement, target));
    else (statement.kind === 'permit' ? permits : denies).push({ ...target, kind: statement.kind });
    return summarize(statement, target);
  });
  return makePolicy(Object.freeze(statements), {
    denies: new Statements(denies),
    permits: new Statements(permits),
    requires: new Statements(requires),
    limits: new Statements(limits),
  });
}

function compileTarget(statement: Statement, index: number, text: string): Target {
  const { location, severity } = statement;
  const condition = statement.kind === 'limit' ? undefined : statement.condition;
  return {
    index,
    line: location.line,
    text: text.slice(location.start, location.end),
    severity: severity ?? 'high',
    action: compilePattern(splitActionPattern(actionOf(statement))!),
    resource: compilePattern(splitResourcePattern(resourceOf(statement))!),
    condition,
    test: condition === undefined ? undefined : compileCondition(condition),
  };
}

function compileLimit(statement: LimitStatement, target: Target): Limit {
  const { amount, field, period } = statement;
  return { ...target, amount, field: field?.path, periodMs: (period.count ?? 1) * UNIT_MS[period.unit] };
}

function summarize(statement: Statement, target: Target): StatementSummary {
  return Object.freeze({
    index: target.index,
    kind: statement.kind,
    line: target.line,
    text: target.text,
    action: actionOf(statement),
    resource: resourceOf(statement),
    ...(statement.kind === 'require' ? { name: statement.name } : {}),
  });
}

/** A limit without `on` and a requirement without `for` mean `**`. */
function actionOf(statement: RuleStatement | RequireStatement | LimitStatement): string {
  return statement.action?.text ?? '**';
}

function resourceOf(statement: RuleStatement | RequireStatement | LimitStatement): string {
  return statement.resource?.text ?? '**';
}
