/**
 * A place outside of a store that remembers how the store was left: one short text, which moves by compare-and-swap. Whoever can
 * write to the store must not be able to write to it, and no backup may bring it back to an earlier value.
 */
export interface StoreAnchor {
  /** The text; undefined before the first `advance`. */
  read(): Promise<string | undefined>;
  /**
   * Exchanges the text, if it is still what is expected. Durable when it resolves.
   * @param from what was read, undefined if nothing was
   * @param to at most 2,048 visible characters of ASCII
   * @returns false, with nothing changed, when the text is another one by now
   */
  advance(from: string | undefined, to: string): Promise<boolean>;
}

/** Where one writer appends texts, such as a log of decisions. */
export interface AnchorLog {
  /** The text that was appended last; undefined when there is none. Asked once. */
  latest(): Promise<string | undefined>;
  /** Durable when it resolves. */
  append(text: string): Promise<unknown>;
}

/**
 * An anchor that appends every text to a log of which this process is the only writer: what the store was is then part of
 * the evidence. A write of the store makes two entries.
 */
export function appendedAnchor(log: AnchorLog): StoreAnchor {
  let latest: Promise<string | undefined> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const read = async () => {
    latest ??= log.latest();
    try {
      return await latest;
    } catch (error) {
      latest = undefined;
      throw error;
    }
  };
  const advance = async (from: string | undefined, to: string) => {
    if ((await read()) !== from) return false;
    try {
      await log.append(to);
    } catch (error) {
      latest = undefined; // it may have been appended
      throw error;
    }
    latest = Promise.resolve(to);
    return true;
  };
  return {
    read: () => turn.then(read, read),
    advance: (from, to) => {
      const done = turn.then(
        () => advance(from, to),
        () => advance(from, to),
      );
      turn = done;
      return done;
    },
  };
}
