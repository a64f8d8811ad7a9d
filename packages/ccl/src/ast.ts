/** Where a node stands in its text. `line` and `column` count from 1, columns and offsets in UTF-16 units. */
export interface Location {
  readonly start: number;
  /** The offset just after the node. */
  readonly end: number;
  readonly line: number;
  readonly column: number;
}

export type Severity = 'critical' | 'high' | 'medium' | 'low';
export type Unit = 'second' | 'minute' | 'hour' | 'day';
export type Quantifier = 'every' | 'some';
export type Operator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'not_in'
  | 'contains'
  | 'not_contains'
  | 'matches'
  | 'starts_with'
  | 'ends_with';

/** A parsed text. All nodes are frozen. Only `parse` makes one that `compile` and `format` take. */
export interface CclDocument {
  readonly kind: 'document';
  readonly statements: readonly Statement[];
  readonly comments: readonly Comment[];
}

/** A comment: what follows the `#`, without white space at its end. */
export interface Comment {
  readonly kind: 'comment';
  readonly text: string;
  readonly location: Location;
}

export type Statement = RuleStatement | RequireStatement | LimitStatement;

export interface RuleStatement {
  readonly kind: 'permit' | 'deny';
  readonly action: PatternNode;
  readonly resource: PatternNode;
  readonly condition: Condition | undefined;
  /** As written; left out means `high`. */
  readonly severity: Severity | undefined;
  readonly location: Location;
}

export interface RequireStatement {
  readonly kind: 'require';
  readonly name: string;
  /** The pattern after `for`; left out means `**`. */
  readonly action: PatternNode | undefined;
  readonly resource: PatternNode;
  readonly condition: Condition | undefined;
  readonly severity: Severity | undefined;
  readonly location: Location;
}

export interface LimitStatement {
  readonly kind: 'limit';
  readonly action: PatternNode;
  /** The pattern after `on`; left out means `**`. */
  readonly resource: PatternNode | undefined;
  readonly amount: number;
  /** What is summed; without it requests are counted. */
  readonly field: FieldNode | undefined;
  readonly period: Period;
  readonly severity: Severity | undefined;
  readonly location: Location;
}

/** `per hour` has no count, `per 2 hours` has. */
export interface Period {
  readonly count: number | undefined;
  readonly unit: Unit;
}

export interface PatternNode {
  readonly kind: 'action' | 'resource';
  readonly text: string;
  /** The text between the separators; a resource has no empty ones. */
  readonly segments: readonly string[];
  /** True when it was written as a string. */
  readonly quoted: boolean;
  readonly location: Location;
}

export type Condition = LogicNode | NotNode | HasNode | ComparisonNode;

/** A chain of two or more terms; a chain never holds a chain of its own kind. */
export type LogicNode = AndNode | OrNode;

export interface AndNode {
  readonly kind: 'and';
  readonly terms: readonly Condition[];
  readonly location: Location;
}

export interface OrNode {
  readonly kind: 'or';
  readonly terms: readonly Condition[];
  readonly location: Location;
}

export interface NotNode {
  readonly kind: 'not';
  readonly operand: Condition;
  readonly location: Location;
}

export interface HasNode {
  readonly kind: 'has';
  readonly field: FieldNode;
  readonly location: Location;
}

export interface ComparisonNode {
  readonly kind: 'comparison';
  readonly quantifier: Quantifier | undefined;
  readonly field: FieldNode;
  readonly operator: Operator;
  readonly value: ValueNode;
  readonly location: Location;
}

export interface FieldNode {
  readonly kind: 'field';
  readonly path: readonly string[];
  readonly location: Location;
}

export type Scalar = string | number | boolean;
export type ValueNode = LiteralNode | ArrayNode | ReferenceNode;

export interface LiteralNode {
  readonly kind: 'literal';
  readonly value: Scalar;
  readonly location: Location;
}

export interface ArrayNode {
  readonly kind: 'array';
  readonly items: readonly LiteralNode[];
  readonly location: Location;
}

/** `@field`: the value of another field of the context. */
export interface ReferenceNode {
  readonly kind: 'reference';
  readonly field: FieldNode;
  readonly location: Location;
}
