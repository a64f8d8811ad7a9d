/** Says a parsed document, or one that was made up, once more through the builder. */
import type {
  CclDocument,
  ComparisonNode,
  Condition as ConditionNode,
  RequireStatement,
  RuleStatement,
  Statement,
} from '../../src/ast.js';
import {
  and,
  type Statement as Built,
  blank,
  type Condition,
  ccl,
  comment,
  deny,
  every,
  type Field,
  field,
  has,
  type Line,
  limit,
  not,
  or,
  permit,
  type Rule,
  requires,
  some,
} from '../../src/builder.js';

const fieldOf = ({ path }: { readonly path: readonly string[] }): Field => field(path.join('.'));

export function rebuildCondition(node: ConditionNode): Condition {
  switch (node.kind) {
    case 'and':
      return and(...node.terms.map(rebuildCondition));
    case 'or':
      return or(...node.terms.map(rebuildCondition));
    case 'not':
      return not(rebuildCondition(node.operand));
    case 'has':
      return has(fieldOf(node.field));
    case 'comparison':
      return rebuildComparison(node);
  }
}

function rebuildComparison({ quantifier, field, operator, value }: ComparisonNode): Condition {
  const left = { every, some, plain: (f: Field) => f }[quantifier ?? 'plain'](fieldOf(field));
  const right =
    value.kind === 'literal'
      ? value.value
      : value.kind === 'array'
        ? value.items.map((item) => item.value)
        : fieldOf(value.field);
  // The types of the operators are tested elsewhere; here the parser has seen to them.
  const given = right as never;
  switch (operator) {
    case '=':
      return left.eq(given);
    case '!=':
      return left.ne(given);
    case '<':
      return left.lt(given);
    case '<=':
      return left.lte(given);
    case '>':
      return left.gt(given);
    case '>=':
      return left.gte(given);
    case 'in':
      return left.in(given);
    case 'not_in':
      return left.notIn(given);
    case 'contains':
      return left.contains(given);
    case 'not_contains':
      return left.notContains(given);
    case 'matches':
      return left.matches(given);
    case 'starts_with':
      return left.startsWith(given);
    case 'ends_with':
      return left.endsWith(given);
  }
}

export function rebuildStatement(node: Statement): Built {
  const built = begun(node);
  return node.severity === undefined ? built : built.severity(node.severity);
}

function begun(node: Statement): Built {
  const resource = node.resource?.text;
  if (node.kind === 'limit') {
    const start = limit(node.action.text);
    const amount = (resource === undefined ? start : start.on(resource)).to(node.amount);
    const of = node.field === undefined ? amount : amount.of(fieldOf(node.field));
    const { count, unit } = node.period;
    return count === undefined ? of.per(unit) : of.per(count, `${unit}s`);
  }
  const rule = aimed(node).on(resource!);
  return node.condition === undefined ? rule : rule.when(rebuildCondition(node.condition));
}

function aimed(node: RuleStatement | RequireStatement): { on(resource: string): Rule } {
  if (node.kind !== 'require') return { permit, deny }[node.kind](node.action.text);
  return node.action === undefined ? requires(node.name) : requires(node.name).for(node.action.text);
}

/** The text that the builder prints for a text in canonical form, with its comments and blank lines. */
export function rebuildText(canonical: string, { statements, comments }: CclDocument): string {
  const parts: (Built | Line)[] = canonical
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      if (line === '') return blank;
      if (line.startsWith('#')) return comment(line);
      const on = ({ location }: { location: { line: number } }) => location.line === index + 1;
      const built = rebuildStatement(statements.find(on)!);
      const behind = comments.find(on);
      return behind === undefined ? built : built.note(`#${behind.text}`);
    });
  return ccl(parts);
}
