// How long a decision takes: from the call until the tool begins to run, or until the call is refused.

export class Stopwatch {
  #started = 0;
  #running = false;
  /** In milliseconds. @type {number[]} */
  laps = [];

  start() {
    this.#started = performance.now();
    this.#running = true;
  }

  stop() {
    if (this.#running) this.laps.push(performance.now() - this.#started);
    this.#running = false;
  }

  /**
   * Puts itself around the guard: starts outside of it and stops inside.
   * @template {Record<string, any>} T
   * @param {T} tools @param {(tools: T) => T} guard @returns {T}
   */
  around(tools, guard) {
    const stopping = wrapped(tools, (execute) => (args, options) => {
      this.stop();
      return execute(args, options);
    });
    return wrapped(guard(stopping), (execute) => async (args, options) => {
      this.start();
      return execute(args, options).finally(() => this.stop());
    });
  }
}

/**
 * @template {Record<string, any>} T
 * @param {T} tools
 * @param {(execute: (args: unknown, options: unknown) => any) => (args: unknown, options: unknown) => unknown} wrap
 * @returns {T}
 */
function wrapped(tools, wrap) {
  const each = Object.entries(tools).map(([name, tool]) => [name, { ...tool, execute: wrap(tool.execute) }]);
  return Object.fromEntries(each);
}
