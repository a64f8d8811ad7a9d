/** What is understood of a regular expression without running it. */
export interface RegexShape {
  /** Texts with these pieces in order, as `PiecesMachine` takes them: all that match, and none else. */
  readonly pieces?: readonly string[];
  /** What every match begins with, though not all that begin so match. */
  readonly prefix?: string;
}

/** What repeats the character before it, or is nothing of its own, like `(?i)` and `\Q\E`, so that what follows may. */
const MAY_REPEAT = /^(?:[*?{+]|\(\?|\\Q)/;
const SPECIAL = '\\.+*?()|[]{}^$';

/** Understands a literal text, also behind `^`, before `$` or before `.*`; and the literal text that one begins with. */
export function shapeOf(pattern: string): RegexShape {
  if (hasAlternatives(pattern)) return {};
  const isAnchored = pattern.startsWith('^');
  const { text, rest } = literalRun(pattern.slice(isAnchored ? 1 : 0));
  const before = isAnchored ? [] : [''];
  if (rest === '' || (rest === '.*' && isAnchored)) return { pieces: [...before, text, ''] };
  if (rest === '$') return { pieces: [...before, text] };
  return isAnchored && text !== '' ? { prefix: text } : {};
}

/** A `|` anywhere but behind a backslash: inside a class or a group it does no harm, but is not looked for. */
function hasAlternatives(pattern: string): boolean {
  return pattern.replace(/\\./gs, '').includes('|');
}

/** The characters that stand for themselves, up to the first that does not or that is repeated. */
function literalRun(pattern: string): { text: string; rest: string } {
  const read: { readonly character: string; readonly at: number }[] = [];
  let at = 0;
  while (at < pattern.length) {
    const isEscaped = pattern[at] === '\\';
    const character = pattern[isEscaped ? at + 1 : at];
    if (character === undefined || !isPlain(character, isEscaped)) break;
    read.push({ character, at });
    at += isEscaped ? 2 : 1;
  }
  const last = MAY_REPEAT.test(pattern.slice(at)) ? read.pop() : undefined;
  return { text: read.map(({ character }) => character).join(''), rest: pattern.slice(last?.at ?? at) };
}

/** Escaped letters and digits are classes, and both halves of a surrogate pair are one character. */
function isPlain(character: string, isEscaped: boolean): boolean {
  if (character >= '\ud800' && character <= '\udfff') return false;
  return isEscaped ? /[^A-Za-z0-9]/.test(character) : !SPECIAL.includes(character);
}

const SAMPLES = 16;

/**
 * Some texts that the expression is likely to match. Nothing is promised: whoever takes one tries it. Repetitions are
 * short and groups are not nested deeper than the pattern is long.
 */
export function samplesOf(pattern: string): string[] {
  const samples = new Set<string>();
  for (let variant = 0; variant < SAMPLES; variant++) samples.add(new Sampler(pattern, variant).sample());
  return [...samples];
}

const CLASSES: Readonly<Record<string, string>> = { d: '0', w: 'a', s: ' ', D: 'a', W: '-', S: 'a' };
const FILLERS = 'axyz0129AZ_-. ';
const MAX_REPEAT = 64;
/** Where the engine reads literals, as in `\Q…\E`, repetitions may be nested here: texts are cut at this length. */
const MAX_SAMPLE = 4096;

/** Reads an expression and writes one text for it; each variant makes other choices. */
class Sampler {
  readonly #pattern: string;
  readonly #variant: number;
  #at = 0;

  constructor(pattern: string, variant: number) {
    this.#pattern = pattern;
    this.#variant = variant;
  }

  sample(): string {
    return this.#alternatives();
  }

  #alternatives(): string {
    const options = [this.#sequence()];
    while (this.#take('|')) options.push(this.#sequence());
    return options[this.#variant % options.length]!;
  }

  #sequence(): string {
    let text = '';
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#pattern[this.#at]!)) {
      const atom = this.#atom();
      text = (text + atom.repeat(this.#repeats())).slice(0, MAX_SAMPLE);
    }
    return text;
  }

  #atom(): string {
    const character = this.#pattern[this.#at++]!;
    if (character === '(') return this.#group();
    if (character === '[') return this.#class();
    if (character === '\\') return this.#escape();
    if (character === '.') return FILLERS[this.#variant % FILLERS.length]!;
    return character === '^' || character === '$' ? '' : character;
  }

  #group(): string {
    // Flags and names say nothing of the text.
    const head = /^\?(?:P?<\w+>|[a-zA-Z-]*:?)/.exec(this.#pattern.slice(this.#at));
    this.#at += head?.[0].length ?? 0;
    const text = this.#alternatives();
    this.#take(')');
    return text;
  }

  #class(): string {
    const isNegated = this.#take('^');
    const named: string[] = [];
    let isFirst = true;
    while (this.#at < this.#pattern.length && (isFirst || this.#pattern[this.#at] !== ']')) {
      isFirst = false;
      const character = this.#pattern[this.#at++]!;
      named.push(character === '\\' ? this.#escape() : character);
    }
    this.#take(']');
    if (!isNegated) return named[(this.#variant >> 1) % named.length] ?? '';
    return [...FILLERS].find((filler) => !named.includes(filler)) ?? '';
  }

  #escape(): string {
    const character = this.#pattern[this.#at++] ?? '';
    if (/[bBAz]/.test(character)) return '';
    return CLASSES[character] ?? character;
  }

  #repeats(): number {
    const rest = this.#pattern.slice(this.#at);
    const counted = /^\{(\d+)(?:,\d*)?\}\??/.exec(rest);
    const sign = /^[*+?]\??/.exec(rest);
    this.#at += (counted ?? sign)?.[0].length ?? 0;
    if (counted !== null) return Math.min(Number(counted[1]), MAX_REPEAT);
    if (sign === null || sign[0].startsWith('+')) return 1;
    return this.#variant % 2;
  }

  #take(character: string): boolean {
    if (this.#pattern[this.#at] !== character) return false;
    this.#at++;
    return true;
  }
}
