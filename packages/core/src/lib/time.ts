const RFC3339_UTC = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/;

/**
 * Milliseconds since 1970 of an RFC 3339 time in UTC with `Z`, or undefined. A date that does not exist (30 February,
 * a leap second) is refused instead of rolled over.
 */
export function parseTime(value: string): number | undefined {
  if (!RFC3339_UTC.test(value)) return undefined;
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return undefined;
  return new Date(ms).toISOString().slice(0, 19) === value.slice(0, 19) ? ms : undefined;
}

/** RFC 3339 in UTC, whole seconds, rounded down. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
