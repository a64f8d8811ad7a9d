import type { Pattern } from './pattern.js';
import { PatternTree } from './pattern-tree.js';

/** Where a statement applies. */
export interface Aimed {
  /** 0-based place in the document. */
  readonly index: number;
  readonly action: Pattern;
  readonly resource: Pattern;
}

/** Statements in document order, found by the segments of a request. */
export interface StatementList<T extends Aimed> {
  readonly all: readonly T[];
  /** The statements whose patterns match, in document order. */
  covering(action: readonly string[], resource: readonly string[]): T[];
}

/** So many are sorted by insertion: calling `sort` would take longer than finding them did. */
const FEW = 16;

/** The statements of a document, found first by action and then by resource. */
export class Statements<T extends Aimed> implements StatementList<T> {
  readonly all: readonly T[];
  readonly #byAction = new PatternTree<PatternTree<T | T[]>>();

  constructor(all: readonly T[]) {
    this.all = all;
    for (const statement of all) {
      const byResource = this.#byAction.update(
        statement.action,
        (tree) => tree ?? new PatternTree<T | T[]>(),
      );
      byResource.update(statement.resource, (others) => append(others, statement));
    }
  }

  covering(action: readonly string[], resource: readonly string[]): T[] {
    const found: T[] = [];
    for (const byResource of this.#byAction.matching(action)) {
      for (const statements of byResource.matching(resource)) {
        if (Array.isArray(statements)) for (const statement of statements) found.push(statement);
        else found.push(statements);
      }
    }
    return inOrder(found);
  }

  /** Those that pass the test, as a list of their own. */
  filter<S extends T>(test: (statement: T) => statement is S): StatementList<S> {
    return {
      all: this.all.filter(test),
      covering: (action, resource) => this.covering(action, resource).filter(test),
    };
  }
}

function inOrder<T extends Aimed>(found: T[]): T[] {
  if (found.length > FEW) return found.sort((left, right) => left.index - right.index);
  for (let i = 1; i < found.length; i++) {
    const moved = found[i]!;
    let at = i;
    for (; at > 0 && found[at - 1]!.index > moved.index; at--) found[at] = found[at - 1]!;
    found[at] = moved;
  }
  return found;
}

/** Most patterns have one statement, which needs no array. */
function append<T>(others: T | T[] | undefined, statement: T): T | T[] {
  if (others === undefined) return statement;
  if (!Array.isArray(others)) return [others, statement];
  others.push(statement);
  return others;
}
