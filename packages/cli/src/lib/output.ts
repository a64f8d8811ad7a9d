/** What is shown: text of strangers made harmless, tables, JSON. */
import type { CheckResult, Verification } from '@stele/sdk';
import { HIDDEN, printable } from './printable.js';

export { printable };

/** Cuts a text, without changing the rest: for JSON, which is escaped by `jsonText`. */
export function cut(text: string, limit = 200): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** One line of JSON in which no character can confuse a terminal. Outside strings JSON is ASCII, so no value changes. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(HIDDEN, escapeUnits);
}

function escapeUnits(character: string): string {
  let escaped = '';
  for (let i = 0; i < character.length; i++)
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}

/** Columns under a heading: the first to the left, the others, which are numbers, to the right. */
export function table(heading: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [heading, ...rows.map((row) => row.map(String))];
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => (row[column] as string).length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join('  ');
  return cells.map((row) => line(row).trimEnd()).join('\n');
}

const whole = new Intl.NumberFormat('en-US');

/** A count with thousands separators. */
export function count(value: number): string {
  return whole.format(value);
}

/** The checks for a person, one a line. */
export function checkLines({ checks }: Verification): string {
  const sign = (check: CheckResult) => (check.passed ? '✓' : check.warning ? '!' : '✗');
  return checks
    .map((check) => `  ${sign(check)} ${check.name.padEnd(16)}  ${printable(check.message, 400)}`)
    .join('\n');
}
