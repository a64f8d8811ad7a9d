import type { ComparisonNode, FieldNode, HasNode } from '../ast.js';
import type { Sharing, Test } from './condition.js';
import { getOrMake } from './get-or-make.js';
import type { PatternSegment } from './pattern.js';

/**
 * The parts that the statements of one document share because they are written alike. The fewer there are, the more
 * of a large policy stays in fast memory.
 */
export class Shared implements Sharing {
  readonly segments = new Map<string, PatternSegment>();
  readonly #text: string;
  readonly #paths = new Map<string, readonly string[]>();
  readonly #tests = new Map<string, Test>();

  /** @param text where the locations of the document's nodes point to */
  constructor(text: string) {
    this.#text = text;
  }

  path(field: FieldNode): readonly string[] {
    return getOrMake(this.#paths, this.#written(field), () => field.path);
  }

  test(node: ComparisonNode | HasNode, make: () => Test): Test {
    return getOrMake(this.#tests, this.#written(node), make);
  }

  #written({ location }: FieldNode | ComparisonNode | HasNode): string {
    return this.#text.slice(location.start, location.end);
  }
}
