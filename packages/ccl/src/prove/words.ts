import type { Budget } from '../lib/budget.js';
import { isValidAction, normalizeResource } from '../lib/names.js';
import { matchPattern, type Pattern } from '../lib/pattern.js';
import { type Place, SegmentFinder, type SegmentTest } from './segments.js';
import { closure, meetsNoMore, moves, type Shape, Shapes, type Trail, textOf } from './shapes.js';

export type PatternKind = 'action' | 'resource';

/** A text with its segments, as `evaluate` would split it. */
export interface Word {
  readonly text: string;
  readonly segments: readonly string[];
}

/** There is none; or one could not be written although nothing shows that there is none. */
export type NoWord = 'none' | 'unsure';

/** How far a word has come: one place in each pattern that it must match, all places in those that it must not. */
interface Node {
  /** Characters so far, each segment with a separator. */
  readonly length: number;
  readonly count: number;
  /** The part that the next segment plays. */
  readonly place: Place;
  readonly inside: readonly number[];
  readonly outside: readonly Trail[];
  readonly segment: string;
  readonly before: Node | undefined;
}

const MAX_LENGTH: Readonly<Record<PatternKind, number>> = { action: 512, resource: 4096 };

/** Finds actions, or resources, that match some patterns and do not match others. */
export class WordFinder {
  readonly #kind: PatternKind;
  readonly #budget: Budget;
  readonly #segments: SegmentFinder;
  readonly #shapes = new Shapes();
  readonly #covered = new Map<number, boolean>();
  readonly #met = new Map<number, boolean>();

  constructor(kind: PatternKind, budget: Budget) {
    this.#kind = kind;
    this.#budget = budget;
    this.#segments = new SegmentFinder(budget);
  }

  /** True only if all requests that match `small` match `big`. */
  covers(big: Pattern, small: Pattern): boolean {
    this.#budget.spend(1);
    if (big.matchesAll) return true;
    const [outer, inner] = [this.#shapes.of(big), this.#shapes.of(small)];
    if (outer === inner) return true;
    const key = outer.id * 65_536 + inner.id;
    let covered = this.#covered.get(key);
    if (covered === undefined) {
      covered = this.#search([inner], [outer]) === 'none';
      this.#covered.set(key, covered);
    }
    return covered;
  }

  /** False only if no request matches both. */
  meets(left: Pattern, right: Pattern): boolean {
    this.#budget.spend(1);
    if (left.matchesAll || right.matchesAll) return true;
    const [one, other] = [this.#shapes.of(left), this.#shapes.of(right)];
    if (one === other) return true;
    const key = Math.max(one.id, other.id) * 65_536 + Math.min(one.id, other.id);
    let met = this.#met.get(key);
    if (met === undefined) {
      met = this.#search([one, other], []) !== 'none';
      this.#met.set(key, met);
    }
    return met;
  }

  /** A word that matches all of `inside` and none of `outside`; `inside` is not empty. */
  find(inside: readonly Pattern[], outside: readonly Pattern[]): Word | NoWord {
    this.#budget.spend(1 + inside.length * outside.length);
    for (const big of outside) if (inside.some((small) => this.covers(big, small))) return 'none';
    const shapeOf = (pattern: Pattern) => this.#shapes.of(pattern);
    return this.#search(inside.map(shapeOf), outside.map(shapeOf));
  }

  #search(inside: readonly Shape[], outside: readonly Shape[]): Word | NoWord {
    const literal = inside.find(({ isLiteral }) => isLiteral);
    if (literal !== undefined) return this.#literal(literal, inside, outside);
    if (this.#kind === 'action') return this.#walk(inside, outside, 'action');
    const plain = this.#walk(inside, outside, 'first');
    if (typeof plain === 'object') return plain;
    // What is found among plain names needs no more; that there is none shows only among all hosts.
    const named = this.#walk(inside, outside, 'named');
    if (typeof named === 'object') return named;
    const web = this.#walk(inside, outside, 'web');
    if (typeof web === 'object') return web;
    const other = this.#walk(inside, outside, 'scheme');
    if (typeof other === 'object') return other;
    return [plain, web, other].includes('unsure') ? 'unsure' : 'none';
  }

  #literal({ pattern }: Shape, inside: readonly Shape[], outside: readonly Shape[]): Word | NoWord {
    const segments = pattern.segments.map(textOf);
    this.#budget.spend(segments.length * (inside.length + outside.length));
    if (!inside.every((shape) => matchPattern(shape.pattern, segments))) return 'none';
    if (outside.some((shape) => matchPattern(shape.pattern, segments))) return 'none';
    return this.#write(segments) ?? 'none';
  }

  /**
   * Shortest words first. What meets no less of `outside` than a word before it in the same place leads nowhere new.
   * Only when that word was too long is room looked for: then shorter segments are tried that meet more.
   */
  #walk(inside: readonly Shape[], outside: readonly Shape[], first: Place, isTight = false): Word | NoWord {
    const queue: Node[][] = [];
    const settled = new Map<string, Node[]>();
    const push = (node: Node): void => {
      queue[node.length] ??= [];
      queue[node.length]!.push(node);
    };
    push({
      length: 0,
      count: 0,
      place: first,
      inside: inside.map(() => 0),
      outside: outside.map((shape) => ({ shape, places: closure(shape, [0]) })),
      segment: '',
      before: undefined,
    });
    let isUnsure = false;
    // A word has one separator less than it has segments.
    const most = MAX_LENGTH[this.#kind] + 1;
    for (let length = 0; length < Math.min(queue.length, most + 1); length++) {
      for (const node of queue[length] ?? []) {
        if (this.#isBeaten(node, settled)) continue;
        if (this.#isAccepted(node, inside)) {
          const word = this.#write(segmentsOf(node));
          if (word !== undefined) return word;
          if (!isHopeless(node)) isUnsure = true;
        }
        for (const next of this.#steps(node, inside, isTight)) push(next);
      }
    }
    if (!isTight && queue.length > most + 1) return this.#walk(inside, outside, first, true);
    return isUnsure ? 'unsure' : 'none';
  }

  #isBeaten(node: Node, settled: Map<string, Node[]>): boolean {
    // The first segment has a form of its own, some requests need a second, and hosts depend on their scheme.
    const scheme = node.place === 'host' ? node.segment : '';
    const key = [Math.min(node.count, 2), node.place, scheme, ...node.inside].join();
    const others = settled.get(key);
    if (others === undefined) {
      settled.set(key, [node]);
      return false;
    }
    for (const other of others) {
      this.#budget.spend(1 + Math.min(other.outside.length, node.outside.length));
      if (meetsNoMore(other.outside, node.outside)) return true;
    }
    others.push(node);
    return false;
  }

  #isAccepted(node: Node, inside: readonly Shape[]): boolean {
    this.#budget.spend(inside.length + node.outside.length);
    return (
      inside.every(({ steps }, i) => {
        const place = node.inside[i]!;
        return place === steps.length || (place === steps.length - 1 && steps[place] === 'many');
      }) && !node.outside.some(({ shape, places }) => places.includes(shape.steps.length))
    );
  }

  /** The nodes with one more segment. */
  *#steps(node: Node, inside: readonly Shape[], isTight: boolean): Generator<Node> {
    const { place } = node;
    const avoided = new Set<SegmentTest>();
    for (const { shape, places } of node.outside) {
      for (const at of places) if (typeof shape.steps[at] === 'object') avoided.add(shape.steps[at]);
    }
    for (const { places, required } of moves(inside, node.inside)) {
      this.#budget.spend(inside.length + avoided.size + 1);
      for (const segment of this.#segments.find(required, [...avoided], place, isTight)) {
        const after = this.#outsideAfter(node, segment);
        const isForced = required.some(({ isLiteral }) => isLiteral);
        const isOut = place === 'host' && isForced && isNoHost(node.segment, segment);
        if (after === undefined || isOut) continue;
        yield {
          length: node.length + segment.length + 1,
          count: node.count + 1,
          place: PLACE_AFTER[place],
          inside: places,
          outside: after,
          segment,
          before: node,
        };
      }
    }
  }

  /** Undefined when a pattern would match whatever follows. */
  #outsideAfter({ outside }: Node, segment: string): Trail[] | undefined {
    const after: Trail[] = [];
    for (const { shape, places } of outside) {
      const reached: number[] = [];
      for (const at of places) {
        this.#budget.spend(1);
        const step = shape.steps[at];
        if (step === 'many') reached.push(at);
        else if (step === 'one' || (step !== undefined && this.#meets(step, segment))) reached.push(at + 1);
      }
      if (reached.length === 0) continue;
      const next = closure(shape, reached);
      const last = shape.steps.length - 1;
      if (shape.steps[last] === 'many' && next.includes(last)) return undefined;
      after.push({ shape, places: next });
    }
    return after;
  }

  #meets(test: SegmentTest, segment: string): boolean {
    if (test.isLiteral) return test.text === segment;
    this.#budget.spend(segment.length);
    let state = 0;
    for (let at = 0; at < segment.length; at++) state = test.machine.step(state, segment.charCodeAt(at));
    return test.machine.accepts(state);
  }

  /** The segments as a request would name them, if a request may. */
  #write(segments: readonly string[]): Word | undefined {
    if (this.#kind === 'action') {
      const text = segments.join('.');
      return isValidAction(text) ? { text, segments } : undefined;
    }
    const path = segments.join('/');
    const [head = '', ...tail] = segments;
    const spellings = head.includes(':')
      ? ['//', '/', '///', ''].map((separator) => head + separator + tail.join('/'))
      : [];
    const text = [`/${path}`, path, ...spellings].find(
      (spelling) => normalizeResource(spelling)?.length === segments.length,
    );
    return text === undefined ? undefined : { text, segments };
  }
}

/** True when a word that ends here is malformed, whatever its segments are. */
function isHopeless({ count, place }: Node): boolean {
  return count === 0 || place === 'host' || place === 'name';
}

/** True when no canonical URL has this host, whatever its path is. */
function isNoHost(scheme: string, host: string): boolean {
  return normalizeResource(`${scheme}//${host}`) === undefined;
}

const PLACE_AFTER: Readonly<Record<Place, Place>> = {
  action: 'action',
  first: 'later',
  later: 'later',
  web: 'host',
  host: 'path',
  named: 'name',
  name: 'path',
  path: 'path',
  scheme: 'url',
  url: 'url',
};

function segmentsOf(node: Node): string[] {
  const segments: string[] = [];
  for (let at = node; at.before !== undefined; at = at.before) segments.unshift(at.segment);
  return segments;
}
