import { matchPattern, type Pattern } from './pattern.js';

/** Where a statement applies. */
export interface Aimed {
  /** 0-based place in the document. */
  readonly index: number;
  readonly action: Pattern;
  readonly resource: Pattern;
}

/**
 * Statements in document order, found by the literal segments with which their patterns begin: first of the action,
 * then of the resource. So a request meets only those that agree with it up to their first wildcard.
 */
export class Statements<T extends Aimed> {
  readonly all: readonly T[];
  readonly #byAction = new PrefixTree<PrefixTree<T[]>>();

  constructor(all: readonly T[]) {
    this.all = all;
    for (const statement of all) {
      const byResource = this.#byAction.slot(statement.action, () => new PrefixTree());
      byResource.slot(statement.resource, () => []).push(statement);
    }
  }

  /** The statements whose patterns match, in document order. */
  covering(action: readonly string[], resource: readonly string[]): T[] {
    const found: T[] = [];
    this.#byAction.visit(action, (byResource) => {
      byResource.visit(resource, (statements) => {
        for (const statement of statements) {
          if (matchPattern(statement.action, action) && matchPattern(statement.resource, resource))
            found.push(statement);
        }
      });
    });
    return found.length > 1 ? found.sort((left, right) => left.index - right.index) : found;
  }
}

interface Node<Slot> {
  readonly children: Map<string, Node<Slot>>;
  /** For patterns that end here. */
  exact: Slot | undefined;
  /** For patterns that go on with a wildcard. */
  open: Slot | undefined;
}

/** One slot for all patterns that begin with the same literal segments and go on alike. */
class PrefixTree<Slot> {
  readonly #root = newNode<Slot>();

  slot({ segments }: Pattern, make: () => Slot): Slot {
    let node = this.#root;
    for (const segment of segments) {
      if (segment.kind !== 'literal') {
        node.open ??= make();
        return node.open;
      }
      const next = node.children.get(segment.text) ?? newNode<Slot>();
      node.children.set(segment.text, next);
      node = next;
    }
    node.exact ??= make();
    return node.exact;
  }

  /** Visits the slots of all patterns that may match. */
  visit(segments: readonly string[], visit: (slot: Slot) => void): void {
    let node = this.#root;
    if (node.open !== undefined) visit(node.open);
    for (const segment of segments) {
      const next = node.children.get(segment);
      if (next === undefined) return;
      node = next;
      if (node.open !== undefined) visit(node.open);
    }
    if (node.exact !== undefined) visit(node.exact);
  }
}

function newNode<Slot>(): Node<Slot> {
  return { children: new Map(), exact: undefined, open: undefined };
}
