/** The grammar as a table: what may stand where in a statement, and what may follow it. */
import { LEVELS, OPERATORS, UNITS, type Word } from './words.js';

/** What a token is that is no keyword, operator or bracket. */
export type Role = 'action' | 'resource' | 'name' | 'field' | 'number' | 'value';

/** Between which parts of a statement a place is; named after what may stand there first. */
export type PlaceName =
  | 'start'
  | 'action'
  | 'on'
  | 'resource'
  | 'clauses'
  | 'name'
  | 'for'
  | 'limited'
  | 'limitOn'
  | 'limitResource'
  | 'amount'
  | 'of'
  | 'sum'
  | 'per'
  | 'count'
  | 'unit'
  | 'severity'
  | 'level'
  | 'operand'
  | 'field'
  | 'wholeField'
  | 'operator'
  | 'value'
  | 'items'
  | 'connective'
  | 'end'
  | 'lost';

/** The words and signs that may stand at a place and where each leads, and what else may stand there. */
export interface Place {
  readonly words: Readonly<Record<string, PlaceName>>;
  readonly other?: readonly [Role, PlaceName];
}

const all = (words: readonly Word[], next: PlaceName) =>
  Object.fromEntries(words.map((word) => [word, next]));

export const PLACES: Readonly<Record<PlaceName, Place>> = {
  start: { words: { permit: 'action', deny: 'action', require: 'name', limit: 'limited' } },
  // permit, deny and require
  action: { words: {}, other: ['action', 'on'] },
  on: { words: { on: 'resource' } },
  resource: { words: {}, other: ['resource', 'clauses'] },
  clauses: { words: { when: 'operand', severity: 'level' } },
  name: { words: {}, other: ['name', 'for'] },
  for: { words: { for: 'action', on: 'resource' } },
  // limit
  limited: { words: {}, other: ['action', 'limitOn'] },
  limitOn: { words: { on: 'limitResource' }, other: ['number', 'of'] },
  limitResource: { words: {}, other: ['resource', 'amount'] },
  amount: { words: {}, other: ['number', 'of'] },
  of: { words: { of: 'sum', per: 'count' } },
  sum: { words: {}, other: ['field', 'per'] },
  per: { words: { per: 'count' } },
  count: { words: all(UNITS, 'severity'), other: ['number', 'unit'] },
  unit: { words: all(UNITS, 'severity') },
  severity: { words: { severity: 'level' } },
  level: { words: all(LEVELS, 'end') },
  // conditions
  operand: {
    words: { '(': 'operand', not: 'operand', has: 'wholeField', every: 'field', some: 'field' },
    other: ['field', 'operator'],
  },
  field: { words: {}, other: ['field', 'operator'] },
  wholeField: { words: {}, other: ['field', 'connective'] },
  operator: { words: all(OPERATORS, 'value') },
  value: {
    words: { '@': 'wholeField', '[': 'items', true: 'connective', false: 'connective' },
    other: ['value', 'connective'],
  },
  items: {
    words: { ',': 'items', ']': 'connective', true: 'items', false: 'items' },
    other: ['value', 'items'],
  },
  connective: { words: { and: 'operand', or: 'operand', ')': 'connective', severity: 'level' } },
  end: { words: {} },
  /** Behind something that makes no sense, nothing is known until the statement ends. */
  lost: { words: {} },
};
