/**
 * A deterministic automaton over UTF-16 units: the set of texts that it accepts. It starts in state 0. All states
 * from which nothing is accepted may be `DEAD`.
 */
export interface Machine {
  /** The units that it tells apart from all others. */
  readonly units: Iterable<number>;
  /** Sets of characters that it tells apart from all others, though not from each other. */
  readonly classes?: readonly string[];
  /** True when it tells units apart by their order, too. */
  readonly ordered: boolean;
  step(state: number, unit: number): number;
  accepts(state: number): boolean;
  /** What it says of every continuation, once it says the same of all. */
  settled(state: number): boolean | undefined;
  /** The only unit with which something that is accepted can go on, where there is just one. */
  next?(state: number): number | undefined;
}

export const DEAD = -1;

/** Tells whether a machine accepts a text. */
export function accepts(machine: Machine, text: string): boolean {
  let state = 0;
  for (let at = 0; at < text.length; at++) state = machine.step(state, text.charCodeAt(at));
  return machine.accepts(state);
}

/**
 * Texts that hold these pieces in order and without overlap, the first at the start and the last at the end; one
 * piece is the text itself. Taking each piece at its first place is never wrong, so each is one Knuth-Morris-Pratt
 * automaton and all together have as many states as they have characters.
 */
export class PiecesMachine implements Machine {
  readonly units: ReadonlySet<number>;
  readonly ordered = false;
  readonly #pieces: readonly string[];
  readonly #last: number;
  /** The state in which each piece begins. */
  readonly #begins: number[] = [];
  readonly #pieceOf: number[] = [];
  readonly #fallbacks: readonly (readonly number[])[];

  constructor(pieces: readonly string[]) {
    this.units = new Set(unitsOf(pieces.join('')));
    this.#pieces = pieces;
    this.#last = pieces.length - 1;
    pieces.forEach((piece, index) => {
      this.#begins.push(this.#pieceOf.length);
      // To have read a piece and to seek the next one is the same state.
      const states = index === this.#last ? piece.length + 1 : piece.length;
      for (let i = 0; i < states; i++) this.#pieceOf.push(index);
    });
    this.#fallbacks = pieces.map(fallbacks);
  }

  step(state: number, unit: number): number {
    if (state === DEAD) return DEAD;
    const index = this.#pieceOf[state]!;
    const piece = this.#pieces[index]!;
    const at = state - this.#begins[index]!;
    if (index > 0) return this.#begins[index]! + advance(piece, this.#fallbacks[index]!, at, unit);
    return piece.charCodeAt(at) === unit ? state + 1 : DEAD;
  }

  next(state: number): number | undefined {
    const unit = this.#pieces[0]!.charCodeAt(state);
    return Number.isNaN(unit) ? undefined : unit;
  }

  accepts(state: number): boolean {
    return state === this.#pieceOf.length - 1;
  }

  settled(state: number): boolean | undefined {
    if (state === DEAD) return false;
    const isOpen = this.#last > 0 && this.#pieces[this.#last] === '' && this.accepts(state);
    return isOpen ? true : undefined;
  }
}

/** A few texts, as a tree of their beginnings. */
export class TextsMachine implements Machine {
  readonly units = new Set<number>();
  readonly ordered = false;
  readonly #children: Map<number, number>[] = [new Map()];
  readonly #ends = new Set<number>();

  constructor(texts: readonly string[]) {
    for (const text of texts) this.#add(text);
  }

  #add(text: string): void {
    let state = 0;
    for (const unit of unitsOf(text)) {
      this.units.add(unit);
      let next = this.#children[state]!.get(unit);
      if (next === undefined) {
        next = this.#children.push(new Map()) - 1;
        this.#children[state]!.set(unit, next);
      }
      state = next;
    }
    this.#ends.add(state);
  }

  step(state: number, unit: number): number {
    return this.#children[state]?.get(unit) ?? DEAD;
  }

  accepts(state: number): boolean {
    return this.#ends.has(state);
  }

  settled(state: number): boolean | undefined {
    return state === DEAD ? false : undefined;
  }
}

/** Texts before a bound in the order of UTF-16 units, or the bound itself, too. */
export class BeforeMachine implements Machine {
  readonly units: ReadonlySet<number>;
  readonly ordered = true;
  readonly #bound: string;
  readonly #orEqual: boolean;
  readonly #less: number;

  constructor(bound: string, orEqual: boolean) {
    this.units = new Set(unitsOf(bound));
    this.#bound = bound;
    this.#orEqual = orEqual;
    this.#less = bound.length + 1;
  }

  step(state: number, unit: number): number {
    if (state === this.#less) return state;
    // No unit is before or at the end of the bound: it has none there.
    const own = this.#bound.charCodeAt(state);
    if (unit === own) return state + 1;
    return unit < own ? this.#less : DEAD;
  }

  accepts(state: number): boolean {
    if (state === DEAD) return false;
    return state !== this.#bound.length || this.#orEqual;
  }

  settled(state: number): boolean | undefined {
    if (state === this.#less) return true;
    return state === DEAD || (state === this.#bound.length && !this.#orEqual) ? false : undefined;
  }
}

/** A machine whose every step is written down. */
export class TableMachine implements Machine {
  readonly units: ReadonlySet<number>;
  readonly classes: readonly string[];
  readonly ordered = false;
  readonly #steps: readonly ((unit: number) => number)[];
  readonly #accepting: readonly number[];
  readonly #settled: number | undefined;

  /**
   * @param named the characters that the steps tell apart from all others
   * @param steps for each state the state after a unit, `DEAD` if there is none
   * @param accepting the state that accepts, or those that do
   * @param settled the state, if there is one, from which all is accepted
   * @param classes sets of characters of which the steps tell none from another
   */
  constructor(
    named: string,
    steps: readonly ((unit: number) => number)[],
    accepting: number | readonly number[],
    settled?: number,
    classes: readonly string[] = [],
  ) {
    this.units = new Set(unitsOf(named));
    this.classes = classes;
    this.#steps = steps;
    this.#accepting = [accepting].flat();
    this.#settled = settled;
  }

  step(state: number, unit: number): number {
    return state === DEAD ? DEAD : this.#steps[state]!(unit);
  }

  accepts(state: number): boolean {
    return this.#accepting.includes(state);
  }

  settled(state: number): boolean | undefined {
    if (state === DEAD) return false;
    return state === this.#settled ? true : undefined;
  }
}

/** Texts of at most so many units. */
export class LengthMachine implements Machine {
  readonly units: readonly number[] = [];
  readonly ordered = false;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  step(state: number): number {
    return state === DEAD || state >= this.#most ? DEAD : state + 1;
  }

  accepts(state: number): boolean {
    return state !== DEAD;
  }

  settled(state: number): boolean | undefined {
    return state === DEAD ? false : undefined;
  }
}

export function unitsOf(text: string): number[] {
  const units: number[] = [];
  for (let at = 0; at < text.length; at++) units.push(text.charCodeAt(at));
  return units;
}

/** How much of a piece has been read after one more unit. */
function advance(piece: string, back: readonly number[], from: number, unit: number): number {
  let at = from;
  while (at > 0 && piece.charCodeAt(at) !== unit) at = back[at]!;
  return piece.charCodeAt(at) === unit ? at + 1 : at;
}

/** For each number of units read, the length of the longest proper suffix of them with which the piece begins. */
function fallbacks(piece: string): number[] {
  const back = [0, 0];
  for (let at = 1; at < piece.length; at++) {
    back.push(advance(piece, back, back[at]!, piece.charCodeAt(at)));
  }
  return back;
}
