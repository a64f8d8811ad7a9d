const RFC3339_UTC =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;
const DAY = 8;
const SECONDS_END = 19;

/**
 * Milliseconds since 1970 of an RFC 3339 time in UTC with `Z`, or undefined. A date that does not exist (30 February, a
 * leap second) is refused instead of rolled over.
 */
export function parseTime(text: string): number | undefined {
  // Entries of one moment come together, and each is asked for more than once.
  if (text !== last.text) last = { text, ms: parsed(text) };
  return last.ms;
}

let last: { text: string; ms: number | undefined } = { text: '', ms: undefined };

function parsed(text: string): number | undefined {
  if (!RFC3339_UTC.test(text)) return undefined;
  const ms = Date.parse(`${text.slice(0, SECONDS_END)}Z`);
  // The engine takes 30 February for a day of March.
  if (new Date(ms).getUTCDate() !== Number(text.slice(DAY, DAY + 2))) return undefined;
  return text.length === SECONDS_END + 1 ? ms : ms + Math.floor(Number(text.slice(SECONDS_END, -1)) * 1000);
}
