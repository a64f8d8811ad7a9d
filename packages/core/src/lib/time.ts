const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/**
 * Milliseconds since 1970 of an RFC 3339 time in UTC with `Z`, or undefined. A date that does not exist (30 February,
 * a leap second) is refused instead of rolled over.
 */
export function parseTime(value: string): number | undefined {
  // A covenant writes one moment several times, and each is asked for more than once.
  if (value !== last.text) last = { text: value, ms: parsed(value) };
  return last.ms;
}

let last: { text: string; ms: number | undefined } = { text: '', ms: undefined };

function parsed(value: string): number | undefined {
  if (!RFC3339_UTC.test(value)) return undefined;
  const number = (from: number, to: number) => Number(value.slice(from, to));
  const [year, month, day] = [number(0, 4), number(5, 7), number(8, 10)];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  const [hour, minute, second] = [number(11, 13), number(14, 16), number(17, 19)];
  // Date.UTC would take the years 0 to 99 for those of the twentieth century.
  if (hour > 23 || minute > 59 || second > 59 || year < 100) return undefined;
  const fraction = value.length === 20 ? 0 : Math.floor(number(19, value.length - 1) * 1000);
  return Date.UTC(year, month - 1, day, hour, minute, second) + fraction;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** RFC 3339 in UTC, whole seconds, rounded down. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

const DEFAULT_SKEW_MS = 60_000;

/**
 * The moment to verify at and the skew allowed, in milliseconds.
 * @throws TypeError or RangeError for values of the wrong type
 */
export function timing(options: { now?: Date; clockSkewMs?: number }): { now: number; skew: number } {
  const { now: moment, clockSkewMs: skew = DEFAULT_SKEW_MS } = options;
  const now = moment === undefined ? Date.now() : moment instanceof Date ? moment.getTime() : Number.NaN;
  if (Number.isNaN(now)) throw new TypeError('now must be a valid Date');
  // Text would be appended to a time instead of added to it.
  if (!(Number.isFinite(skew) && skew >= 0)) throw new RangeError('clockSkewMs must be a number from 0 up');
  return { now, skew };
}
