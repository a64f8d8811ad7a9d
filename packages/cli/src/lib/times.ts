/** Times and spans as they are written on the command line and in traces. */
import { CliError } from './errors.js';
import { printable } from './output.js';

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since 1970 of an RFC 3339 time; undefined for anything else, and for days and hours that do not exist. */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const part = (i: number) => Number(match[i] ?? 0);
  const date = Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6));
  // Date.UTC rolls over (30 February, 25:00) and takes the years before 100 for others; what comes out must be what went in.
  if (new Date(date).toISOString().slice(0, 19).toUpperCase() !== text.slice(0, 19).toUpperCase())
    return undefined;
  if (part(9) > 23 || part(10) > 59) return undefined;
  const offset = (part(9) * 60 + part(10)) * 60_000 * (match[8] === '-' ? -1 : 1);
  return date + Math.floor(Number(`0.${match[7] ?? 0}`) * 1000) - offset;
}

const SPAN = /^(\d{1,6})(m|h|d|w)$/;
const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * A span in milliseconds: a whole number of minutes, hours, days or weeks, such as `7d`.
 * @throws CliError `usage`
 */
export function parseSpan(text: string, option: string): number {
  const ms = spanMs(text);
  if (ms !== undefined) return ms;
  throw new CliError('usage', `${option} is no span: ${printable(text, 64)}`, 'write 90d, 12h, 30m or 2w');
}

function spanMs(text: string): number | undefined {
  const span = SPAN.exec(text);
  return span === null ? undefined : Number(span[1]) * (UNIT_MS[span[2] as string] as number);
}

/**
 * A point in time: RFC 3339 (`2027-02-19T03:00:00Z`), a day (`2027-02-19`, its first moment in UTC), or a span from now
 * (`90d`; m, h, d, w).
 * @throws CliError `usage`
 */
export function parsePoint(text: string, option: string, now = Date.now()): Date {
  const span = spanMs(text);
  const ms =
    span !== undefined
      ? now + span
      : parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (ms !== undefined && !Number.isNaN(new Date(ms).getTime())) return new Date(ms);
  throw new CliError(
    'usage',
    `${option} is no time: ${printable(text, 64)}`,
    'write 2027-02-19T03:00:00Z, 2027-02-19 or a span from now such as 90d',
  );
}
