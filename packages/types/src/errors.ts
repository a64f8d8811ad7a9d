/** Options common to every Stele error. */
export interface SteleErrorOptions {
  /** What the reader can do about it, one sentence. */
  hint?: string | undefined;
  /** The error underneath, if there was one. */
  cause?: unknown;
}

/**
 * The base of every error that Stele throws on purpose. `code` is stable across releases: test it, never
 * the message. A caller's own mistake (a wrong argument type) is a `TypeError` or `RangeError` instead.
 */
export class SteleError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly hint?: string;

  constructor(code: Code, message: string, options: SteleErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

/** True for any Stele error, also one from another copy of this package or another realm. */
export function isSteleError(value: unknown): value is SteleError {
  return value instanceof Error && typeof (value as { code?: unknown }).code === 'string' && isStele(value);
}

function isStele(value: object): boolean {
  for (let p: unknown = Object.getPrototypeOf(value); p !== null && p !== undefined; p = Object.getPrototypeOf(p)) {
    if ((p as { constructor?: { name?: unknown } }).constructor?.name === 'SteleError') return true;
  }
  return false;
}
