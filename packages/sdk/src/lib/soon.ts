/** What may be there at once: to wait for what is there costs more than most of what is done with it. */
export type Soon<T> = T | Promise<T>;

/** Goes on with a value, at once where it is there. What `next` throws is thrown at once as well, or rejects. */
export const soon = <T, U>(value: Soon<T>, next: (value: T) => Soon<U>): Soon<U> =>
  value instanceof Promise ? value.then(next) : next(value);
