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
    const end = start + ((bundle[this.#at] as number) << 8) + (bundle[this.#at + 1] as number);
    // Past the end there is no number, and nothing is below what is none.
    this.#isCut = !(end <= bundle.length);
    if (this.#isCut) return undefined;
    this.#at = end;
    return bundle.subarray(start, end);
  }

  /** Where the next entry begins, its length included. */
  get at(): number {
    return this.#at;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Whether there is more. */
  get hasMore(): boolean {
    return this.#at < this.#bundle.length;
  }
}
