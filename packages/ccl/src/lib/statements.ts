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
      const byResource = this.#byAction.slot(statement.action, newTree<T>);
      byResource.slot(statement.resource, newList<T>).push(statement);
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

const newTree = <T>() => new PrefixTree<T[]>();
const newList = <T>(): T[] => [];

/** One slot for all patterns that begin with the same literal segments and go on alike. */
class PrefixTree<Slot> {
  #children: Map<string, PrefixTree<Slot>> | undefined;
  /** For patterns that end here. */
  #exact: Slot | undefined;
  /** For patterns that go on with a wildcard. */
  #open: Slot | undefined;

  slot({ segments }: Pattern, make: () => Slot): Slot {
    let node: PrefixTree<Slot> = this;
    for (const segment of segments) {
      if (segment.kind !== 'literal') {
        node.#open ??= make();
        return node.#open;
      }
      node = node.#child(segment.text);
    }
    node.#exact ??= make();
    return node.#exact;
  }

  /** Visits the slots of all patterns that may match. */
  visit(segments: readonly string[], visit: (slot: Slot) => void): void {
    let node: PrefixTree<Slot> = this;
    if (node.#open !== undefined) visit(node.#open);
    for (const segment of segments) {
      const next = node.#children?.get(segment);
      if (next === undefined) return;
      node = next;
      if (node.#open !== undefined) visit(node.#open);
    }
    if (node.#exact !== undefined) visit(node.#exact);
  }

  #child(segment: string): PrefixTree<Slot> {
    this.#children ??= new Map();
    let child = this.#children.get(segment);
    if (child === undefined) {
      child = new PrefixTree();
      this.#children.set(segment, child);
    }
    return child;
  }
}
