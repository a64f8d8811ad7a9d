/** Options common to every Stele error. */
export interface SteleErrorOptions {
  /** What the reader can do about it, one sentence. */
  hint?: string | undefined;
  /** The error underneath, if there was one. */
  cause?: unknown;
}

// The global registry gives every copy of this package, and every realm, the same symbol.
const BRAND = Symbol.for('stele.error');

/**
 * The base of every error that Stele throws on purpose. `code` is stable across releases: test it, never
 * the message. A caller's own mistake (a wrong argument type) is a `TypeError` or `RangeError` instead.
 */
export class SteleError<Code extends string = string> extends Error {
  readonly code: Code;
  declare readonly hint?: string; // declared only: an absent hint is no own field

  // On the prototype: a subclass inherits it, and it never shows when an error is printed.
  static {
    Object.defineProperty(SteleError.prototype, BRAND, { value: true });
  }

  /**
   * @param code stable, in snake_case
   * @param message what went wrong and where, one sentence
   */
  constructor(code: Code, message: string, options: SteleErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

/** True for any Stele error, also one from another copy of this package or another realm. Never throws. */
export function isSteleError(value: unknown): value is SteleError {
  if (typeof value !== 'object' || value === null) return false;
  try {
    const { [BRAND]: brand, code } = value as { [BRAND]?: unknown; code?: unknown };
    return brand === true && typeof code === 'string';
  } catch {
    return false; // a proxy or a getter that throws is no error of ours
  }
}
