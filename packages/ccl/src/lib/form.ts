/** The form of a text of segments, and its segments, both in one pass: every decision begins with it. */
export class Form {
  readonly #separator: number;
  /** 1 at the code of each character that a segment may hold. */
  readonly #allowed = new Uint8Array(128);
  readonly #dropsEmpty: boolean;

  /**
   * @param characters the ASCII characters that a segment may hold, as a class of a regular expression
   * @param empty what becomes of empty segments, or of a text with one
   */
  constructor(separator: string, characters: RegExp, empty: 'dropped' | 'refused' = 'refused') {
    this.#separator = separator.charCodeAt(0);
    for (let code = 0; code < this.#allowed.length; code++) {
      if (characters.test(String.fromCharCode(code))) this.#allowed[code] = 1;
    }
    this.#dropsEmpty = empty === 'dropped';
  }

  /** The segments of a text, or undefined when it is of another form. */
  split(text: string): string[] | undefined {
    const separator = this.#separator;
    const allowed = this.#allowed;
    const segments: string[] = [];
    let start = 0;
    for (let at = 0; at <= text.length; at++) {
      const code = at < text.length ? text.charCodeAt(at) : separator;
      if (code === separator) {
        if (at > start) segments.push(text.slice(start, at));
        else if (!this.#dropsEmpty) return undefined;
        start = at + 1;
      } else if (allowed[code] !== 1) return undefined;
    }
    return segments;
  }
}
