/**
 * A deterministic automaton over UTF-16 units: the set of texts that it accepts. It starts in state 0. All states
 * from which nothing is accepted may be `DEAD`.
 */
export interface Machine {
  /** Two machines with one key accept the same texts. */
  readonly key: string;
  /** The units that it tells apart from all others. */
  readonly units: Iterable<number>;
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
  readonly key: string;
  readonly units: ReadonlySet<number>;
  readonly ordered = false;
  readonly #pieces: readonly string[];
  readonly #last: number;
  /** The state in which each piece begins. */
  readonly #begins: number[] = [];
  readonly #pieceOf: number[] = [];
  readonly #fallbacks: readonly (readonly number[])[];

  constructor(pieces: readonly string[]) {
    this.key = JSON.stringify(pieces);
    this.units = new Set(unitsOf(pieces.join('')));
    // An empty piece between others asks for nothing.
    const last = pieces.length - 1;
    this.#pieces = pieces.filter((piece, index) => index === 0 || index === last || piece !== '');
    this.#last = this.#pieces.length - 1;
    this.#pieces.forEach((piece, index) => {
      this.#begins.push(this.#pieceOf.length);
      const states = index === this.#last || index === 0 ? piece.length + 1 : piece.length;
      for (let i = 0; i < states; i++) this.#pieceOf.push(index);
    });
    this.#fallbacks = this.#pieces.map(fallbacks);
  }

  step(state: number, unit: number): number {
    if (state === DEAD) return DEAD;
    const index = this.#pieceOf[state]!;
    const piece = this.#pieces[index]!;
    const at = state - this.#begins[index]!;
    if (index > 0) return this.#reach(index, advance(piece, this.#fallbacks[index]!, at, unit));
    // After the first piece, as long as nothing more has been read, the next one is sought.
    if (at === piece.length) return this.#last === 0 ? DEAD : this.step(this.#begins[1]!, unit);
    return piece.charCodeAt(at) === unit ? state + 1 : DEAD;
  }

  next(state: number): number | undefined {
    if (state === DEAD || this.#pieceOf[state] !== 0) return undefined;
    return state < this.#pieces[0]!.length ? this.#pieces[0]!.charCodeAt(state) : undefined;
  }

  #reach(index: number, at: number): number {
    const isDone = at === this.#pieces[index]!.length && index < this.#last;
    return isDone ? this.#begins[index + 1]! : this.#begins[index]! + at;
  }

  accepts(state: number): boolean {
    if (state === DEAD) return false;
    const index = this.#pieceOf[state]!;
    const at = state - this.#begins[index]!;
    if (index === this.#last) return at === this.#pieces[index]!.length;
    return index === 0 && at === this.#pieces[0]!.length && this.#last === 1 && this.#pieces[1] === '';
  }

  settled(state: number): boolean | undefined {
    if (state === DEAD) return false;
    const isOpen = this.#last > 0 && this.#pieces[this.#last] === '' && this.accepts(state);
    return isOpen ? true : undefined;
  }
}

/** A few texts, as a tree of their beginnings. */
export class TextsMachine implements Machine {
  readonly key: string;
  readonly units = new Set<number>();
  readonly ordered = false;
  readonly #children: Map<number, number>[] = [new Map()];
  readonly #ends = new Set<number>();

  constructor(texts: readonly string[]) {
    this.key = JSON.stringify(texts);
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
  readonly key: string;
  readonly units: ReadonlySet<number>;
  readonly ordered = true;
  readonly #bound: string;
  readonly #orEqual: boolean;
  readonly #less: number;

  constructor(bound: string, orEqual: boolean) {
    this.key = `${orEqual ? '<=' : '<'}${bound}`;
    this.units = new Set(unitsOf(bound));
    this.#bound = bound;
    this.#orEqual = orEqual;
    this.#less = bound.length + 1;
  }

  step(state: number, unit: number): number {
    if (state === DEAD || state === this.#less) return state;
    if (state === this.#bound.length) return DEAD;
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
  readonly key: string;
  readonly units: ReadonlySet<number>;
  readonly ordered = false;
  readonly #steps: readonly ((unit: number) => number)[];
  readonly #accepting: number;
  readonly #settled: number | undefined;

  /**
   * @param examples at least one character of each class that the steps tell apart
   * @param steps for each state the state after a unit, `DEAD` if there is none
   * @param accepting the one state that accepts
   * @param settled the state, if there is one, from which all is accepted
   */
  constructor(
    key: string,
    examples: string,
    steps: readonly ((unit: number) => number)[],
    accepting: number,
    settled?: number,
  ) {
    this.key = key;
    this.units = new Set(unitsOf(examples));
    this.#steps = steps;
    this.#accepting = accepting;
    this.#settled = settled;
  }

  step(state: number, unit: number): number {
    return state === DEAD ? DEAD : this.#steps[state]!(unit);
  }

  accepts(state: number): boolean {
    return state === this.#accepting;
  }

  settled(state: number): boolean | undefined {
    if (state === DEAD) return false;
    return state === this.#settled ? true : undefined;
  }
}

/** Texts of at most so many units. */
export class LengthMachine implements Machine {
  readonly key: string;
  readonly units: readonly number[] = [];
  readonly ordered = false;
  readonly #most: number;

  constructor(most: number) {
    this.key = `${most} units`;
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
  while (at > 0 && (at === piece.length || piece.charCodeAt(at) !== unit)) at = back[at]!;
  return at < piece.length && piece.charCodeAt(at) === unit ? at + 1 : at;
}

/** For each number of units read, the length of the longest proper suffix of them with which the piece begins. */
function fallbacks(piece: string): number[] {
  const back = [0, 0];
  for (let at = 1; at < piece.length; at++) {
    back.push(advance(piece, back, back[at]!, piece.charCodeAt(at)));
  }
  return back;
}
