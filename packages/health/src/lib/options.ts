/** What callers hand over, checked. */

/** @throws RangeError for what is no number from `least` to `most` */
export function inRange(name: string, value: number, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a number from ${least} to ${most}`);
}

/** @throws RangeError */
export const timeout = (timeoutMs = 1_000): number => inRange('timeoutMs', timeoutMs, 1, 60_000);

/** @throws TypeError for what is no object */
export function objectOf<T>(name: string, value: T): T & object {
  if (typeof value === 'object' && value !== null) return value;
  throw new TypeError(`${name} must be an object`);
}
