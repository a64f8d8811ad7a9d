/** What may be there at once: to wait for what is there costs more than most of what is done with it. */
export type Soon<T> = T | Promise<T>;

/** Not told by its class: what an async function gives is no instance of what a host has put in the place of `Promise`. */
export const isPromise = <T>(value: Soon<T>): value is Promise<T> =>
  typeof (value as Partial<Promise<T>> | null | undefined)?.then === 'function';

/** Goes on with a value, at once where it is there. What `next` throws is thrown at once as well, or rejects. */
export const soon = <T, U>(value: Soon<T>, next: (value: T) => Soon<U>): Soon<U> =>
  isPromise(value) ? value.then(next) : next(value);
