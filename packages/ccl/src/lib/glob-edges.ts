import { getOrMake } from './get-or-make.js';
import { type GlobSegment, matchSegment } from './pattern.js';

/** This many globs are asked one by one, since that is quicker than looking them up. */
const FEW = 8;

interface Edge<End> {
  readonly glob: GlobSegment;
  readonly end: End;
}

/**
 * The edges of one node that are globs. Many are found by what stands before their first `*` and after their last,
 * so that only those are asked that begin and end as the segment does.
 */
export class GlobEdges<End> {
  readonly #edges: Edge<End>[] = [];
  readonly #byText = new Map<string, Edge<End>>();
  readonly #byAffixes = new Affixes<Affixes<Edge<End>[]>>(prefixOf);

  /** The end of a glob's edge; `make` makes it where there is none. */
  at(glob: GlobSegment, make: () => End): End {
    return getOrMake(this.#byText, glob.text, () => this.#add({ glob, end: make() })).end;
  }

  #add(edge: Edge<End>): Edge<End> {
    const { pieces } = edge.glob;
    this.#edges.push(edge);
    const bySuffix = this.#byAffixes.at(pieces[0]!, () => new Affixes<Edge<End>[]>(suffixOf));
    bySuffix.at(pieces[pieces.length - 1]!, () => []).push(edge);
    return edge;
  }

  /** The ends of all edges whose glob matches. */
  matching(segment: string): End[] {
    const ends: End[] = [];
    if (this.#edges.length <= FEW) addMatching(ends, this.#edges, segment);
    else
      for (const bySuffix of this.#byAffixes.of(segment)) {
        for (const edges of bySuffix.of(segment)) addMatching(ends, edges, segment);
      }
    return ends;
  }
}

function addMatching<End>(ends: End[], edges: readonly Edge<End>[], segment: string): void {
  for (const { glob, end } of edges) if (matchSegment(glob, segment)) ends.push(end);
}

/** Values under texts of a few different lengths, found by a longer text that begins or ends with them. */
class Affixes<Value> {
  readonly #cut: (text: string, length: number) => string;
  readonly #values = new Map<string, Value>();
  /** Ascending. */
  readonly #lengths: number[] = [];

  constructor(cut: (text: string, length: number) => string) {
    this.#cut = cut;
  }

  /** The value under a text; `make` makes it where there is none. */
  at(affix: string, make: () => Value): Value {
    if (!this.#lengths.includes(affix.length)) {
      this.#lengths.push(affix.length);
      this.#lengths.sort((one, other) => one - other);
    }
    return getOrMake(this.#values, affix, make);
  }

  /** The values of all affixes of the given text. */
  of(text: string): Value[] {
    const values: Value[] = [];
    for (const length of this.#lengths) {
      if (length > text.length) break;
      const value = this.#values.get(this.#cut(text, length));
      if (value !== undefined) values.push(value);
    }
    return values;
  }
}

const prefixOf = (text: string, length: number) => text.slice(0, length);
const suffixOf = (text: string, length: number) => text.slice(text.length - length);
