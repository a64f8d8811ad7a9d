import { getOrMake } from './get-or-make.js';
import { GlobEdges } from './glob-edges.js';
import type { Pattern, PatternSegment } from './pattern.js';

/**
 * Values kept under patterns and found by the segments that those patterns match. The edges of the tree are the
 * segments of the patterns, so patterns that begin alike share nodes, and of ten thousand literals after one beginning
 * (be it `*` or `**`) a single look-up finds the one that a text has. A node is itself a tree.
 *
 * No node meets the same place of a text twice, so a search takes at most nodes × text steps, whatever the patterns.
 * Nodes are small and few, since a policy of many statements is mostly read from slow memory: what most nodes lack is
 * kept apart, a `**` at the end needs no node, and one literal alone no map.
 */
export class PatternTree<Value> {
  /** Of the pattern that ends here. */
  #value: Value | undefined = undefined;
  /** Of the pattern that ends with a `**` after this node. */
  #rest: Value | undefined = undefined;
  /** The first literal that went on from here, and where it leads. */
  #literal: string | undefined = undefined;
  #next: PatternTree<Value> | undefined = undefined;
  /** The other literals. */
  #literals: Map<string, PatternTree<Value>> | undefined = undefined;
  #wild: WildEdges<Value> | undefined = undefined;

  /** Sets the value of a pattern to what `change` makes of the one that it has, and returns it. */
  update<New extends Value>({ segments }: Pattern, change: (value: Value | undefined) => New): New {
    let node: PatternTree<Value> = this;
    let wild: WildEdges<Value> | undefined;
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i]!;
      if (segment.kind !== 'many') {
        node = node.#grow(segment);
        continue;
      }
      // `**/**` is `**`.
      if (segments[i + 1]?.kind === 'many') continue;
      if (wild !== undefined && !node.#hasMany) wild.ways++;
      if (i === segments.length - 1) {
        const rest = change(node.#rest);
        node.#rest = rest;
        return rest;
      }
      wild = node.#wildEdges();
      wild.many ??= new PatternTree();
      node = wild.many;
    }
    if (wild !== undefined) wild.ways = Number.POSITIVE_INFINITY;
    const value = change(node.#value);
    node.#value = value;
    return value;
  }

  /** The values of all patterns that match, in no order. */
  matching(segments: readonly string[]): Value[] {
    const search = new Search<Value>(segments);
    this.#visit(search, 0);
    return search.found;
  }

  get #hasMany(): boolean {
    return this.#rest !== undefined || this.#wild?.many !== undefined;
  }

  #wildEdges(): WildEdges<Value> {
    this.#wild ??= new WildEdges();
    return this.#wild;
  }

  /** The node at the end of an edge other than `**`, made where there is none. */
  #grow(edge: Exclude<PatternSegment, { kind: 'many' }>): PatternTree<Value> {
    if (edge.kind === 'literal') return this.#growLiteral(edge.text);
    const wild = this.#wildEdges();
    if (edge.kind === 'glob') {
      wild.globs ??= new GlobEdges();
      return wild.globs.at(edge, newTree<Value>);
    }
    wild.one ??= new PatternTree();
    return wild.one;
  }

  #growLiteral(text: string): PatternTree<Value> {
    if (this.#next === undefined) {
      this.#literal = text;
      this.#next = new PatternTree();
    }
    if (this.#literal === text) return this.#next;
    this.#literals ??= new Map();
    return getOrMake(this.#literals, text, newTree<Value>);
  }

  /** Follows all edges that match the segments from `from` on. */
  #visit(search: Search<Value>, from: number): void {
    const { segments } = search;
    let node: PatternTree<Value> = this;
    for (let at = from; at < segments.length; at++) {
      const segment = segments[at]!;
      node.#visitRest(search, at);
      const literal = node.#literal === segment ? node.#next : node.#literals?.get(segment);
      const wild = node.#wild;
      if (wild?.globs !== undefined) {
        for (const child of wild.globs.matching(segment)) child.#visit(search, at + 1);
      }
      // The last edge is followed in place.
      if (literal !== undefined && wild?.one !== undefined) wild.one.#visit(search, at + 1);
      const next = literal ?? wild?.one;
      if (next === undefined) return;
      node = next;
    }
    node.#visitRest(search, segments.length);
    if (node.#value !== undefined) search.found.push(node.#value);
  }

  /** Follows the `**` after this node, if there is one, which may take up any number of the segments from `at` on. */
  #visitRest(search: Search<Value>, at: number): void {
    if (!this.#hasMany || !search.isFirstAt(this)) return;
    if (this.#rest !== undefined) search.found.push(this.#rest);
    const wild = this.#wild;
    if (wild?.many === undefined) return;
    const { taken } = search;
    search.isInside = true;
    search.taken = 0;
    for (let place = at; place < search.segments.length && search.taken < wild.ways; place++) {
      wild.many.#visit(search, place);
    }
    search.taken = taken;
  }
}

const newTree = <Value>() => new PatternTree<Value>();

/** The edges of a node that are no literals. */
class WildEdges<Value> {
  globs: GlobEdges<PatternTree<Value>> | undefined = undefined;
  one: PatternTree<Value> | undefined = undefined;
  many: PatternTree<Value> | undefined = undefined;
  /**
   * How many nodes after the `**` have the next `**` after them; endless if a pattern ends before its next, since that
   * one is to be tried at all places.
   */
  ways = 0;
}

/** What a search has found, and where it is. */
class Search<Value> {
  readonly segments: readonly string[];
  readonly found: Value[] = [];
  /** How many of the ways on from the innermost `**` were taken. */
  taken = 0;
  /** Becomes true when a `**` is followed: nodes after it can be come upon again. */
  isInside = false;
  #left: Set<PatternTree<Value>> | undefined = undefined;

  constructor(segments: readonly string[]) {
    this.segments = segments;
  }

  /**
   * True when the `**` after this node was not followed before. One inside another is come upon again and again, but
   * at later and later places, and what can be found from those was found from the first.
   */
  isFirstAt(node: PatternTree<Value>): boolean {
    if (!this.isInside) return true;
    this.#left ??= new Set();
    if (this.#left.has(node)) return false;
    this.#left.add(node);
    this.taken++;
    return true;
  }
}
