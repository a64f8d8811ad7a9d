/** Takes the entries out of a bundle one by one, as far as they go. */
export class LeafCursor {
  readonly #bundle: Uint8Array;
  #at = 0;
  #isCut = false;

  constructor(bundle: Uint8Array) {
    this.#bundle = bundle;
  }

  /** Undefined at the end, and from where an entry is cut off. */
  next(): Uint8Array | undefined {
    const bundle = this.#bundle;
    if (this.#isCut || this.#at === bundle.length) return undefined;
    const start = this.#at + 2;
    const end = start + ((bundle[this.#at] ?? 0) << 8) + (bundle[this.#at + 1] ?? 0);
    this.#isCut = start > bundle.length || end > bundle.length;
    if (this.#isCut) return undefined;
    this.#at = end;
    return bundle.subarray(start, end);
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Whether there is more. */
  get hasMore(): boolean {
    return this.#at < this.#bundle.length;
  }
}
