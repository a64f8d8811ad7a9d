/** What every adapter shares: one monitor, made once, and the request that a call becomes. */
import { createMonitor, type Monitor } from '../monitor.js';
import type { MonitorOptions } from '../monitor-options.js';

/** Either a monitor that the host made itself, or what is needed to make one. */
export type GuardOptions =
  | (MonitorOptions & { monitor?: undefined })
  | ({ monitor: Monitor } & Unset<MonitorOptions>);

type Unset<T> = { [K in keyof T]?: undefined };

/** The monitor of one adapter, at once where there is one. It is made on the first use; when that fails the next use tries again. */
export function lazyMonitor(options: GuardOptions): () => Monitor | Promise<Monitor> {
  if (options.monitor !== undefined) {
    const { monitor } = options;
    return () => monitor;
  }
  if (options.covenant === undefined) throw new TypeError('a guard needs { covenant } or { monitor }');
  let made: Promise<Monitor> | undefined;
  return () => {
    made ??= createMonitor(options).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

/**
 * A value that is given, or worked out from what is asked. A function that throws, or returns no string, makes the request
 * malformed: it is denied, and recorded.
 */
export type Choice<Input, About = undefined> = string | ((input: Input, about: About) => string | undefined);

/** What is no string is left to the monitor, which finds the request malformed. */
export function choose<Input, About>(choice: Choice<Input, About>, input: Input, about: About): string {
  return (typeof choice === 'function' ? choice(input, about) : choice) as string;
}

/** Names for facts that only the host may write; `args` is the agent's own input and `tool`, `http` are the adapter's. */
export type HostFacts = Readonly<{ agent?: unknown; session?: unknown; facts?: unknown; time?: unknown }>;
