import type { Budget } from '../lib/budget.js';
import type { PatternSegment } from '../lib/pattern.js';
import {
  accepts,
  DEAD,
  LengthMachine,
  type Machine,
  PiecesMachine,
  TableMachine,
  TextsMachine,
  unitsOf,
} from './machine.js';
import { alphabetOf, type Demand, isNoSurrogate, shortestText } from './texts.js';

/** A segment of a pattern that is one text or a glob. */
export interface SegmentTest {
  readonly text: string;
  readonly isLiteral: boolean;
  readonly machine: Machine;
}

export function segmentTest(segment: PatternSegment & { readonly text: string }): SegmentTest {
  const isLiteral = segment.kind === 'literal';
  const pieces = segment.kind === 'glob' ? segment.pieces : [segment.text];
  return { text: segment.text, isLiteral, machine: new PiecesMachine(pieces) };
}

/**
 * The part that a segment plays in a request: of an action; of a resource that is no URL, its first segment or a later
 * one; of a URL that has a host, its scheme, the host and the path after it, or the same with a host that is a plain
 * name; of any other URL, its scheme and the rest.
 */
export type Place =
  | 'action'
  | 'first'
  | 'later'
  | 'web'
  | 'host'
  | 'named'
  | 'name'
  | 'path'
  | 'scheme'
  | 'url';

/** The schemes whose URLs have a host; the first segment of such a URL is one of these and no more. */
const WEB = ['http:', 'https:', 'ws:', 'wss:', 'ftp:'];

const ACTION_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-:';

const inClass = (characters: RegExp, to: number) => (unit: number) =>
  characters.test(String.fromCharCode(unit)) ? to : DEAD;

/** No unpaired half of a surrogate pair. */
const WELL_FORMED = new TableMachine(
  '',
  [
    (unit) => (isNoSurrogate(unit) ? 0 : unit < 0xdc00 ? 1 : DEAD),
    (unit) => (unit >= 0xdc00 && unit <= 0xdfff ? 0 : DEAD),
  ],
  0,
);

const LOWER = 'xyzabcdefghijklmnopqrstuvw';
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A beginning that reads as a URL scheme of two or more characters, behind spaces or not. */
const SCHEME = schemeMachine((unit) => (unit === 0x20 ? 0 : inClass(/[A-Za-z]/, 1)(unit)), /[A-Za-z0-9+.-]/);
/** The same as a URL parser would write it. */
const WRITTEN_SCHEME = schemeMachine(inClass(/[a-z]/, 1), /[a-z0-9+.-]/);

function schemeMachine(first: (unit: number) => number, later: RegExp): Machine {
  const rest = inClass(later, 2);
  const colon = (unit: number) => (unit === 0x3a ? 3 : rest(unit));
  return new TableMachine(' :', [first, rest, colon, () => 3], 3, 3, [LOWER, UPPER, '0123456789+.-']);
}

/** What a canonical URL is written in: ASCII, with spaces where it has no host, without what begins a query or a fragment. */
const URL_TEXT = new TableMachine('', [inClass(/[ -~]/, 0)], 0);
const QUERY = new PiecesMachine(['', '?', '']);
const FRAGMENT = new PiecesMachine(['', '#', '']);
/** What a URL parser leaves as it is in the path after a host. */
const PATH_TEXT = new TableMachine(' "<>`{}', [inClass(/[!#-;=?-_a-z|~]/, 0)], 0);

/**
 * The form that every canonical host has, though not all that have it are one: a name that does not end in a dot, or
 * something in brackets, and behind it perhaps a port.
 */
const HOST = hostMachine();

function hostMachine(): Machine {
  const [NAME, DOT, COLON, ZERO, IN_BRACKETS, BRACKETED, PORT] = [1, 2, 3, 4, 5, 6, 7] as const;
  const name = (unit: number) => {
    if (unit === 0x2e) return DOT;
    return /[A-Z@:[\]<>^|% ]/.test(String.fromCharCode(unit)) ? DEAD : NAME;
  };
  const colonOr = (other: (unit: number) => number) => (unit: number) =>
    unit === 0x3a ? COLON : other(unit);
  const digit = (to: number) => inClass(/[0-9]/, to);
  const none = () => DEAD;
  const steps = [
    (unit: number) => (unit === 0x5b ? IN_BRACKETS : name(unit)),
    colonOr(name),
    name,
    (unit: number) => (unit === 0x30 ? ZERO : digit(PORT)(unit)),
    none,
    (unit: number) => (unit === 0x5d ? BRACKETED : inClass(/[0-9a-f:]/, IN_BRACKETS)(unit)),
    colonOr(none),
    // A port has at most five digits.
    ...[1, 2, 3, 4].map((more) => digit(PORT + more)),
    none,
  ];
  const accepting = [NAME, ZERO, BRACKETED, ...[0, 1, 2, 3, 4].map((more) => PORT + more)];
  return new TableMachine('.@:[]<>^|% 0', steps, accepting, undefined, [
    'xyzghijklmnopqrstuvw',
    'abcdef',
    UPPER,
    '123456789',
  ]);
}

/** Hosts that are no number for sure: names whose last part begins with a letter. */
const NAME = nameMachine();

function nameMachine(): Machine {
  const [DIGIT_FIRST, LETTER_FIRST] = [1, 2] as const;
  const within = (part: number) => (unit: number) => (unit === 0x2e ? 0 : inClass(/[a-z0-9-]/, part)(unit));
  const begin = (unit: number) =>
    Math.max(inClass(/[0-9]/, DIGIT_FIRST)(unit), inClass(/[a-z]/, LETTER_FIRST)(unit));
  const steps = [begin, within(DIGIT_FIRST), within(LETTER_FIRST)];
  return new TableMachine('.-', steps, LETTER_FIRST, undefined, [LOWER, '0123456789']);
}

const EMPTY = new PiecesMachine(['']);
const DOTS = [new PiecesMachine(['.']), new PiecesMachine(['..'])];
const ENCODED = ['%2e', '%2E', '%2f', '%2F', '%5c', '%5C'].map((code) => new PiecesMachine(['', code, '']));

const demandsOf = (want: boolean, ...machines: readonly Machine[]): Demand[] =>
  machines.map((machine) => ({ machine, want }));

const IN_RESOURCE = [...demandsOf(true, WELL_FORMED), ...demandsOf(false, EMPTY, ...DOTS, ...ENCODED)];
const IN_URL = [...IN_RESOURCE, ...demandsOf(true, URL_TEXT), ...demandsOf(false, QUERY, FRAGMENT)];

/** What a request asks of its segments, whatever the patterns say. */
const FORM: Readonly<Record<Place, readonly Demand[]>> = {
  action: demandsOf(false, EMPTY),
  first: [...IN_RESOURCE, ...demandsOf(false, SCHEME)],
  later: IN_RESOURCE,
  web: IN_URL,
  named: IN_URL,
  name: [...IN_URL, ...demandsOf(true, NAME)],
  scheme: [
    ...IN_URL,
    ...demandsOf(true, WRITTEN_SCHEME),
    ...demandsOf(false, ...WEB.map((scheme) => new PiecesMachine([scheme, '']))),
  ],
  host: [...IN_URL, ...demandsOf(true, HOST)],
  path: [...IN_URL, ...demandsOf(true, PATH_TEXT)],
  url: IN_URL,
};

/** Finds segments of requests for what patterns ask of them, and remembers them. */
export class SegmentFinder {
  readonly #budget: Budget;
  readonly #known = new Map<string, readonly string[]>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /**
   * Segments that meet all of `required`, one for each smallest set of `avoided` that cannot be helped: whatever
   * segment there is, one of these meets no more of `avoided` than it. If `isTight` is set, one of these is no longer
   * either.
   */
  find(
    required: readonly SegmentTest[],
    avoided: readonly SegmentTest[],
    place: Place,
    isTight: boolean,
  ): readonly string[] {
    const literal = required.find(({ isLiteral }) => isLiteral);
    const demands = [...required.map(({ machine }) => ({ machine, want: true })), ...FORM[place]];
    // Each of these schemes has a default port of its own, so none stands for another.
    if (place === 'web' || place === 'named') return WEB.filter((scheme) => this.#isFit(scheme, demands));
    if (literal !== undefined) return this.#isFit(literal.text, demands) ? [literal.text] : [];
    const texts = (tests: readonly SegmentTest[]) => tests.map(({ text }) => text).sort();
    const key = [place, isTight, ...texts(required), '', ...texts(avoided)].join('/');
    let found = this.#known.get(key);
    if (found === undefined) {
      found = this.#search(demands, avoided, place);
      for (let most = longest(found) - 1; isTight && most > 0; ) {
        const shorter = [...demands, { machine: new LengthMachine(most), want: true }];
        const more = this.#search(shorter, avoided, place);
        found = [...found, ...more];
        most = longest(more) - 1;
      }
      this.#known.set(key, found);
    }
    return found;
  }

  #isFit(text: string, demands: readonly Demand[]): boolean {
    this.#budget.spend(text.length * demands.length + 1);
    return demands.every(({ machine, want }) => accepts(machine, text) === want);
  }

  #search(demands: readonly Demand[], avoided: readonly SegmentTest[], place: Place): string[] {
    const literals = avoided.filter(({ isLiteral }) => isLiteral).map(({ text }) => text);
    const globs = avoided.filter(({ isLiteral }) => !isLiteral);
    this.#budget.spend(literals.join('').length);
    const others = [...demands, { machine: new TextsMachine(literals), want: false }];
    const best = this.#text(others, globs, place);
    if (best !== undefined) return [best];
    // A text is one of the literals or it is none of them.
    const fit = literals.filter((text) => this.#isFit(text, demands));
    return [...fit, ...this.#leastMet(others, globs, place)];
  }

  /** A text for each smallest set of these tests that cannot be avoided. */
  #leastMet(demands: readonly Demand[], tests: readonly SegmentTest[], place: Place): Set<string> {
    const found = new Set<string>();
    const explored = new Set<string>();
    const stack: (readonly SegmentTest[])[] = [[]];
    for (let forced = stack.pop(); forced !== undefined; forced = stack.pop()) {
      const without = forced;
      const key = without.map(({ text }) => text).join('/');
      const first = explored.has(key) ? undefined : this.#text(demands, without, place);
      explored.add(key);
      if (first === undefined) continue;
      const { text, met } = this.#improve(first, demands, tests, place);
      found.add(text);
      // Any other smallest set lacks one of these.
      for (const test of met) stack.push(tests.filter((other) => other === test || without.includes(other)));
    }
    return found;
  }

  /** A text that meets a smallest part of what this one meets, and that part. */
  #improve(
    first: string,
    demands: readonly Demand[],
    tests: readonly SegmentTest[],
    place: Place,
  ): { readonly text: string; readonly met: readonly SegmentTest[] } {
    let text = first;
    let met = this.#metBy(text, tests);
    for (const test of [...met]) {
      if (!met.includes(test)) continue;
      const others = tests.filter((other) => other === test || !met.includes(other));
      const better = this.#text(demands, others, place);
      if (better === undefined) continue;
      text = better;
      met = this.#metBy(text, tests);
    }
    return { text, met };
  }

  #metBy(text: string, tests: readonly SegmentTest[]): SegmentTest[] {
    this.#budget.spend(text.length * tests.length + 1);
    return tests.filter(({ machine }) => accepts(machine, text));
  }

  #text(demands: readonly Demand[], avoided: readonly SegmentTest[], place: Place): string | undefined {
    const all = [...avoided.map(({ machine }) => ({ machine, want: false })), ...demands];
    const named = new Set(all.flatMap(({ machine }) => [...machine.units]));
    const alphabet = place === 'action' ? actionAlphabet(named) : alphabetOf(all, isInResource);
    return shortestText(all, alphabet, this.#budget);
  }
}

/** Whether a character may stand in a segment: no control, no separator, no half of a surrogate pair. */
function isInResource(unit: number): boolean {
  return unit > 0x20 && unit !== 0x7f && unit !== 0x2f && unit !== 0x5c && isNoSurrogate(unit);
}

const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(({ length }) => length));

const ACTION_UNITS = unitsOf(ACTION_CHARACTERS);

/** The named characters and one more, if an action may hold one more. */
function actionAlphabet(named: ReadonlySet<number>): number[] {
  const fresh = ACTION_UNITS.find((unit) => !named.has(unit));
  return fresh === undefined ? ACTION_UNITS : [fresh, ...ACTION_UNITS.filter((unit) => named.has(unit))];
}
